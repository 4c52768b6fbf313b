"""What one process knows of an index that many share: the latest changes, and how far the rest surely shows."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from similis.domain import Category, Filter
from similis.engine._index import Hit
from similis.engine._progress import Pushed
from similis.engine._tail import Row, Tail


class View(NamedTuple):
    """One moment of an index.

    Attributes:
        collection: what holds all that is older than the tail; empty where there is none yet.
        strongly: whether that may not show yet in a bounded search.
        changed: pictures of which the collection may be out of date.
        hits: of those, what each query finds, in no order.
    """

    collection: str
    strongly: bool
    changed: AbstractSet[int]
    hits: list[list[Hit]]


class Recent:
    """The tail of an index, how long each row must stay in it, and what is known of the collection; for threads.

    Rows leave the tail `staleness` seconds after they were known to be sent. What is not in the tail may not show
    yet for as long after a start, and after the tail had to be cut short: until then views ask for more consistency.

    Args:
        staleness: seconds after which what was written surely shows in a bounded search.
        most_waiting: how many rows may be in the tail although they were sent.
    """

    def __init__(self, staleness: float, most_waiting: int) -> None:
        self._staleness = staleness
        self._most_waiting = most_waiting
        self._lock = threading.Lock()
        self.start_at(Pushed("", 0))

    @property
    def applied(self) -> int:
        """The last change taken in."""
        return self._applied

    @property
    def pushed(self) -> Pushed:
        """What is known to be in the collection."""
        return self._pushed

    def start_at(self, pushed: Pushed) -> None:
        """Know nothing but what a collection holds."""
        with self._lock:
            self._pushed, self._applied = pushed, pushed.seq
            self._tail, self._sent = Tail(), deque[tuple[int, float]]()
            self._strong_until = time.monotonic() + self._staleness

    def take(self, rows: Sequence[Row], seq: int) -> None:
        """Take changes in, up to a sequence."""
        with self._lock:
            for row in rows:
                self._tail.put(row)
            self._applied = max(self._applied, seq)

    def note(self, pushed: Pushed) -> None:
        """Take note of what was sent, and drop what surely shows by now."""
        now = time.monotonic()
        with self._lock:
            if pushed.collection != self._pushed.collection:
                return
            if pushed.seq > self._pushed.seq:
                self._pushed = pushed
                self._sent.append((pushed.seq, now))
            while self._sent and self._sent[0][1] + self._staleness < now:
                self._tail.forget(self._sent.popleft()[0])
            if len(self._tail) > self._most_waiting:
                self._tail.forget(self._pushed.seq)
                self._strong_until = now + self._staleness

    def unsent(self, seq: int | None = None) -> tuple[list[Row], int]:
        """Return the rows that changed after a sequence, by default what was sent, and the last change taken in."""
        with self._lock:
            return self._tail.after(self._pushed.seq if seq is None else seq), self._applied

    def vectors(self, ids: Collection[int]) -> dict[int, NDArray[np.float32] | None]:
        """Return the vectors of those pictures that are in the tail, None for removed ones."""
        with self._lock:
            return {number: row.vector for number in ids if (row := self._tail.get(number)) is not None}

    def view(self, queries: NDArray[np.float32], tree: Filter | None, category: Category | None) -> View:
        """Search the tail. What leaves it later shows in the collection."""
        with self._lock:
            strongly = time.monotonic() < self._strong_until
            hits = self._tail.search(queries, tree, category)
            return View(self._pushed.collection, strongly, self._tail.ids(), hits)

    def __len__(self) -> int:
        return len(self._tail)
