"""The indexes of instances as a process reads them that another one writes."""

from __future__ import annotations

from pathlib import Path

from similis.algorithm import TunedSpace
from similis.catalogue import Catalogue
from similis.domain import IndexUnavailable, Instance
from similis.engine import FaissIndex, IndexSpec, Sizing, VectorIndex
from similis.privacy import Keyring
from similis.service._embedded import EmbeddedIndexes, ReadStore
from similis.service._tuned_index import TunedIndex

_TRIES = 3


class ReadIndexes(EmbeddedIndexes):
    """Opens the segments that count and follows the change log, but writes and removes nothing."""

    def __init__(self, catalogue: Catalogue, keyring: Keyring, directory: Path, sizing: Sizing) -> None:
        super().__init__(catalogue, keyring, directory, sizing)
        self._read: dict[Path, str | None] = {}

    def opened(self, instance: Instance, space: TunedSpace | None) -> VectorIndex:
        """The index with what its segment has; the change log has the rest.

        Raises:
            IndexUnavailable: the segment cannot be read, or there is none yet of a large instance, all of which would
                be in memory without it.
        """
        small = instance.picture_count < self._sizing.exact_below
        for _ in range(_TRIES):  # one can be replaced while it is opened
            store = self._store(ReadStore, instance, space)
            index = FaissIndex(store, self._sizing)
            index.stop_writing()
            made: VectorIndex = index if space is None else TunedIndex(index, space)
            made.open(IndexSpec(instance.dimension))
            if index.about() is not None or (store.read is None and small):
                self._read[store.directory] = store.read
                return made
        raise IndexUnavailable("A segment of an index cannot be read.", "The process that writes it makes a new one.")

    def outdated(self, instance: Instance, space: TunedSpace | None) -> bool:
        """Whether another segment counts than the one that was opened last."""
        store = self._store(ReadStore, instance, space)
        store.current()
        return store.read != self._read.get(store.directory)

    def forget(self, instance: Instance) -> None:
        """Forget what was opened; whoever writes removes the files."""
        for directory in list(self._read):
            if directory.parent.name == instance.uid:
                self._read.pop(directory, None)
