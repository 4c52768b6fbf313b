"""What turns the pictures of an import into features, on this machine or on many."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from similis.domain import MAX_PICTURE_BYTES, Category, ObjectNotFound, PictureTooLarge, Region, SourceDenied
from similis.transfer._entries import Addition
from similis.transfer._source import Source
from similis.transfer._source_directory import SourceDirectory

# Downloads of one picture each wait for the network most of the time; all of them are in memory at once.
_DOWNLOADS = 16
_AHEAD = 4  # pictures in work for each download, so that a slow one holds up nobody


@dataclass(frozen=True, slots=True, eq=False)
class Extracted:
    """What is kept of one picture.

    Attributes:
        category: given or found.
        region: of the subject, in pixels.
        vector: features as the model gave them, not yet keyed, float32[D]: in memory only.
    """

    category: Category
    region: Region
    vector: NDArray[np.float32]


Analyse = Callable[[bytes, Addition], Extracted]
"""Turns an encoded picture into features; raises what is wrong with it."""


class Extractor(Protocol):
    """Gets pictures and their features; many at the same time."""

    @property
    def window(self) -> int:
        """How many pictures may be in work at once."""

    def submit(self, addition: Addition) -> Future[Extracted]:
        """Begin with one picture.

        The result raises what is wrong with this picture (`InvalidInput`, `ObjectNotFound`, `SourceDenied`), or with
        all (`SourceFailed`).
        """

    def close(self) -> None:
        """Give up what has not begun and wait for what has."""


class LocalExtractor:
    """Threads of this process fetch the pictures and hand them to `analyse`, which may use other processes.

    Args:
        source: where the pictures are.
        directory: the one that is imported.
        analyse: called by several threads at once.
    """

    window = _DOWNLOADS * _AHEAD

    def __init__(self, source: Source, directory: SourceDirectory, analyse: Analyse) -> None:
        self._source = source
        self._directory = directory
        self._analyse = analyse
        self._threads = ThreadPoolExecutor(_DOWNLOADS, thread_name_prefix="import")

    def submit(self, addition: Addition) -> Future[Extracted]:
        """Begin with one picture."""
        return self._threads.submit(self._extract, addition)

    def close(self) -> None:
        """Give up what has not begun and wait for what has."""
        self._threads.shutdown(cancel_futures=True)

    def _extract(self, addition: Addition) -> Extracted:
        return self._analyse(fetch(self._source, self._directory, addition.key.pic_name), addition)


def fetch(source: Source, directory: SourceDirectory, pic_name: str) -> bytes:
    """The bytes of a picture: below the path or, where there is none, below the root of the bucket.

    Raises:
        InvalidKey: no object can have this name.
        PictureTooLarge: there are more bytes than a picture may have.
        ObjectNotFound: there is no such object.
        SourceFailed: another of its kinds.
    """
    below_path, *below_root = directory.objects(pic_name)
    try:
        return _read(source, below_path)
    except (ObjectNotFound, SourceDenied) as error:  # denied is what S3 says of missing ones to who may not list
        for name in below_root:
            try:
                return _read(source, name)
            except (ObjectNotFound, SourceDenied):
                raise error from None
        raise


def _read(source: Source, name: str) -> bytes:
    data = source.read(name, length=MAX_PICTURE_BYTES + 1)
    if len(data) > MAX_PICTURE_BYTES:
        raise PictureTooLarge(f"The picture has more than {MAX_PICTURE_BYTES:,} bytes.", "Use a smaller one.")
    return data
