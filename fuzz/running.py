"""One target under the fuzzer, in this process.

    python -m fuzz.running TARGET [FILE | DIRECTORY] [options of libFuzzer]

A file is tried once; a directory is where what was learnt is read from and kept. A target is a module of this package
– or one with dots in its name, of another – with a function `check` that raises when something is wrong.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import atheris
from fuzz.seeding import seeds_of

# Whose branches guide the search, with those of a target of another package; they must not be imported before.
_INSTRUMENTED = ["similis", "PIL", "lark", "python_multipart"]


def main() -> None:
    """Load the target and let the fuzzer go."""
    name, *options = sys.argv[1:]
    with atheris.instrument_imports(include=[*_INSTRUMENTED, name]):
        target = load(name)
    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(seeds_of(target)):
            (Path(folder) / str(number)).write_bytes(seed)
        tried_once = any(Path(option).is_file() for option in options)
        atheris.Setup([sys.argv[0], *options, *([] if tried_once else [folder])], target.check)
        atheris.Fuzz()


def load(name: str) -> ModuleType:
    """The module of a target."""
    return importlib.import_module(name if "." in name else f"fuzz.{name}")


if __name__ == "__main__":
    main()
