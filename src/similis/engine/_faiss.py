"""The embedded index: exact while it is small, in cells on disk when it has grown."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from similis.domain import Category, Filter, SimilisError
from similis.engine._changes import BATCH, in_batches, net_effect
from similis.engine._index import Change, Effort, Hit, IndexSpec, Vectors
from similis.engine._lock import ReadWriteLock
from similis.engine._sealing import Snapshot, Stopped, build
from similis.engine._segment import About, SegmentDamaged, SegmentStore, discard, open_segment
from similis.engine._selection import Request
from similis.engine._state import Sizing, State
from similis.engine._together import Together
from similis.engine._vectors import Floats, Found, normalised

log = logging.getLogger(__name__)

_AT_ONCE = 64  # queries: in an exact search each has a number for every row
_CLOSING_SECONDS = 5.0
_RETRY_SECONDS = 60.0
_OVERDUE_SECONDS = 30.0


class _Asked(NamedTuple):
    query: Floats
    k: int
    tree: Filter | None
    category: Category | None


class FaissIndex:
    """Cosine search on this machine; see `VectorIndex` for what methods do.

    Small, it is exact. Grown, its rows are written to a segment on disk by a thread of its own, while searches and
    changes go on; what changes after that stays in memory until the next segment.

    Args:
        store: where segments are kept; without one all stays in memory and exact.
        sizing: when it changes its form.
    """

    def __init__(self, store: SegmentStore | None = None, sizing: Sizing = Sizing()) -> None:
        self._store = store
        self._sizing = sizing
        self._lock = ReadWriteLock()
        self._spec: IndexSpec | None = None
        self._worker: threading.Thread | None = None
        self._starting = threading.Lock()
        self._not_before = 0.0
        self._closed = threading.Event()
        self._together: Together[_Asked, list[Hit]] = Together(os.cpu_count() or 1)

    def open(self, spec: IndexSpec) -> None:
        """Make the index ready with what its segment holds; must come first.

        A segment that is damaged is thrown away: the change log has everything.
        """
        with self._lock.writing():
            self._spec = spec
            self._state = State.empty(spec.dimension)
            current = self._store.current() if self._store is not None else None
            if self._store is None or current is None:
                return
            name, applied = current
            try:
                opened = open_segment(self._store.directory / name, spec.dimension, self._store.sealer)
                self._state = State.of(opened, applied)
            except SegmentDamaged as error:
                log.warning("An index is built anew, for its files cannot be used: %s.", error)
                self._forget_segment(self._store)

    def apply(self, changes: Iterable[Change]) -> int:
        """Apply changes in ascending order, pass over those applied before, return the applied sequence.

        Raises:
            ValueError: the changes are out of order or a vector has the wrong dimension.
        """
        for batch in in_batches(changes):
            with self._lock.writing():
                new = [change for change in batch if change.seq > self._state.applied]
                if new:
                    net = net_effect(new)
                    self._check(*(change.vector for change in net.added if change.vector is not None))
                    self._state.change(net, new[-1].seq)
            self._tend(long=len(batch) == BATCH)
        return self._state.applied

    def search(
        self,
        vectors: Vectors,
        k: int,
        tree: Filter | None = None,
        category: Category | None = None,
        effort: Effort = Effort.TARGET,
    ) -> list[list[Hit]]:
        """Return the nearest k pictures of each query, best first; ties are ordered by picture id.

        Raises:
            ValueError: a query has the wrong dimension.
        """
        self._check(*vectors)
        asked = [_Asked(query, k, tree, category) for query in normalised(vectors)]
        if len(asked) == 1 and effort is not Effort.EXACT:
            return [self._together.ask(asked[0], self._answered)]
        exact = effort is Effort.EXACT
        parts = (asked[start : start + _AT_ONCE] for start in range(0, len(asked), _AT_ONCE))
        return [hits for part in parts for hits in self._answered(part, exact=exact)]

    def applied_seq(self) -> int:
        """Return the last sequence applied, 0 at first."""
        return self._state.applied

    def count(self) -> int:
        """Return the number of vectors."""
        with self._lock.reading():
            return self._state.columns.living

    def about(self) -> About | None:
        """Return what is to know of the segment on disk, None without one."""
        return self._state.about

    def sealed_seq(self) -> int:
        """Return the last sequence that is in the segment on disk, 0 without one."""
        current = self._store.current() if self._store is not None else None
        return 0 if current is None else current[1]

    def seal(self) -> None:
        """Write a new segment now and wait for it; nothing happens without a store or without pictures."""
        with self._starting:
            self.wait()
            if self._store is not None and self.count():
                self._start()
        self.wait()

    def wait(self) -> None:
        """Wait for the segment that is being written, if one is."""
        if self._worker is not None:
            self._worker.join()

    def stop_writing(self) -> None:
        """Write no more segments, and give up the one that is being written; searches and changes go on."""
        self._closed.set()
        if self._worker is not None:
            self._worker.join(_CLOSING_SECONDS)

    def drop(self) -> None:
        """Forget everything, the applied sequence included."""
        with self._lock.writing():
            self._state = State.empty(self._dimension)
        if self._store is not None:
            self._forget_segment(self._store)

    def close(self) -> None:
        """Give free what the index holds in memory; the segment on disk stays."""
        self.stop_writing()
        with self._lock.writing():
            self._state = State.empty(self._dimension)

    @property
    def _dimension(self) -> int:
        if self._spec is None:
            raise RuntimeError("the index was not opened")
        return self._spec.dimension

    def _answered(self, asked: Sequence[_Asked], *, exact: bool = False) -> list[list[Hit]]:
        with self._lock.reading():
            state = self._state
            requests = [Request(each.query, each.k, state.select(each.tree, each.category)) for each in asked]
            search = state.rows.exactly if exact else state.rows.search
            return [_hits(found, state.columns.ids) for found in search(requests, state.columns.ids)]

    def _check(self, *vectors: Vectors) -> None:
        for vector in vectors:
            if vector.shape != (self._dimension,):
                raise ValueError(f"a vector has shape {vector.shape}, not ({self._dimension},)")

    def _tend(self, *, long: bool) -> None:
        """Have a segment written where one is due; a long run of changes waits for one that is overdue."""
        if self._store is None or self._closed.is_set() or time.monotonic() < self._not_before:
            return
        with self._lock.reading():
            due = self._state.must_seal(self._sizing) or self._state.must_unseal(self._sizing)
            overdue = self._state.must_seal(self._sizing, self._sizing.backlog)
        if due and self._starting.acquire(blocking=False):
            try:
                if self._worker is None or not self._worker.is_alive():
                    self._start()
            finally:
                self._starting.release()
        if long and overdue and self._worker is not None:
            self._worker.join(_OVERDUE_SECONDS)

    def _start(self) -> None:
        worker = threading.Thread(target=self._work, name="index segment", daemon=True)
        worker.start()
        self._worker = worker  # only now, for others may wait for it at any moment

    def _work(self) -> None:
        try:
            if self._state.must_unseal(self._sizing):
                self._unseal()
            else:
                self._seal()
        except Stopped:
            log.debug("An index was closed while a segment of it was written.")
        except (OSError, RuntimeError, SegmentDamaged, SimilisError) as error:  # RuntimeError: of faiss
            log.warning("A segment of an index could not be written, it is tried again: %s.", error)
            self._not_before = time.monotonic() + _RETRY_SECONDS
        finally:
            with self._lock.writing():
                self._state.since = None

    def _seal(self) -> None:
        store = self._store
        if store is None:
            return
        with self._lock.reading():  # it keeps changes away, and searches go on
            state, applied = self._state, self._state.applied
            snapshot = state.snapshot()
        name = uuid4().hex
        try:
            directory = store.directory / name
            build(snapshot, directory, store.sealer, self._sizing.recall, self._check_open)
            fresh = State.of(open_segment(directory, self._dimension, store.sealer), applied)
            self._check_open()
            replaced = store.adopt(name, applied)
        except BaseException:
            discard(store.directory / name)
            raise
        self._swap(state, fresh, snapshot)
        if replaced is not None:
            discard(store.directory / replaced)

    def _swap(self, old: State, fresh: State, snapshot: Snapshot) -> None:
        """Let a state on a new segment catch up with the one in use and take its place."""
        copied = snapshot.count
        for _ in range(3):  # most of it while searches and changes go on
            with self._lock.reading():
                end = len(old.rows)
            fresh.copy_vectors(old, copied, end)
            copied = end
        with self._lock.writing():
            if self._state is old:
                fresh.copy_vectors(old, copied, len(old.rows))
                fresh.follow(old, snapshot)
                self._state = fresh

    def _unseal(self) -> None:
        with self._lock.writing():
            self._state = self._state.exact()
        if self._store is not None:
            self._forget_segment(self._store)

    def _forget_segment(self, store: SegmentStore) -> None:
        """Remove the segment that counts, and no other: another index may be writing one in the same directory."""
        forgotten = store.forget()
        if forgotten is not None:
            discard(store.directory / forgotten)

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise Stopped


def _hits(found: Found, ids: NDArray[np.int64]) -> list[Hit]:
    return list(map(Hit, ids[found.rows].tolist(), found.similarities.tolist()))
