"""Search by a Milvus server that any number of processes share."""

from __future__ import annotations

import logging
import math
import secrets
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from similis.domain import Category, Filter, IndexUnavailable
from similis.engine._changes import in_batches
from similis.engine._index import Change, Effort, Hit, IndexSpec, Operation, Vectors
from similis.engine._milvus_filter import expression
from similis.engine._milvus_server import MilvusServer
from similis.engine._progress import Progress, Pushed
from similis.engine._tail import Row, Tail
from similis.engine._vectors import normalised

log = logging.getLogger(__name__)

_MOST_FETCHED = 16_384  # the server's own limit
_MOST_CANDIDATES = 32_768  # likewise
_CANDIDATES = 2  # looked at for each hit wanted,
_FILTERED = 4  # and times so many with a filter: most of them are passed over
_DIGITS = 6
_PAUSE = 1.0  # seconds after a failure during which the server is left alone


class MilvusIndex:
    """Approximate cosine search by a Milvus server; see `VectorIndex` for what methods do.

    Every process follows the change log by itself into a tail of its own, which it searches exactly and merges with
    what the server finds: thus a search sees all that was applied here, although a bounded search of the server does
    not show what was written in the last seconds. Changes are sent in batches, by whoever has enough of them, under
    the lock of `progress` and never twice in another order, so that no picture that was removed comes back.
    Rows leave the tail `staleness` seconds after they were sent. Until then the tail may not hold everything after a
    start, nor when it had to be cut short: the server is asked for strong consistency meanwhile.

    Similarities are rounded to six digits: equal vectors are then equal wherever they were compared.

    Args:
        server: where the collection is.
        name: begins the collection's name; at most 48 characters.
        progress: what the processes that share the index know of each other.
        staleness: seconds after which what was written surely shows in a bounded search.
        push_from: how many changes are gathered before they are sent.
        most_waiting: how many rows that were sent may wait in the tail.
    """

    def __init__(
        self,
        server: MilvusServer,
        name: str,
        progress: Progress,
        *,
        staleness: float = 10.0,
        push_from: int = 256,
        most_waiting: int = 16_384,
    ) -> None:
        self._server = server
        self._name = name
        self._progress = progress
        self._staleness = staleness
        self._push_from = push_from
        self._most_waiting = most_waiting
        self._applying = threading.RLock()
        self._reading = threading.Lock()  # of the tail and of what belongs to it
        self._spec: IndexSpec | None = None
        self._down_until = 0.0
        self._applied = 0
        self._tail = Tail()
        self._start_at(Pushed("", 0))

    def open(self, spec: IndexSpec) -> None:
        """Make the index ready; must come first. The server is asked when it is needed."""
        self._spec = spec

    def apply(self, changes: Iterable[Change]) -> int:
        """Take changes in, send them when there are enough, and return the applied sequence.

        Raises:
            ValueError: the changes are out of order or a vector has the wrong dimension.
            IndexUnavailable: the server cannot be used. What was taken in stays and is sent later.
        """
        with self._applying:
            self._follow()
            for batch in in_batches(changes):
                rows = self._rows([change for change in batch if change.seq > self._applied])
                with self._reading:
                    for row in rows:
                        self._tail.put(row)
                    self._applied = max(self._applied, batch[-1].seq)
                if len(self._tail.after(self._pushed.seq)) >= self._push_from:
                    self.push()
            return self._applied

    def search(
        self,
        vectors: Vectors,
        k: int,
        tree: Filter | None = None,
        category: Category | None = None,
        effort: Effort = Effort.EXACT,  # noqa: ARG002 - the server's follows from k and the filter
    ) -> list[list[Hit]]:
        """Return the nearest k pictures of each query, best first; ties are ordered by picture id.

        Raises:
            ValueError: a query has the wrong dimension.
            IndexUnavailable: the server cannot be used.
        """
        queries = self._normalised(vectors)
        if not len(queries) or k < 1:
            return [[] for _ in queries]
        with self._reading:
            collection, strongly = self._pushed.collection, time.monotonic() < self._strong_until
            changed, recent = self._tail.ids(), self._tail.search(queries, tree, category)
        if not collection:
            self.applied_seq()
            return self.search(vectors, k, tree, category)
        condition, fetched = expression(tree, category), k + 1
        while True:
            fetched = min(fetched, _MOST_FETCHED)
            candidates = min(_CANDIDATES * fetched * (_FILTERED if condition else 1), _MOST_CANDIDATES)
            with self._watching():
                found = self._server.search(
                    collection, queries, fetched, condition, strongly=strongly, candidates=candidates
                )
            pairs = [_Merged.of(*each, changed, fetched) for each in zip(recent, found, strict=True)]
            if fetched == _MOST_FETCHED or all(each.settled(k) for each in pairs):
                return [each.hits[:k] for each in pairs]
            fetched *= 2

    def applied_seq(self) -> int:
        """Return the last sequence applied here; lower than before when the collection had to be begun anew.

        Raises:
            IndexUnavailable: the server cannot be used.
        """
        with self._applying:
            self._follow()
            return self._applied

    def count(self) -> int:
        """Return the number of vectors, as the server counts them once it has everything."""
        with self._applying:
            self._follow()
            self.push()
            return self._server.count(self._pushed.collection)

    def push(self) -> None:
        """Send what the collection lacks, if it lacks anything.

        Raises:
            IndexUnavailable: the server cannot be used.
        """
        with self._applying, self._progress.locked():
            pushed = self._progress.read()
            if pushed is None or pushed.collection != self._pushed.collection:
                return  # it was replaced; the next call follows
            if pushed.seq < self._applied:
                rows, pushed = self._tail.after(pushed.seq), Pushed(pushed.collection, self._applied)
                with self._watching():
                    self._server.write(pushed.collection, rows, pushed.seq, self._dimension)
                self._progress.write(pushed)
            self._note(pushed)

    def publish(self, progress: Progress) -> Pushed | None:
        """Share an index that was built by itself, in place of what `progress` said; return that."""
        with self._applying:
            self._follow()
            self.push()
            with progress.locked():
                before = progress.read()
                progress.write(self._pushed)
                self._progress = progress
            return before

    def drop(self) -> None:
        """Remove the collection and forget everything, for all who share the index.

        Raises:
            IndexUnavailable: the server cannot be used.
        """
        with self._applying, self._progress.locked():
            pushed = self._progress.read()
            if pushed is not None:
                self._server.drop(pushed.collection)
            self._progress.forget()
            self._start_at(Pushed("", 0))

    def close(self) -> None:
        """Send what is left, if the server can be used, so that whoever opens the index next need not."""
        try:
            self.push()
        except IndexUnavailable as error:
            log.warning("Changes are left to be sent later. %s", error.message)

    def _follow(self) -> None:
        """Take note of what others did; after a start or a failure see that the collection is what it was."""
        if time.monotonic() < self._down_until:
            raise IndexUnavailable("The vector index did not answer a moment ago.", "Try again in a few seconds.")
        pushed = self._progress.read()
        if pushed is None:
            pushed = self._begun(None)
        if pushed.collection != self._pushed.collection:
            self._start_at(pushed)
        if not self._verified:
            pushed = self._verify(pushed)
        self._note(pushed)

    def _verify(self, pushed: Pushed) -> Pushed:
        """Begin anew where the collection is gone or, restored from a backup, lacks what was sent."""
        with self._watching():
            mark = self._server.mark(pushed.collection)
            if mark is None or mark < pushed.seq:
                log.warning("The collection %s was lost or is out of date and is built anew.", pushed.collection)
                pushed = self._begun(pushed)
                self._start_at(pushed)
        self._verified = True
        return pushed

    def _begun(self, outdated: Pushed | None) -> Pushed:
        """Make an empty collection in place of an outdated one, unless another process just did."""
        with self._progress.locked():
            now = self._progress.read()
            if now is not None and (outdated is None or now.collection != outdated.collection):
                return now
            fresh = Pushed(f"{self._name}_{secrets.token_hex(4)}", 0)
            with self._watching():
                self._server.create(fresh.collection, self._dimension)
                self._progress.write(fresh)
                if outdated is not None:
                    self._server.drop(outdated.collection)
            return fresh

    def _start_at(self, pushed: Pushed) -> None:
        """Know nothing but what the collection holds, the latest of which may not show yet."""
        with self._reading:
            self._pushed, self._applied = pushed, pushed.seq
            self._tail, self._sent = Tail(), deque[tuple[int, float]]()
            self._strong_until = time.monotonic() + self._staleness
            self._verified = False

    def _note(self, pushed: Pushed) -> None:
        """Drop from the tail what surely shows by now."""
        now = time.monotonic()
        with self._reading:
            if not self._sent or pushed.seq > self._sent[-1][0]:
                self._sent.append((pushed.seq, now))
            self._pushed = pushed
            while self._sent and self._sent[0][1] + self._staleness < now:
                self._tail.forget(self._sent.popleft()[0])
            if len(self._tail) > self._most_waiting:
                self._tail.forget(pushed.seq)
                self._strong_until = now + self._staleness

    def _rows(self, changes: Sequence[Change]) -> list[Row]:
        """What changes make of pictures; an update keeps the vector that is there, and does nothing without one."""
        known = self._kept_vectors(changes)
        rows = []
        for change in changes:
            vector = None
            if change.operation is Operation.ADD and change.vector is not None:
                vector = self._normalised(change.vector[np.newaxis])[0]
            elif change.operation is Operation.UPDATE:
                if change.picture_id not in known:
                    continue
                vector = known[change.picture_id]
            known[change.picture_id] = vector
            rows.append(Row(change.seq, change.picture_id, vector, change.category, change.attributes))
        return rows

    def _kept_vectors(self, changes: Sequence[Change]) -> dict[int, NDArray[np.float32] | None]:
        """Vectors, from before the changes, of the pictures that are updated; None of those removed of late."""
        wanted = {change.picture_id for change in changes if change.operation is Operation.UPDATE}
        recent = {picture_id: row.vector for picture_id in wanted if (row := self._tail.get(picture_id))}
        elsewhere = sorted(wanted - recent.keys())
        if not elsewhere:
            return recent
        with self._watching():
            return recent | self._server.vectors(self._pushed.collection, elsewhere)

    @contextmanager
    def _watching(self) -> Iterator[None]:
        """Leave a server that fails alone for a moment, and then look whether it is as it was."""
        try:
            yield
        except IndexUnavailable:
            self._verified, self._down_until = False, time.monotonic() + _PAUSE
            raise

    @property
    def _dimension(self) -> int:
        if self._spec is None:
            raise RuntimeError("the index was not opened")
        return self._spec.dimension

    def _normalised(self, vectors: Vectors) -> NDArray[np.float32]:
        if vectors.ndim != 2 or vectors.shape[1] != self._dimension:  # noqa: PLR2004 - rows and columns
            raise ValueError(f"vectors have shape {vectors.shape}, not [n, {self._dimension}]")
        return normalised(vectors)


class _Merged(NamedTuple):
    """Hits of one query from the tail and the server, and the similarity below which the server may have more."""

    hits: list[Hit]
    open_below: float

    @classmethod
    def of(cls, recent: Sequence[Hit], found: Sequence[Hit], changed: AbstractSet[int], fetched: int) -> _Merged:
        """Merge; what the server says of a picture that changed of late is out of date."""
        hits = [*recent, *(hit for hit in found if hit.picture_id not in changed)]
        rounded = [Hit(hit.picture_id, round(hit.similarity, _DIGITS)) for hit in hits]
        # One hit of the server may have been its mark.
        more = round(found[-1].similarity, _DIGITS) if found and len(found) >= fetched - 1 else -math.inf
        return cls(sorted(rounded, key=lambda hit: (-hit.similarity, hit.picture_id)), more)

    def settled(self, k: int) -> bool:
        """Whether no hit that was not fetched can belong to the first k."""
        return self.open_below == -math.inf or (len(self.hits) >= k and self.hits[k - 1].similarity > self.open_below)
