"""The rows of the embedded index at one moment: which pictures, and where their vectors are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from similis.domain import Category, Filter
from similis.engine._cell_rows import CellRows
from similis.engine._changes import NetEffect
from similis.engine._columns import Columns
from similis.engine._exact import ExactRows
from similis.engine._index import Change, Vectors
from similis.engine._sealing import Snapshot
from similis.engine._segment import About, Opened
from similis.engine._selection import Selection

_COMPACT_AT_LEAST = 256
_COMPACT_SHARE = 0.1
_COPIED_AT_ONCE = 4096
_REMEMBERED = 32


@dataclass(frozen=True, slots=True)
class Sizing:
    """When the embedded index changes its form, and how much it is to find then.

    Attributes:
        exact_below: so many pictures are compared one by one, all in memory; half as many after having shrunk.
        tail: rows added or removed since the segment on disk was written, from which on a new one is written …
        tail_share: … if they are this share of all rows, too.
        backlog: so many times more of them, and long runs of changes wait for the new segment: memory has an end.
        recall: share of the true ten nearest that searches in cells are to find on average.
    """

    exact_below: int = 50_000
    tail: int = 20_000
    tail_share: float = 0.05
    backlog: float = 4.0
    recall: float = 0.99


@dataclass(slots=True)
class State:
    """Columns and vectors of the same rows.

    Attributes:
        columns: what is known of each row.
        rows: their vectors.
        about: the segment on disk, None without one.
        applied: the last change that is in it.
        since: what was applied since a snapshot was taken, None where none was.
        updates: pictures updated since the segment was written: as many changes are replayed when it is opened.
    """

    columns: Columns
    rows: ExactRows | CellRows
    about: About | None = None
    applied: int = 0
    since: list[NetEffect] | None = None
    updates: int = 0
    _selections: dict[tuple[Filter | None, Category | None], Selection] = field(default_factory=dict)

    @classmethod
    def empty(cls, dimension: int) -> State:
        """No rows."""
        return cls(Columns(), ExactRows(dimension))

    @classmethod
    def of(cls, opened: Opened, applied: int) -> State:
        """The rows of a segment."""
        return cls(opened.columns, opened.rows, opened.about, applied)

    def change(self, net: NetEffect, applied: int) -> None:
        """Take over what a run of changes amounts to."""
        _leave(self.columns, net)
        if net.added:
            self.columns.append(net.added)
            self.rows.append(_stacked(net.added))
        if self.since is not None:
            self.since.append(net)
        self._selections = {}
        self.applied = applied
        self.updates += len(net.updated)
        self._compact()

    def select(self, tree: Filter | None, category: Category | None) -> Selection:
        """Rows that may be found; remembered until the next change, as most searches ask for the same ones."""
        asked = tree, category
        selection = self._selections.get(asked)
        if selection is None:
            selection = self.rows.select(self.columns.mask(tree, category))
            if len(self._selections) >= _REMEMBERED:
                self._selections = {}
            self._selections[asked] = selection
        return selection

    def tail(self) -> int:
        """How many rows were added, removed or updated since the segment was written, or ever."""
        sealed = 0 if self.about is None else self.about.rows
        return 2 * len(self.columns) - sealed - self.columns.living + self.updates

    def must_seal(self, sizing: Sizing, factor: float = 1.0) -> bool:
        """Whether a segment is due, or overdue by a factor."""
        if self.about is None:
            return self.columns.living >= factor * sizing.exact_below
        return self.tail() >= factor * max(sizing.tail, sizing.tail_share * len(self.columns))

    def must_unseal(self, sizing: Sizing) -> bool:
        """Whether it has become small enough to do without a segment."""
        return self.about is not None and self.columns.living < sizing.exact_below // 2

    def snapshot(self) -> Snapshot:
        """What to build a segment from; from now on changes are noted for `follow`."""
        self.since = []
        living = np.flatnonzero(self.columns.alive)
        return Snapshot(self.columns.take(living), living, len(self.columns), self.rows, self.about)

    def follow(self, newer: State, snapshot: Snapshot) -> None:
        """Become what another is, which was changed since its snapshot was taken; its vectors were copied before."""
        for net in newer.since or ():
            _leave(self.columns, net)
            self.updates += len(net.updated)
        self.columns.extend(newer.columns.take(np.arange(snapshot.count, len(newer.columns))))
        self.applied = newer.applied
        self._selections = {}

    def copy_vectors(self, newer: State, first: int, end: int) -> None:
        """Append another's vectors from one row to another."""
        for start in range(first, end, _COPIED_AT_ONCE):
            self.rows.append(newer.rows.stored(start, min(start + _COPIED_AT_ONCE, end)))

    def exact(self) -> State:
        """The living rows in memory, without a segment."""
        living = np.flatnonzero(self.columns.alive)
        rows = ExactRows(self.rows.dimension)
        for start in range(0, len(self.columns), _COPIED_AT_ONCE):
            inside = living[(living >= start) & (living < start + _COPIED_AT_ONCE)]
            rows.append(self.rows.stored(start, start + _COPIED_AT_ONCE)[inside - start])
        return State(self.columns.take(living), rows, None, self.applied)

    def _compact(self) -> None:
        """Clear removed rows away where that is cheap; a segment is rid of them when the next one is written."""
        dead = len(self.columns) - self.columns.living
        due = dead > max(_COMPACT_AT_LEAST, _COMPACT_SHARE * self.columns.living)
        if due and isinstance(self.rows, ExactRows) and self.since is None:
            self.rows.keep(self.columns.alive)
            self.columns = self.columns.take(np.flatnonzero(self.columns.alive))


def _leave(columns: Columns, net: NetEffect) -> None:
    for picture_id in net.removed:
        columns.remove(picture_id)
    for change in net.updated:
        columns.update(change)


def _stacked(added: Sequence[Change]) -> Vectors:
    return np.stack([change.vector for change in added if change.vector is not None])
