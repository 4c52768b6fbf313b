"""What turns the pictures of an import into features, on this machine or on many."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from queue import SimpleQueue
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
        """Give up what has not been done."""


class LocalExtractor:
    """Threads of this process fetch the pictures and hand them to `analyse`, which may use other processes.

    They are daemons, unlike those of a `ThreadPoolExecutor`: storage that hangs must not keep a process from ending.

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
        self._jobs: SimpleQueue[tuple[Addition, Future[Extracted]] | None] = SimpleQueue()
        self._analysing = 0
        self._closed = False
        self._change = threading.Condition()
        for _ in range(_DOWNLOADS):
            threading.Thread(target=self._work, name="import", daemon=True).start()

    def submit(self, addition: Addition) -> Future[Extracted]:
        """Begin with one picture."""
        future: Future[Extracted] = Future()
        self._jobs.put((addition, future))
        return future

    def close(self) -> None:
        """Wait for what is being analysed and give up the rest; downloads that go on are thrown away."""
        with self._change:
            self._closed = True
            self._change.wait_for(lambda: not self._analysing)
        for _ in range(_DOWNLOADS):
            self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            addition, future = job
            if self._closed:
                future.cancel()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(self._extract(addition))
            except BaseException as error:  # whatever it is, it belongs to who waits for the picture
                future.set_exception(error)

    def _extract(self, addition: Addition) -> Extracted:
        data = fetch(self._source, self._directory, addition.key.pic_name)
        with self._change:
            if self._closed:
                raise CancelledError
            self._analysing += 1
        try:
            return self._analyse(data, addition)
        finally:
            with self._change:
                self._analysing -= 1
                self._change.notify_all()


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
