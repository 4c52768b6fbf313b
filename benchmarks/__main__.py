"""Lists the benchmarks and runs those that take a minute and nothing but this machine.

python -m benchmarks [--list]
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent
SHORT = (
    ("-m", "benchmarks.pipeline", "--rounds", "10"),
    ("-m", "benchmarks.neighbours", "--seconds", "3"),
    ("-m", "similis", "benchmark", "engine", "--n", "10000", "--queries", "50"),
    ("-m", "similis", "benchmark", "pipeline", "--rounds", "20"),
    ("-m", "similis", "benchmark", "http", "--n", "1000", "--clients", "1,4", "--seconds", "2", "--no-import"),
)
COMMANDS = (
    ("similis benchmark engine", "The search engine, with vectors alone."),
    ("similis benchmark pipeline", "What a picture costs before it is searched with, and pictures a second."),
    ("similis benchmark http", "A live service: calls a second, milliseconds, processors, memory."),
)


def benchmarks() -> Iterator[tuple[str, str]]:
    """Name and purpose of each, by what its module says of itself."""
    for path in sorted([*FOLDER.glob("*.py"), *FOLDER.glob("*/__main__.py")]):
        text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
        if path != Path(__file__) and "python " in text:
            module = path.parent if path.name == "__main__.py" else path.with_suffix("")
            yield f"benchmarks.{module.relative_to(FOLDER).as_posix()}", text.partition("\n")[0]


def main() -> int:
    """Print the list, then run the short ones one after the other; how many failed."""
    for name, purpose in [*benchmarks(), *COMMANDS]:
        print(f"{name:28} {purpose}")
    if "--list" in sys.argv:
        return 0
    failed = 0
    for command in SHORT:
        print(f"\n── python {' '.join(command)}", flush=True)
        failed += subprocess.run([sys.executable, *command], check=False).returncode != 0  # noqa: S603 - our own
    return failed


if __name__ == "__main__":
    sys.exit(main())
