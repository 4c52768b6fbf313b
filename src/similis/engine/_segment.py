"""Rows on disk: encrypted, written once, thrown away when newer ones take their place."""

from __future__ import annotations

import hmac
import io
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Protocol, cast

import faiss
import numpy as np
from numpy.typing import NDArray

from similis.domain import SimilisError
from similis.engine._cell_rows import CellRows
from similis.engine._cells import Cells, CodedRows, InvertedFile
from similis.engine._columns import Columns
from similis.engine._encrypted_rows import EncryptedRows, write_rows
from similis.engine._encryption import KeySealer, SegmentCipher
from similis.engine._tuned import Tuned

_faiss: Any = faiss
COLUMNS, VECTORS, LISTS, CELLS = "columns.enc", "vectors.enc", "lists.enc", "cells.enc"
FILES = (COLUMNS, VECTORS, LISTS, CELLS)
MANIFEST = "segment.json"
_FORMAT = 2
_READ_AT_ONCE = 1 << 20
UNREADABLE = (OSError, ValueError, KeyError, TypeError, RuntimeError, SimilisError)
"""What reading a file raises that is not what was written; RuntimeError comes from faiss."""


class SegmentDamaged(ValueError):
    """A segment's files are not what was written."""


class SegmentStore(Protocol):
    """Where an index keeps its segment, and the durable note of which one counts.

    Attributes:
        directory: for nothing else; made when it is needed.
        sealer: encrypts the keys of its segments.
    """

    directory: Path
    sealer: KeySealer

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
        files: size, time of change in nanoseconds and digest of each file, with the segment's key.
    """

    dimension: int
    rows: int
    trained_on: int
    tuned: Tuned
    fresh_reach: float
    files: dict[str, tuple[int, int, str]] = field(default_factory=dict)
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

    def __init__(self, directory: Path, sealer: KeySealer) -> None:
        key = SegmentCipher.new_key()
        self._directory, self._cipher = directory, SegmentCipher(key)
        self._sealed_key = sealer.seal(key, directory.name)
        directory.mkdir(parents=True, mode=0o700)

    def vectors(self, blocks: Iterator[NDArray[np.float16]], dimension: int) -> EncryptedRows:
        """Write the stored vectors, and return them as they are on disk."""
        path = self._directory / VECTORS
        with path.open("wb") as file:
            write_rows(file, VECTORS, self._cipher, dimension, blocks)
        return EncryptedRows(path, self._cipher, dimension)

    def rest(self, columns: Columns, rows: CodedRows, cells: Cells) -> None:
        """Write all but the vectors."""
        with (self._directory / COLUMNS).open("wb") as file:
            columns.save(content := io.BytesIO())
            self._cipher.opened(file, COLUMNS).write(content.getbuffer())
        for name, index in ((LISTS, rows.index), (CELLS, cells.blank)):
            with (self._directory / name).open("wb") as file:
                write = self._cipher.opened(file, name).write
                _faiss.write_index(index, _faiss.PyCallbackIOWriter(write, _READ_AT_ONCE))

    def finish(self, about: About) -> None:
        """Note what was written, and wait until all of it is on the disk."""
        for name in FILES:
            _sync(self._directory / name)
        files = {name: _stamped(self._directory / name, self._cipher) for name in FILES}
        noted = {"files": files, "name": self._directory.name, "key": self._sealed_key.hex()}
        content = asdict(about) | noted
        (self._directory / MANIFEST).write_text(json.dumps([content, _digest_of_manifest(content, self._cipher)]))
        for path in (self._directory / MANIFEST, self._directory, self._directory.parent):
            _sync(path)


class SegmentReader:
    """Reads a segment's files.

    Attributes:
        about: what the manifest says.

    Raises:
        OSError, ValueError, KeyError, TypeError, RuntimeError: a file is not what was written, or not there.
        SimilisError: the segment's key cannot be read.
    """

    def __init__(self, directory: Path, sealer: KeySealer) -> None:
        content, digest = json.loads((directory / MANIFEST).read_text())
        if content["format"] != _FORMAT:
            raise SegmentDamaged("it is of another version")
        if content["name"] != directory.name:
            raise SegmentDamaged("it is another segment")
        self._directory = directory
        self._cipher = SegmentCipher(sealer.unseal(bytes.fromhex(content["key"]), directory.name))
        if not hmac.compare_digest(_digest_of_manifest(content, self._cipher), digest):
            raise SegmentDamaged("its manifest is damaged")
        self.about = _about(content)

    def check(self, *, wholly: bool) -> None:
        """Check the files byte by byte; the vectors, which are much, wholly or if their size or time has changed."""
        for name in FILES:
            self.check_file(name, trusted=name == VECTORS and not wholly)

    def check_file(self, name: str, *, trusted: bool = False) -> None:
        """Check a file; a trusted one need not be read if size and time are as they were."""
        size, changed, digest = self.about.files[name]
        found = (self._directory / name).stat()
        unchanged = trusted and (found.st_size, found.st_mtime_ns) == (size, changed)
        if not unchanged and not hmac.compare_digest(_digest(self._directory / name, self._cipher), digest):
            raise SegmentDamaged(f"{name} is damaged")

    def in_clear(self, name: str) -> io.BytesIO:
        """Return all that a file of little holds."""
        with (self._directory / name).open("rb") as file:
            return io.BytesIO(self._cipher.opened(file, name).read())

    def columns(self) -> Columns:
        """Return what is known of the rows."""
        return Columns.load(self.in_clear(COLUMNS))

    def vectors(self) -> EncryptedRows:
        """Return the stored vectors, mapped into memory."""
        return EncryptedRows(self._directory / VECTORS, self._cipher, self.about.dimension)

    def inverted_file(self, name: str) -> InvertedFile:
        """Return what faiss has written to LISTS or CELLS."""
        with (self._directory / name).open("rb") as file:
            index = _faiss.read_index(_faiss.PyCallbackIOReader(self._cipher.opened(file, name).read, _READ_AT_ONCE))
        return cast("InvertedFile", index)


def open_segment(directory: Path, dimension: int, sealer: KeySealer) -> Opened:
    """Open a segment: its vectors are mapped into memory, columns and codes are read.

    Its files are checked byte by byte, the vectors, which are much, only if by size or time they are not as written.

    Raises:
        SegmentDamaged: they are not what was written, or not there, or their key cannot be read.
    """
    try:
        reader = SegmentReader(directory, sealer)
        if reader.about.dimension != dimension:
            raise SegmentDamaged(f"its vectors have {reader.about.dimension} numbers, not {dimension}")
        reader.check(wholly=False)
        rows = CodedRows(reader.inverted_file(LISTS), reader.vectors())
        return Opened(
            reader.about, reader.columns(), CellRows(Cells(reader.inverted_file(CELLS)), rows, reader.about.tuned)
        )
    except UNREADABLE as error:
        raise SegmentDamaged(str(error)) from error


def is_intact(directory: Path, sealer: KeySealer) -> bool:
    """Whether a segment's files are what was written, all of them checked byte by byte."""
    try:
        SegmentReader(directory, sealer).check(wholly=True)
    except UNREADABLE:
        return False
    return True


