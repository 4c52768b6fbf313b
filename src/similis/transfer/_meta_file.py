"""The object `increment.meta`: finds it, and reads it piece by piece."""

from __future__ import annotations

from collections.abc import Iterator

from similis.domain import MetaFileNotFound, ObjectNotFound, PathNotFound, SourceDenied
from similis.transfer._source import ObjectInfo, Source
from similis.transfer._source_directory import META_FILE, SourceDirectory

_CHUNK = 1 << 20
"""Bytes that are asked for at once: what a connection brings in well under a second."""


def find_meta(source: Source, directory: SourceDirectory) -> ObjectInfo:
    """Look for increment.meta.

    Raises:
        PathNotFound: there is nothing below the path.
        MetaFileNotFound: there is something, but no increment.meta.
        SourceFailed: storage cannot be asked.
    """
    try:
        return source.stat(directory.meta_file)
    except ObjectNotFound:
        if not _holds(source, directory.meta_file.removesuffix(META_FILE)):
            raise PathNotFound(
                f"There is nothing below {directory.path!r} in the bucket.",
                f"Give the directory of {META_FILE}, from the root of the bucket; small and large letters differ.",
            ) from None
        raise MetaFileNotFound(
            f"There is no {META_FILE} in {directory.path!r}.",
            "Put a file of exactly this name there, or give the path in which it is; small and large letters differ.",
        ) from None


def _holds(source: Source, prefix: str) -> bool:
    try:
        return source.holds(prefix)
    except SourceDenied:  # who may not list is told less
        return True


def meta_chunks(source: Source, name: str, info: ObjectInfo, offset: int = 0) -> Iterator[bytes]:
    """Read an object from a byte to its end, `_CHUNK` bytes at a time.

    Raises:
        SourceChanged: it is another than `info` says.
        SourceFailed: storage cannot be asked.
    """
    for start in range(offset, info.size, _CHUNK):
        yield source.read(name, start, min(_CHUNK, info.size - start), info.etag)
