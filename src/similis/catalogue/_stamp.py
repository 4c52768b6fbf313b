"""What a database file was like when it was closed in order: while it is still like that, it need not be verified."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_SECOND = 10**9


class Stamp:
    """A small file beside a SQLite database, there only while the database is closed.

    Args:
        database: the database's file; None for a database that is no file, which is never as it was left.
    """

    def __init__(self, database: str | None) -> None:
        self._database = Path(database) if database else None
        self._file = Path(f"{database}.closed")

    def take(self) -> bool:
        """Whether the database is as it was left; the stamp is gone afterwards, so that a crash leaves none."""
        if self._database is None:
            return False
        try:
            told = self._file.read_text("ascii")
            self._file.unlink()
            return told == _state(self._database)
        except (OSError, UnicodeDecodeError):
            return False

    def leave(self) -> None:
        """Note what the closed database is like. Where that cannot be written, it is verified the next time."""
        if self._database is None:
            return
        with contextlib.suppress(OSError):
            if Path(f"{self._database}-wal").exists():
                return
            # A whole second: file times are coarse, and a change right after this must not get the same one.
            earlier = self._database.stat().st_mtime_ns // _SECOND * _SECOND
            os.utime(self._database, ns=(earlier, earlier))
            self._file.write_text(_state(self._database), "ascii")


def _state(database: Path) -> str:
    found = database.stat()
    return f"{found.st_size} {found.st_mtime_ns}"
