"""The indexes of instances that are searched by a Milvus server."""

from __future__ import annotations

import hashlib
import logging
import time
from contextlib import AbstractContextManager

from similis.algorithm import TunedSpace
from similis.catalogue import Catalogue, IndexState
from similis.domain import IndexUnavailable, Instance
from similis.engine import (
    IndexSpec,
    MilvusIndex,
    MilvusServer,
    MilvusSettings,
    OwnProgress,
    Progress,
    Pushed,
    VectorIndex,
)
from similis.service._tuned_index import TunedIndex

log = logging.getLogger(__name__)

MILVUS = "milvus"
_STILL_SEARCHED = 60.0  # seconds in which whoever searches a replaced collection is done


class MilvusIndexes:
    """Makes indexes on the one server of the settings, noting in the catalogue what all gateways must know of them.

    An instance can have an index for its features and one for the space of its tuning; each has a note of its own.
    """

    def __init__(self, catalogue: Catalogue, settings: MilvusSettings | None) -> None:
        self._catalogue = catalogue
        self._prefix = "" if settings is None else settings.prefix
        self._replaced: list[tuple[str, float]] = []
        self._known = None if settings is None else MilvusServer(settings)

    def check(self) -> None:
        """See that the server can be used.

        Raises:
            IndexUnavailable: it cannot, or none was set.
        """
        self._server.collections(self._prefix)

    def opened(self, instance: Instance, space: TunedSpace | None) -> VectorIndex:
        """The index that all gateways search; opened, but the server is not asked yet."""
        return self._made(instance, space, self._progress(instance, space))

    def fresh(self, instance: Instance, space: TunedSpace | None) -> VectorIndex:
        """An empty index of this gateway alone, until it is adopted."""
        return self._made(instance, space, OwnProgress())

    def adopt(self, instance: Instance, space: TunedSpace | None, index: VectorIndex) -> None:
        """Have all gateways search a fresh index in place of the one before.

        What they searched before is removed later, for some search it still.

        Raises:
            IndexUnavailable: the server cannot be used.
        """
        inner = index.inner if isinstance(index, TunedIndex) else index
        if not isinstance(inner, MilvusIndex):
            raise TypeError("the index was made elsewhere")
        inner.publish(self._progress(instance, space))
        self._replace(instance, space)
        self._remove_replaced()

    def forget(self, instance: Instance) -> None:
        """Remove all collections of an instance; where the server cannot be used they are left, which is logged."""
        if self._known is None:
            return
        name = self._name(instance)
        try:
            for collection in self._server.collections(f"{name}_"):
                self._server.drop(collection)
        except IndexUnavailable as error:
            log.warning("Collections whose names begin with %s_ are left. %s %s", name, error.message, error.hint)

    def close(self) -> None:
        """Remove what was replaced and close the connection."""
        self._remove_replaced(at_once=True)
        if self._known is not None:
            self._known.close()

    @property
    def _server(self) -> MilvusServer:
        if self._known is None:
            raise IndexUnavailable(
                "No Milvus server was named.", "Set SIMILIS_MILVUS_URI, such as http://127.0.0.1:19530."
            )
        return self._known

    def _name(self, instance: Instance) -> str:
        return f"{self._prefix}_{instance.uid}"

    def _progress(self, instance: Instance, space: TunedSpace | None) -> Progress:
        # Another tuning is another space, which a gateway that has not heard of it yet must not mix with its own.
        digest = "" if space is None else "-" + hashlib.sha256(space.to_bytes()).hexdigest()[:16]
        return _CatalogueProgress(self._catalogue, instance, MILVUS + digest)

    def _made(self, instance: Instance, space: TunedSpace | None, progress: Progress) -> VectorIndex:
        server = self._server
        index: VectorIndex = MilvusIndex(server, self._name(instance), progress, staleness=server.settings.staleness)
        if space is not None:
            index = TunedIndex(index, space)
        index.open(IndexSpec(instance.dimension))
        return index

    def _replace(self, instance: Instance, space: TunedSpace | None) -> None:
        """Remember to remove what is not noted: the index before, those of earlier tunings and of accidents."""
        notes = (self._progress(instance, each).read() for each in (None, space))
        noted = {note.collection for note in notes if note is not None}
        noted |= {collection for collection, _ in self._replaced}
        when = time.monotonic() + _STILL_SEARCHED
        names = self._server.collections(f"{self._name(instance)}_")
        self._replaced += [(name, when) for name in names if name not in noted]

    def _remove_replaced(self, *, at_once: bool = False) -> None:
        now = time.monotonic()
        due = [collection for collection, when in self._replaced if at_once or when < now]
        self._replaced = [each for each in self._replaced if each[0] not in due]
        for collection in due:
            try:
                self._server.drop(collection)
            except IndexUnavailable as error:
                log.warning("The collection %s is left. %s %s", collection, error.message, error.hint)


class _CatalogueProgress:
    """The note of an index as a row of the catalogue."""

    def __init__(self, catalogue: Catalogue, instance: Instance, holder: str) -> None:
        self._catalogue = catalogue
        self._instance = instance
        self._holder = holder

    def read(self) -> Pushed | None:
        state = self._catalogue.index_states.get(self._instance, self._holder)
        return None if state is None else Pushed(*state)

    def locked(self) -> AbstractContextManager[object]:
        return self._catalogue.alone_with_index(self._instance, self._holder)

    def write(self, pushed: Pushed) -> None:
        self._catalogue.index_states.set(self._instance, self._holder, IndexState(*pushed))

    def forget(self) -> None:
        self._catalogue.index_states.forget(self._instance, self._holder)
