"""Search by a Milvus server that any number of processes share."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from similis.domain import Category, Filter, IndexUnavailable, SimilisError
from similis.engine._changes import in_batches
from similis.engine._index import Change, Effort, Hit, IndexSpec, Operation, Vectors
from similis.engine._merging import Merged
from similis.engine._milvus_filter import expression
from similis.engine._milvus_server import MilvusServer
from similis.engine._progress import Progress, Pushed
from similis.engine._recent import Recent
from similis.engine._tail import Row
from similis.engine._vectors import normalised

log = logging.getLogger(__name__)
_T = TypeVar("_T")

_MOST_FETCHED = 16_384  # the server's own limit
_MOST_CANDIDATES = 32_768  # likewise
_FEWEST_CANDIDATES = 128
_CANDIDATES = 2  # looked at for each hit wanted,
_FILTERED = 4  # and times so many with a filter: most of them are passed over
_BACKLOG = 16  # times `push_from`: so many changes may wait to be sent before `apply` waits for that
_EXACT_BELOW = 5000  # rows: the server compares so many of the latest one by one; more it searches coarsely
_UNSEALED_SHARE = 0.05  # of all rows may be searched coarsely until their graphs are built
_PAUSE = 1.0  # seconds after a failure during which the server is left alone


class MilvusIndex:
    """Approximate cosine search by a Milvus server; see `VectorIndex` for what methods do.

    Every process follows the change log by itself into a tail of its own, which it searches exactly and merges with
    what the server finds: a bounded search of the server does not show what was written in the last seconds.
    Changes are sent in batches by whichever process has enough of them, under the lock of `progress` and from where
    the last one stopped, so that no picture that was removed comes back. A thread does that, for the lock is never
    waited for by one that holds others.

    Args:
        server: where the collection is.
        name: begins the collection's name; at most 54 characters.
        progress: what the processes that share the index know of each other.
        staleness: seconds after which what was written surely shows in a bounded search.
        push_from: how many changes are gathered before they are sent.
        most_waiting: how many rows may be kept in memory although they were sent.
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
        self._push_from = push_from
        self._recent = Recent(staleness, most_waiting)
        self._applying = threading.RLock()
        self._worker = ThreadPoolExecutor(1, "milvus")
        self._pushing: Future[None] | None = None
        self._unsealed = 0
        self._verified = False
        self._down_until = 0.0
        self._spec: IndexSpec | None = None

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
                rows = self._rows([change for change in batch if change.seq > self._recent.applied])
                self._recent.take(rows, batch[-1].seq)
                self._push_when_due()
            return self._recent.applied

    def search(
        self,
        vectors: Vectors,
        k: int,
        tree: Filter | None = None,
        category: Category | None = None,
        effort: Effort = Effort.TARGET,
    ) -> list[list[Hit]]:
        """Return the nearest k pictures of each query, best first; ties are ordered by picture id.

        The server cannot search exactly: with `EXACT` it tries as hard as it can. Similarities are rounded
        to six digits, and at most 16,384 are found.

        Raises:
            ValueError: a query has the wrong dimension.
            InvalidFilter: the filter is nested more deeply than the server can read.
            IndexUnavailable: the server cannot be used.
        """
        queries = self._normalised(vectors)
        if not len(queries) or k < 1:
            return [[] for _ in queries]
        if not self._recent.pushed.collection:
            self.applied_seq()
        view, condition = self._recent.view(queries, tree, category), expression(tree, category)
        fetched = k + 1
        while True:
            fetched = min(fetched, _MOST_FETCHED)
            candidates = _candidates(fetched, effort, filtered=bool(condition))
            with self._watching():
                found = self._server.search(
                    view.collection, queries, fetched, condition, strongly=view.strongly, candidates=candidates
                )
            answers = [Merged.of(*pair, view.changed, fetched) for pair in zip(view.hits, found, strict=True)]
            if fetched == _MOST_FETCHED or all(answer.settled(k) for answer in answers):
                return [answer.hits[:k] for answer in answers]
            fetched *= 2

    def applied_seq(self) -> int:
        """Return the last sequence applied here; lower than before when the collection had to be begun anew.

        Raises:
            IndexUnavailable: the server cannot be used.
        """
        with self._applying:
            self._follow()
            return self._recent.applied

    def count(self) -> int:
        """Return the number of vectors, as the server counts them once it has everything.

        Raises:
            IndexUnavailable: the server cannot be used.
        """
        with self._applying:
            self._follow()
            self.push()
            with self._watching():
                return self._server.count(self._recent.pushed.collection)

    def push(self) -> None:
        """Send what the collection lacks, if it lacks anything.

        Raises:
            IndexUnavailable: the server cannot be used.
        """
        self._done(self._worker.submit(self._push))

    def publish(self, progress: Progress) -> Pushed | None:
        """Share an index that was built by itself, in place of what `progress` said; return that.

        Raises:
            IndexUnavailable: the server cannot be used.
        """
        with self._applying:
            self._follow()
            self.push()
            self._done(self._worker.submit(self._seal, _EXACT_BELOW))
            with progress.locked():
                before = progress.read()
                progress.write(self._recent.pushed)
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
        """Send what is left, if that can be done, so that whoever opens the index next need not."""
        try:
            self.push()
        except SimilisError as error:
            log.warning("Changes are left to be sent later. %s", error.message)
        self._worker.shutdown()

    def _follow(self) -> None:
        """Take note of what others did; after a start or a failure see that the collection is what it was."""
        if time.monotonic() < self._down_until:
            raise IndexUnavailable("The vector index did not answer a moment ago.", "Try again in a few seconds.")
        pushed = self._progress.read() or self._done(self._worker.submit(self._begin, None))
        if pushed.collection != self._recent.pushed.collection:
            self._start_at(pushed)
        if not self._verified:
            self._verify(pushed)
        self._recent.note(pushed)

    def _verify(self, pushed: Pushed) -> None:
        """Begin anew where the collection is gone or, restored from a backup, lacks what was sent."""
        with self._watching():
            mark = self._server.mark(pushed.collection)
        if mark is None or mark < pushed.seq:
            log.warning("The collection %s was lost or is out of date and is built anew.", pushed.collection)
            self._start_at(self._done(self._worker.submit(self._begin, pushed)))
        self._verified = True

    def _start_at(self, pushed: Pushed) -> None:
        self._recent.start_at(pushed)
        self._verified = False

    def _begin(self, outdated: Pushed | None) -> Pushed:
        """Make an empty collection in place of an outdated one, unless another process just did."""
        with self._progress.locked(), self._watching():
            now = self._progress.read()
            if now is not None and (outdated is None or now.collection != outdated.collection):
                return now
            fresh = Pushed(f"{self._name}_{secrets.token_hex(4)}", 0)
            self._server.create(fresh.collection, self._dimension)
            self._progress.write(fresh)
            if outdated is not None:
                self._server.drop(outdated.collection)
            return fresh

    def _push_when_due(self) -> None:
        rows, _ = self._recent.unsent()
        if len(rows) < self._push_from:
            return
        if self._pushing is None or self._pushing.done():
            self._pushing = self._worker.submit(self._push)
        if len(rows) >= _BACKLOG * self._push_from:
            self._done(self._pushing)

    def _push(self) -> None:
        with self._progress.locked(), self._watching():
            pushed = self._progress.read()
            if pushed is None or pushed.collection != self._recent.pushed.collection:
                return  # it was replaced; whoever asks next follows
            rows, applied = self._recent.unsent(pushed.seq)
            if pushed.seq < applied:
                pushed = Pushed(pushed.collection, applied)
                self._server.write(pushed.collection, rows, applied, self._dimension)
                self._progress.write(pushed)
                self._unsealed += len(rows)
            self._recent.note(pushed)
        if self._unsealed > _EXACT_BELOW:
            self._seal(int(_UNSEALED_SHARE * self._server.sealed(pushed.collection)))

    def _seal(self, most: int) -> None:
        """Seal what this process has written since it last did, if it is more than so many rows."""
        if self._unsealed > max(most, _EXACT_BELOW):
            with self._watching():
                self._server.seal(self._recent.pushed.collection)
            self._unsealed = 0

    def _done(self, work: Future[_T]) -> _T:
        """What the thread made of some work.

        Raises:
            IndexUnavailable: it could not, or not yet.
        """
        try:
            return work.result(self._server.settings.patience)
        except TimeoutError:
            raise IndexUnavailable("The vector index is slow.", "Try again later.") from None

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
        updated = {change.picture_id for change in changes if change.operation is Operation.UPDATE}
        recent = self._recent.vectors(updated)
        elsewhere = sorted(updated - recent.keys())
        if not elsewhere:
            return recent
        with self._watching():
            return recent | self._server.vectors(self._recent.pushed.collection, elsewhere)

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


def _candidates(fetched: int, effort: Effort, *, filtered: bool) -> int:
    if effort is Effort.EXACT:
        return _MOST_CANDIDATES
    wanted = max(_CANDIDATES * fetched, _FEWEST_CANDIDATES) * (_FILTERED if filtered else 1)
    return min(wanted, _MOST_CANDIDATES)
