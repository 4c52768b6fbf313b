"""The files of the audit log: one a day, only ever appended to, whole lines at a time."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

_SUFFIX = ".jsonl"
_BLOCK = 64 * 1024
_OTHERS = 0o077


class AuditFiles:
    """Files `YYYY-MM-DD.jsonl`, mode 0600, in a directory of mode 0700; one process writes, under a lock of its own.

    Every method raises OSError when the disk does not do as it should.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._day: date | None = None
        self._descriptor = -1
        self._unsynced = False

    def append(self, day: date, lines: bytes) -> None:
        """Append whole lines to a day's file, all of them or none: what was written of them is taken back."""
        self._open(day)
        before = os.fstat(self._descriptor).st_size
        self._unsynced = True
        if os.write(self._descriptor, lines) < len(lines):
            os.ftruncate(self._descriptor, before)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def unsynced(self) -> int | None:
        """A descriptor to sync and close, so that what was appended outlives a power failure; None without need."""
        if not self._unsynced or self._descriptor < 0:
            return None
        self._unsynced = False
        return os.dup(self._descriptor)

    def close(self) -> None:
        """Close the file; it is opened again when it is needed."""
        if self._descriptor >= 0:
            if self._unsynced:
                os.fsync(self._descriptor)
            os.close(self._descriptor)
        self._descriptor, self._day, self._unsynced = -1, None, False

    def is_empty(self, day: date) -> bool:
        """Whether there is no line of a day; what a power failure left of one is removed."""
        self._open(day)
        return os.fstat(self._descriptor).st_size == 0

    def newest(self) -> date | None:
        """The latest day that has a file."""
        return self._day or max(self.days(), default=None)

    def days(self) -> list[date]:
        """The days that have a file, the oldest first."""
        found = []
        for path in self._directory.glob(f"*{_SUFFIX}"):
            with suppress(ValueError):  # a file of somebody else's
                found.append(date.fromisoformat(path.stem))
        return sorted(found)

    def lines(self, day: date) -> Iterator[bytes]:
        """Yield a day's lines, the first first, without a last one that is not whole."""
        with self._path(day).open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield line

    def lines_backwards(self, day: date) -> Iterator[bytes]:
        """Yield a day's lines, the last first, in bounded memory."""
        with self._path(day).open("rb") as file:
            position = file.seek(0, os.SEEK_END)
            held = b""
            while position:
                start = max(0, position - _BLOCK)
                file.seek(start)
                first, *whole = (file.read(position - start) + held).splitlines(keepends=True)
                for line in reversed(whole):
                    if line.endswith(b"\n"):
                        yield line
                held, position = first, start
            if held.endswith(b"\n"):
                yield held

    def last_line(self) -> bytes | None:
        """The newest line there is."""
        for day in reversed(self.days()):
            if (line := next(self.lines_backwards(day), None)) is not None:
                return line
        return None

    def remove_before(self, day: date) -> None:
        """Remove the files of earlier days."""
        for each in self.days():
            if each < day:
                self._path(each).unlink(missing_ok=True)

    def _open(self, day: date) -> None:
        if self._day == day:
            return
        self.close()
        self._directory.mkdir(mode=0o700, exist_ok=True)
        if stat.S_IMODE(self._directory.stat().st_mode) & _OTHERS:  # it was there before, open to others
            self._directory.chmod(0o700)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(self._path(day), flags, 0o600)
        self._day = day
        self._cut_unfinished()

    def _cut_unfinished(self) -> None:
        """Remove what a power failure left of a line."""
        size = os.fstat(self._descriptor).st_size
        tail = os.pread(self._descriptor, _BLOCK, max(0, size - _BLOCK))
        whole = tail.rfind(b"\n") + 1
        if whole < len(tail):
            os.ftruncate(self._descriptor, size - len(tail) + whole)

    def _path(self, day: date) -> Path:
        return self._directory / f"{day.isoformat()}{_SUFFIX}"
