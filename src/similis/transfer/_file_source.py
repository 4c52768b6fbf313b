"""A directory of this machine as a bucket; nothing outside it can be reached."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from similis.domain import BucketNotFound, ObjectNotFound, SourceChanged, SourceDenied, SourceUnreachable
from similis.transfer._source import ObjectInfo

# Neither waits for the writer of a FIFO nor follows a link that was put there since the path was resolved.
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NO_SUCH_FILE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO, errno.ENODEV}
_PROTECTED = "Let the user that Similis runs as read it: directories need the rights r and x, files r."


class FileSource:
    """The bucket `root/bucket`, or `root` itself. Links are followed as long as they stay below the root."""

    def __init__(self, root: str, bucket: str | None) -> None:
        """Find the directory.

        Raises:
            SourceUnreachable: there is no root.
            BucketNotFound: there is no such directory below it.
            SourceDenied: it may not be entered.
        """
        self._root = _real_root(root)
        self._bucket = self._real_bucket(bucket)

    def stat(self, name: str) -> ObjectInfo:
        """Look at a file."""
        with self._opened(name) as (_, info):
            return info

    def read(self, name: str, start: int = 0, length: int | None = None, etag: str | None = None) -> bytes:
        """Read a file or a part of it."""
        with self._opened(name) as (file, info):
            wanted = max(0, info.size - start) if length is None else length
            content = _read(file, start, wanted)
            if etag is not None and not etag == info.etag == _info(os.fstat(file)).etag:
                raise SourceChanged(
                    f"The file {name!r} was changed.", "Leave it as it is until the import has ended."
                )
            return content

    def location(self) -> None:
        """A directory is in no region."""

    def holds(self, prefix: str) -> bool:
        """Whether there is such a directory and it is not empty."""
        try:
            with self._errors(prefix), os.scandir(self._resolved(prefix)) as files:
                return any(True for _ in files)
        except ObjectNotFound:
            return False

    def close(self) -> None:
        """Nothing is kept open."""

    def _real_bucket(self, bucket: str | None) -> Path:
        try:
            real = (self._root / (bucket or "")).resolve(strict=True)
            if real.is_dir() and real.is_relative_to(self._root):
                return real
        except PermissionError:
            raise SourceDenied(f"The bucket {bucket!r} may not be read.", _PROTECTED) from None
        except OSError:
            pass  # as one that is outside
        raise BucketNotFound(
            f"There is no bucket {bucket!r} in the root of this connection.",
            "With a file connection a bucket is a directory right below the root.",
        )

    def _resolved(self, name: str) -> Path:
        path = (self._bucket / name).resolve(strict=True)
        if not path.is_relative_to(self._root):
            raise ObjectNotFound(f"The name {name!r} leads out of the root.", "Put the file itself there.")
        return path

    @contextmanager
    def _opened(self, name: str) -> Iterator[tuple[int, ObjectInfo]]:
        with self._errors(name):
            file = _open_below(self._root, self._resolved(name))
            try:
                status = os.fstat(file)
                if not stat.S_ISREG(status.st_mode):
                    raise ObjectNotFound(f"{name!r} is no file.", "Name a regular file.")
                yield file, _info(status)
            finally:
                os.close(file)

    @contextmanager
    def _errors(self, name: str) -> Iterator[None]:
        try:
            yield
        except PermissionError:
            raise SourceDenied(f"The file {name!r} may not be read.", _PROTECTED) from None
        except (ValueError, RuntimeError):  # a NUL in the name; links in a circle
            raise _not_found(name) from None
        except OSError as error:
            if error.errno in _NO_SUCH_FILE and self._bucket.is_dir():
                raise _not_found(name) from None
            raise SourceUnreachable(
                f"The directory of this connection cannot be read: {error.strerror}.", "See that it is mounted."
            ) from None


def _not_found(name: str) -> ObjectNotFound:
    return ObjectNotFound(f"There is no file {name!r}.", "Give the name of a file from the root of the bucket.")


def _real_root(root: str) -> Path:
    try:
        real = Path(root).resolve(strict=True)
        if real.is_dir():
            return real
    except PermissionError:
        raise SourceDenied("The root of this connection may not be read.", _PROTECTED) from None
    except OSError:
        pass  # as one that is no directory
    raise SourceUnreachable(
        "The root of this connection is no directory of this machine.", "Make it, or mount what it should hold."
    )


def _open_below(root: Path, path: Path) -> int:
    """Open a resolved path step by step: whoever exchanges a directory for a link meanwhile leads nowhere."""
    opened = os.open(root, _OPEN)
    for part in path.relative_to(root).parts:
        try:
            step = os.open(part, _OPEN, dir_fd=opened)
        finally:
            os.close(opened)
        opened = step
    return opened


def _read(file: int, start: int, length: int) -> bytes:
    content = bytearray()
    while len(content) < length and (more := os.pread(file, length - len(content), start + len(content))):
        content += more
    return bytes(content)


def _info(status: os.stat_result) -> ObjectInfo:
    return ObjectInfo(status.st_size, f"{status.st_mtime_ns:x}-{status.st_size:x}-{status.st_ino:x}")
