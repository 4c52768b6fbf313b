"""What each target begins with: the files of its corpus and what it makes itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

_CORPUS = Path(__file__).parent / "corpus"


def seeds_of(target: ModuleType) -> Iterator[bytes]:
    """The seeds of a target, the same ones in the same order every time."""
    folder = _CORPUS / target.__name__.rpartition(".")[2]
    yield from (path.read_bytes() for path in sorted(folder.glob("*")))
    yield from getattr(target, "seeds", tuple)()
