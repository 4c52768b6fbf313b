"""Exact search in memory, for what is not much: a small instance."""

from __future__ import annotations

import faiss
import numpy as np
from numpy.typing import NDArray

from similis.engine._columns import Mask
from similis.engine._index import Vectors
from similis.engine._selection import Selection, searching, selector
from similis.engine._vectors import NOTHING, Floats, Found, GrowingVectors, Rows, best, normalised, similarities

# From so many on, faiss multiplies matrices, which reads the vectors once for all queries but rounds differently.
_MATRIX_FROM = 20
_ROUNDING = 1e-4


class ExactRows:
    """Rows all of which are compared with every query, 6·D bytes each: normalised, and as they are stored."""

    def __init__(self, dimension: int) -> None:
        self._index = faiss.IndexFlatIP(dimension)
        self._stored = GrowingVectors(dimension)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        return int(self._index.d)

    def append(self, vectors: Vectors) -> None:
        """Add vectors, any float type [m, D]."""
        self._index.add(normalised(vectors))
        self._stored.append(vectors)

    def take(self, rows: Rows) -> ExactRows:
        """Copy some of the rows."""
        copy = ExactRows(self._index.d)
        copy._index.add(self._all()[rows])
        copy._stored.append(self._stored.array[rows])
        return copy

    def stored(self, first: int, end: int) -> NDArray[np.float16]:
        """Return the stored vectors of some consecutive rows."""
        return self._stored.array[first:end]

    def select(self, mask: Mask) -> Selection:
        """Prepare searches for the rows of a mask, bool[n]."""
        return Selection(int(np.count_nonzero(mask)), mask, (selector(mask),), np.empty(0, np.int64))

    def search(
        self,
        queries: Floats,
        count: int,
        selection: Selection,
        ids: Rows,
        *,
        exact: bool = True,  # noqa: ARG002 - always
    ) -> list[Found]:
        """Return the nearest rows of each query, exactly.

        Args:
            queries: of length one, float32[q, D].
            count: how many are wanted of each.
            selection: rows that may be found.
            ids: number of each row by which equal ones are ordered, int64[n].
            exact: it always is.
        """
        wanted = min(count, selection.size)
        if not wanted:
            return [NOTHING] * len(queries)
        fetched = min(wanted + 1, selection.size)
        while True:
            values, rows = self._index.search(queries, fetched, params=searching(selection.selectors[0]))
            # The last one wanted may tie with the first one left out, or nearly so where matrices are rounded.
            room = _ROUNDING if len(queries) >= _MATRIX_FROM else 0.0
            if fetched == selection.size or not np.any(values[:, wanted - 1] <= values[:, -1] + room):
                return [self._judged(*row, wanted, ids) for row in zip(queries, rows, strict=True)]
            fetched = min(2 * fetched + _MATRIX_FROM, selection.size)

    def _judged(self, query: Floats, rows: Rows, count: int, ids: Rows) -> Found:
        return best(rows, similarities(self._all()[rows], query), ids[rows], count)

    def _all(self) -> Floats:
        """The normalised vectors as faiss holds them, a view."""
        pointer = self._index.get_xb()
        return faiss.rev_swig_ptr(pointer, self._index.ntotal * self._index.d).reshape(-1, self._index.d)
