"""One vector index an instance, kept in step with the catalogue's change log."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from similis.catalogue import Catalogue
from similis.domain import Instance, InstanceNotFound
from similis.engine import Change, FaissIndex, IndexSpec, Operation, VectorIndex


@dataclass
class _Open:
    index: VectorIndex
    applying: threading.Lock = field(default_factory=threading.Lock)


class Indexes:
    """Opens, follows and rebuilds the indexes; the change log is the only thing that ever feeds them."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._open: dict[int, _Open] = {}
        self._opening = threading.Lock()

    def current(self, instance: Instance) -> VectorIndex:
        """Return the instance's index with every committed change applied.

        Raises:
            InstanceNotFound: the instance was deleted meanwhile.
        """
        entry = self._open.get(instance.id) or self._keep(instance, _Open(self._empty(instance)), replace=False)
        if entry.index.applied_seq() < self._catalogue.last_seq(instance):
            self._follow(instance, entry)
        return entry.index

    def rebuild(self, instance: Instance) -> None:
        """Build the index anew from stored features; searches use the old one until the new one is complete.

        Raises:
            InstanceNotFound: the instance was deleted meanwhile.
        """
        fresh = _Open(self._empty(instance))
        self._follow(instance, fresh)
        self._keep(instance, fresh, replace=True)

    def forget(self, instance: Instance) -> None:
        """Drop the index of a deleted instance."""
        with self._opening:
            entry = self._open.pop(instance.id, None)
        if entry is not None:
            entry.index.drop()

    def _keep(self, instance: Instance, entry: _Open, *, replace: bool) -> _Open:
        """Keep an index; not that of a deleted instance, which nobody would ever forget again."""
        with self._opening:
            if replace or instance.id not in self._open:
                self._open[instance.id] = entry
            kept = self._open[instance.id]
        try:
            self._catalogue.require(instance)
        except InstanceNotFound:
            self.forget(instance)
            raise
        return kept

    def _follow(self, instance: Instance, entry: _Open) -> None:
        with entry.applying:
            entry.index.apply(self._changes(instance, entry.index.applied_seq()))

    def _changes(self, instance: Instance, after: int) -> Iterator[Change]:
        for row in self._catalogue.changes(instance, after):
            yield Change(row.seq, Operation(row.operation), row.picture_id, row.vector)

    def _empty(self, instance: Instance) -> VectorIndex:
        index = FaissIndex(partial(self._catalogue.select_ids, instance))
        index.open(IndexSpec(instance.dimension))
        return index