def is_of_other_version(directory: Path) -> bool:
    """Whether a segment's files are not of this version; earlier ones were not encrypted."""
    try:
        content, _ = json.loads((directory / MANIFEST).read_text())
        return bool(content["format"] != _FORMAT)
    except UNREADABLE:
        return False


def clear_directory(directory: Path, kept: str | None = None) -> None:
    """Remove all segments but one, those that were never finished included."""
    if directory.is_dir():
        for path in directory.iterdir():
            if path.name != kept:
                discard(path)


def discard(segment: Path) -> None:
    """Remove a segment's files."""
    shutil.rmtree(segment, ignore_errors=True)


def _about(content: dict[str, Any]) -> About:
    files = {name: tuple(stamp) for name, stamp in content["files"].items()}
    known = {each.name: content[each.name] for each in fields(About)}
    return About(**known | {"files": files, "tuned": Tuned(**content["tuned"])})


def _stamped(file: Path, cipher: SegmentCipher) -> tuple[int, int, str]:
    found = file.stat()
    return found.st_size, found.st_mtime_ns, _digest(file, cipher)


def _digest(file: Path, cipher: SegmentCipher) -> str:
    digest = cipher.digest(file.name)
    with file.open("rb") as stream:
        while block := stream.read(_READ_AT_ONCE):
            digest.update(block)
    return digest.hexdigest()


def _digest_of_manifest(content: dict[str, Any], cipher: SegmentCipher) -> str:
    digest = cipher.digest(MANIFEST)
    digest.update(json.dumps(content, sort_keys=True).encode())
    return digest.hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
