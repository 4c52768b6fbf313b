"""Small secret files: written durably, never over another one, readable by their owner alone."""

from __future__ import annotations

import fcntl
import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from similis.domain import KeyringFailed

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def check_private(path: Path) -> None:
    """Check that only the owner may use a file or directory.

    Raises:
        KeyringFailed: group or others may read, write or enter it.
    """
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _OTHERS:
        raise KeyringFailed(
            f"{path} is open to other users (mode {mode:03o}).", f"Run: chmod go-rwx {path} – and change the keys."
        )


def read_private(path: Path) -> bytes:
    """Read a file that only its owner may read.

    Raises:
        KeyringFailed: it is open to others.
        OSError: it cannot be read.
    """
    check_private(path)
    return path.read_bytes()


def write_private(path: Path, content: bytes) -> None:
    """Write a new file with mode 0600 so that it is on disk, whole, when this returns.

    Raises:
        FileExistsError: there is one already; it is left as it is.
        OSError: it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")  # others may be about to write the same
    _write(draft, content, os.O_CREAT | os.O_EXCL)
    try:
        path.hardlink_to(draft)
    finally:
        draft.unlink()
    sync_directory(path.parent)


def write_private_in_place(path: Path, content: bytes) -> None:
    """Likewise where a file system may know no hard links; what is killed meanwhile leaves a part of the file.

    Raises:
        FileExistsError: there is one already; it is left as it is.
        OSError: it cannot be written; then it is removed.
    """
    path.touch(mode=0o600, exist_ok=False)
    try:
        _write(path, content, 0)
    except OSError:
        path.unlink()
        raise
    sync_directory(path.parent)


def shred(path: Path) -> None:
    """Overwrite a file and remove it; nothing happens when there is none.

    Raises:
        OSError: it cannot be overwritten or removed.
    """
    try:
        _write(path, os.urandom(max(path.stat().st_size, 1)), 0)
    except FileNotFoundError:
        return
    path.unlink(missing_ok=True)
    sync_directory(path.parent)


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """A block that only one process runs at a time for a directory.

    Raises:
        OSError: it cannot be opened.
    """
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(path: Path, content: bytes, flags: int) -> None:
    with open(os.open(path, os.O_WRONLY | flags, 0o600), "wb") as file:  # noqa: PTH123 - pathlib cannot set flags
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
