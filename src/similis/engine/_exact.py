"""Exact search in memory, for what is not much: a small instance."""

from __future__ import annotations

import faiss
import numpy as np

from similis.engine._columns import Mask
from similis.engine._selection import searching
from similis.engine._vectors import Floats, Found, Rows, best, similarities

# From so many on, faiss multiplies matrices, which reads the vectors once for all queries but rounds differently.
_MATRIX_FROM = 20
_ROUNDING = 1e-4


class ExactRows:
    """Rows of normalised vectors, 4·D bytes each, all of which are compared with every query."""

    def __init__(self, dimension: int) -> None:
        self._index = faiss.IndexFlatIP(dimension)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def append(self, vectors: Floats) -> None:
        """Add vectors of length one, float32[m, D]."""
        self._index.add(vectors)

    def take(self, rows: Rows) -> ExactRows:
        """Copy some of the rows."""
        copy = ExactRows(self._index.d)
        copy.append(self._all()[rows])
        return copy

    def search(self, queries: Floats, count: int, mask: Mask, ids: Rows) -> list[Found]:
        """Return the nearest rows of each query, exactly.

        Args:
            queries: of length one, float32[q, D].
            count: how many are wanted of each.
            mask: rows that may be found, bool[n].
            ids: number of each row by which equal ones are ordered, int64[n].
        """
        size = int(mask.sum())
        wanted = min(count, size)
        if not wanted:
            return [Found(np.empty(0, np.int64), np.empty(0, np.float32)) for _ in queries]
        fetched = min(wanted + 1, size)
        while True:
            values, rows = self._index.search(queries, fetched, params=searching(mask))
            # The last one wanted may tie with the first one left out, or nearly so where matrices are rounded.
            room = _ROUNDING if len(queries) >= _MATRIX_FROM else 0.0
            if fetched == size or not np.any(values[:, wanted - 1] <= values[:, -1] + room):
                return [self._judged(*row, wanted, ids) for row in zip(queries, rows, strict=True)]
            fetched = min(2 * fetched + _MATRIX_FROM, size)

    def _judged(self, query: Floats, rows: Rows, count: int, ids: Rows) -> Found:
        return best(rows, similarities(self._all()[rows], query), ids[rows], count)

    def _all(self) -> Floats:
        """The vectors as faiss holds them, a view."""
        pointer = self._index.get_xb()
        return faiss.rev_swig_ptr(pointer, self._index.ntotal * self._index.d).reshape(-1, self._index.d)
