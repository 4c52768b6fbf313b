"""A data directory has one owner at a time: an advisory lock on a file that names the owner."""

from __future__ import annotations

import fcntl
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from similis.domain import DataDirectoryLocked, StorageFailed


class DataDirectoryLock:
    """Holds a data directory until `release`; the operating system releases it when the process dies.

    Raises:
        DataDirectoryLocked: another process, or this one by another `App`, holds it.
        StorageFailed: the directory cannot be made or written.
    """

    def __init__(self, directory: Path) -> None:
        self._file = _open(directory)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = self._file.read()
            self._file.close()
            raise DataDirectoryLocked(
                f"The data directory {directory} is in use by {_describe(owner)}.",
                "Stop that process, or work through it: --endpoint with the address it printed, and --key ID:SECRET.",
            ) from None
        self._file.truncate(0)
        self._file.seek(0)
        json.dump({"pid": os.getpid(), "command": Path(sys.argv[0]).name, "since": _now()}, self._file)
        self._file.flush()

    def release(self) -> None:
        """Give the directory free."""
        self._file.close()


def _open(directory: Path) -> IO[str]:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)  # ids, names and attributes lie there in clear
        descriptor = os.open(directory / "owner.lock", os.O_RDWR | os.O_CREAT, mode=0o600)
    except OSError as error:
        raise StorageFailed(
            f"The data directory {directory} cannot be used: {error.strerror}.",
            "Choose a directory this user may write with --data or SIMILIS_DATA.",
        ) from None
    return os.fdopen(descriptor, "r+", encoding="utf-8")


def _describe(owner: str) -> str:
    try:
        known = json.loads(owner)
        return f"process {known['pid']} ({known['command']}, since {known['since']})"
    except (ValueError, KeyError, TypeError):
        return "another process"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
