"""Rows on disk: written once, mapped into memory, thrown away when newer ones take their place."""

from __future__ import annotations

import json
import os
import shutil
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import faiss
import numpy as np
from numpy.typing import NDArray

from similis.engine._cell_rows import CellRows
from similis.engine._cells import Cells, CodedRows
from similis.engine._columns import Columns
from similis.engine._tuned import Tuned

_faiss: Any = faiss
COLUMNS, VECTORS, LISTS, CELLS = "columns.npz", "vectors.f16", "lists.faiss", "cells.faiss"
FILES = (COLUMNS, VECTORS, LISTS, CELLS)
MANIFEST = "segment.json"
_FORMAT = 1
_READ_AT_ONCE = 1 << 22


class SegmentDamaged(Exception):
    """A segment's files are not what was written."""


class SegmentStore(Protocol):
    """Where an index keeps its segment, and the durable note of which one counts.

    Attributes:
        directory: for nothing else; made when it is needed.
    """

    directory: Path

    def current(self) -> tuple[str, int] | None:
        """Return the name of the segment that counts and the last change that is in it, None where none does."""

    def adopt(self, segment: str, applied_seq: int) -> str | None:
        """Make a segment the one that counts, durably, in one step, and return the one that counted before."""

    def forget(self) -> str | None:
        """Make none count, and return the one that counted before."""


@dataclass(frozen=True, slots=True)
class About:
    """What is to know of a segment.

    Attributes:
        dimension: numbers in a vector.
        rows: how many there are.
        trained_on: how many rows there were when the cells were found.
        tuned: how hard a search tries.
        fresh_reach: how far one had to look when the cells were found.
        files: size, time of change in nanoseconds and CRC-32 of each file.
    """

    dimension: int
    rows: int
    trained_on: int
    tuned: Tuned
    fresh_reach: float
    files: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    format: int = _FORMAT


@dataclass(frozen=True, slots=True)
class Opened:
    """A segment in use."""

    about: About
    columns: Columns
    rows: CellRows


class SegmentWriter:
    """Writes a segment's files into a new directory; `finish` makes them durable.

    Raises:
        OSError: they cannot be written, the disk may be full.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, mode=0o700)

    def vectors(self, blocks: Iterator[NDArray[np.float16]]) -> None:
        """Write the stored vectors."""
        with (self._directory / VECTORS).open("wb") as file:
            for block in blocks:
                file.write(np.ascontiguousarray(block, "<f2").data)

    def mapped(self, dimension: int) -> NDArray[np.float16]:
        """Return the written vectors, mapped from their file."""
        return _mapped(self._directory, dimension)

    def rest(self, columns: Columns, rows: CodedRows, cells: Cells) -> None:
        """Write all but the vectors."""
        columns.save(self._directory / COLUMNS)
        _faiss.write_index(rows.index, str(self._directory / LISTS))
        _faiss.write_index(cells.blank, str(self._directory / CELLS))

    def finish(self, about: About) -> None:
        """Note what was written, and wait until all of it is on the disk."""
        for name in FILES:
            _sync(self._directory / name)
        files = {name: _stamped(self._directory / name) for name in FILES}
        content = asdict(about) | {"files": files, "name": self._directory.name}
        (self._directory / MANIFEST).write_text(json.dumps([content, _checksum(content)]))
        for path in (self._directory / MANIFEST, self._directory, self._directory.parent):
            _sync(path)


def open_segment(directory: Path, dimension: int) -> Opened:
    """Open a segment: its vectors are mapped into memory, columns and codes are read.

    Its files are checked byte by byte, the vectors, which are much, only if by size or time they are not as written.

    Raises:
        SegmentDamaged: they are not what was written, or not there.
    """
    try:
        about = _read_about(directory)
        if about.dimension != dimension:
            raise SegmentDamaged(f"its vectors have {about.dimension} numbers, not {dimension}")
        for name in FILES:
            _check(directory / name, about.files[name], trusted=name == VECTORS)
        cells = Cells(_faiss.read_index(str(directory / CELLS)))
        rows = CodedRows(_faiss.read_index(str(directory / LISTS)), _mapped(directory, dimension))
        columns = Columns.load(directory / COLUMNS)
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise SegmentDamaged(str(error)) from error
    return Opened(about, columns, CellRows(cells, rows, about.tuned))


def is_intact(directory: Path) -> bool:
    """Whether a segment's files are what was written, all of them checked byte by byte."""
    try:
        about = _read_about(directory)
        for name in FILES:
            _check(directory / name, about.files[name], trusted=False)
    except (SegmentDamaged, OSError, ValueError, KeyError, TypeError):
        return False
    return True


def clear_directory(directory: Path, kept: str | None = None) -> None:
    """Remove all segments but one, those that were never finished included."""
    if directory.is_dir():
        for path in directory.iterdir():
            if path.name != kept:
                discard(path)


def discard(segment: Path) -> None:
    """Remove a segment's files."""
    shutil.rmtree(segment, ignore_errors=True)


def _mapped(directory: Path, dimension: int) -> NDArray[np.float16]:
    return np.memmap(directory / VECTORS, dtype="<f2", mode="r").reshape(-1, dimension)


def _read_about(directory: Path) -> About:
    content, checksum = json.loads((directory / MANIFEST).read_text())
    if _checksum(content) != checksum or content["format"] != _FORMAT:
        raise SegmentDamaged("its manifest is damaged or of another version")
    if content.pop("name") != directory.name:
        raise SegmentDamaged("it is another segment")
    content["files"] = {name: tuple(stamp) for name, stamp in content["files"].items()}
    return About(**content | {"tuned": Tuned(**content["tuned"])})


def _check(file: Path, stamp: tuple[int, int, int], *, trusted: bool) -> None:
    """Check a file; a trusted one need not be read if size and time are as they were."""
    size, changed, checksum = stamp
    found = file.stat()
    unchanged = trusted and (found.st_size, found.st_mtime_ns) == (size, changed)
    if not unchanged and _crc(file) != checksum:
        raise SegmentDamaged(f"{file.name} is damaged")


def _stamped(file: Path) -> tuple[int, int, int]:
    found = file.stat()
    return found.st_size, found.st_mtime_ns, _crc(file)


def _crc(file: Path) -> int:
    checksum = 0
    with file.open("rb") as stream:
        while block := stream.read(_READ_AT_ONCE):
            checksum = zlib.crc32(block, checksum)
    return checksum


def _checksum(content: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(content, sort_keys=True).encode())


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
