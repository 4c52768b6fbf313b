"""Exact search in memory, for what is not much: a small instance."""

from __future__ import annotations

from collections.abc import Sequence

import faiss
import numpy as np
from numpy.typing import NDArray

from similis.engine._columns import Mask
from similis.engine._index import Vectors
from similis.engine._selection import Request, Selection, chosen, searching, selector
from similis.engine._vectors import NOTHING, Floats, Found, GrowingVectors, Rows, best, normalised, similarities

_ROUNDING = np.float32(1e-5)


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

    def keep(self, mask: Mask) -> None:
        """Drop the rows that a mask, bool[n], leaves out, for good; the others keep their order.

        They keep their memory, too, unless most of it would be empty.
        """
        rows = np.flatnonzero(mask)
        if 2 * len(rows) < len(self):
            self._move(rows)
            return
        before = self._all()
        self._index.remove_ids(chosen(~mask))  # moves the others forward in the memory that `before` shows
        before[len(self) :] = 0
        self._stored.keep(rows)

    def _move(self, rows: Rows) -> None:
        """Go on with some rows in memory of their own."""
        index, stored = faiss.IndexFlatIP(self.dimension), GrowingVectors(self.dimension)
        index.add(self._all()[rows])
        stored.append(self._stored.array[rows])
        self._index, self._stored = index, stored

    def stored(self, first: int, end: int) -> NDArray[np.float16]:
        """Return the stored vectors of some consecutive rows."""
        return self._stored.array[first:end]

    def select(self, mask: Mask) -> Selection:
        """Prepare searches for the rows of a mask, bool[n]."""
        return Selection(int(np.count_nonzero(mask)), mask, (selector(mask),), np.empty(0, np.int64))

    def search(self, requests: Sequence[Request], ids: Rows) -> list[Found]:
        """Return the nearest rows of each query, exactly.

        Args:
            requests: what is asked; several at once cost hardly more than one, as the vectors are read once.
            ids: number of each row by which equal ones are ordered, int64[n].
        """
        if len(requests) == 1:
            return [self._alone(requests[0], ids)]
        if not len(self) or not requests:
            return [NOTHING] * len(requests)
        products = np.stack([request.query for request in requests]) @ self._all().T
        return [self._among(row, request, ids) for row, request in zip(products, requests, strict=True)]

    def exactly(self, requests: Sequence[Request], ids: Rows) -> list[Found]:
        """Return the same as `search`."""
        return self.search(requests, ids)

    def _alone(self, request: Request, ids: Rows) -> Found:
        """Let faiss find more than are wanted until the last one wanted is no tie with the first one left out."""
        wanted, selection = request.wanted, request.selection
        if not wanted:
            return NOTHING
        fetched = min(wanted + 1, selection.size)
        while True:
            parameters = searching(selection.selectors[0])
            [values], [rows] = self._index.search(request.query[np.newaxis], fetched, params=parameters)
            if fetched == selection.size or values[wanted - 1] > values[-1]:
                return self._judged(request, rows, ids)
            fetched = min(2 * fetched, selection.size)

    def _among(self, products: Floats, request: Request, ids: Rows) -> Found:
        """The nearest by similarities that were computed for several queries at once, which rounds differently."""
        if not request.wanted:
            return NOTHING
        products[~request.selection.mask] = -np.inf
        least = np.partition(products, -request.wanted)[-request.wanted]
        return self._judged(request, np.flatnonzero((products >= least - _ROUNDING) & request.selection.mask), ids)

    def _judged(self, request: Request, rows: Rows, ids: Rows) -> Found:
        return best(rows, similarities(self._all()[rows], request.query), ids[rows], request.wanted)

    def _all(self) -> Floats:
        """The normalised vectors as faiss holds them, a view."""
        pointer = self._index.get_xb()
        return faiss.rev_swig_ptr(pointer, self._index.ntotal * self._index.d).reshape(-1, self._index.d)
