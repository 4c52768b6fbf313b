"""Files that are there as a whole or not at all, and that only their owner reads."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from similis.domain import ReportFailed


def write_lines(file: Path, pieces: Iterable[bytes]) -> int:
    """Write pieces of whole lines into a file, or to standard output for `-`; return how many lines there are.

    They go into a file beside it, FILE.….part, which takes its name when all is on the disk.

    Raises:
        ReportFailed: the file cannot be written.
        SimilisError: what `pieces` raises; then the file is as it was.
    """
    try:
        with _standard_output() if str(file) == "-" else _new_file(file) as out:
            return _copy(pieces, out)
    except OSError as error:
        raise ReportFailed(
            f"{file} cannot be written: {error.strerror or error}.", "Name a file in a directory that you may write."
        ) from None


def _copy(pieces: Iterable[bytes], out: IO[bytes]) -> int:
    lines = 0
    for piece in pieces:
        out.write(piece)
        lines += piece.count(b"\n")
    return lines


@contextmanager
def _standard_output() -> Iterator[IO[bytes]]:
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()


@contextmanager
def _new_file(file: Path) -> Iterator[IO[bytes]]:
    """A file that only its owner reads, and that is there by its name once all is written."""
    with NamedTemporaryFile(dir=file.parent, prefix=f"{file.name}.", suffix=".part", delete=False) as part:
        try:
            yield part
            part.flush()
            os.fsync(part.fileno())
            Path(part.name).replace(file)
        except BaseException:
            Path(part.name).unlink(missing_ok=True)
            raise
