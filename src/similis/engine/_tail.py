"""The latest changes, searched exactly in memory until they surely show on the server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from similis.domain import Attributes, Category, Filter, matches
from similis.engine._index import Hit


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A picture as of one change: its unit vector float32[D], None once it is removed."""

    seq: int
    picture_id: int
    vector: NDArray[np.float32] | None
    category: Category = Category.OTHER
    attributes: Attributes = Attributes()


class Tail:
    """The last row of every picture that changed of late, oldest change first. Not safe for threads by itself."""

    def __init__(self) -> None:
        self._rows: dict[int, Row] = {}
        self._living: tuple[list[Row], NDArray[np.float32]] | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def put(self, row: Row) -> None:
        """Take a change in, in place of an earlier one of the same picture."""
        self._rows.pop(row.picture_id, None)
        self._rows[row.picture_id] = row
        self._living = None

    def get(self, picture_id: int) -> Row | None:
        """Return the last row of a picture, None where it did not change of late."""
        return self._rows.get(picture_id)

    def after(self, seq: int) -> list[Row]:
        """Return the rows that changed after a sequence."""
        newest_first = reversed(self._rows.values())
        return list(_while_after(newest_first, seq))[::-1]

    def forget(self, seq: int) -> None:
        """Drop the rows whose last change was not after a sequence."""
        for row in list(self._rows.values()):
            if row.seq > seq:
                return
            del self._rows[row.picture_id]
            self._living = None

    def clear(self) -> None:
        """Drop everything."""
        self._rows, self._living = {}, None

    def ids(self) -> frozenset[int]:
        """All pictures that changed of late: what the server says of them may be out of date."""
        return frozenset(self._rows)

    def search(self, queries: NDArray[np.float32], tree: Filter | None, category: Category | None) -> list[list[Hit]]:
        """Return all rows that match, with their similarity to each query of unit length, in no order."""
        rows, vectors = self._matrix()
        chosen = [place for place, row in enumerate(rows) if _fits(row, tree, category)]
        if not chosen:
            return [[] for _ in queries]
        ids = [rows[place].picture_id for place in chosen]
        similarities = queries @ (vectors if len(chosen) == len(rows) else vectors[chosen]).T
        return [[Hit(*pair) for pair in zip(ids, line, strict=True)] for line in similarities.tolist()]

    def _matrix(self) -> tuple[list[Row], NDArray[np.float32]]:
        if self._living is None:
            rows = [row for row in self._rows.values() if row.vector is not None]
            vectors = np.stack([row.vector for row in rows if row.vector is not None]) if rows else np.empty((0, 0))
            self._living = rows, vectors.astype(np.float32, copy=False)
        return self._living


def _fits(row: Row, tree: Filter | None, category: Category | None) -> bool:
    return category in {None, row.category} and (tree is None or matches(tree, row.attributes))


def _while_after(rows: Iterator[Row], seq: int) -> Iterator[Row]:
    for row in rows:
        if row.seq <= seq:
            return
        yield row
