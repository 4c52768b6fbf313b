"""Search in cells, for what is much: candidates by short codes in the nearest cells, judged by the stored vectors."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from similis.engine._cells import Cells, CodedRows
from similis.engine._columns import Mask
from similis.engine._index import Vectors
from similis.engine._selection import Request, Selection, selector
from similis.engine._tuned import Tuned, looked_into
from similis.engine._vectors import (
    NOTHING,
    Floats,
    Found,
    GrowingVectors,
    Rows,
    StoredVectors,
    best,
    scan,
    similarities,
)

# So few are read and compared one by one.
_FEW = 2000
_SPARE = 32
_SPARE_IN_FILTER = 128
_REMEMBERED = 128
_AT_ONCE = 4096


class CellRows:
    """Rows on disk in cells, and after them rows in memory in the same cells.

    Filters are planned by what they let pass: a few rows are compared one by one; else cells are looked into, the
    nearest first, until as many rows that pass were compared as an unfiltered search compares, or all cells where
    that is about all that pass.

    Args:
        cells: centres and coding.
        sealed: the rows on disk.
        effort: how hard a search tries.
    """

    def __init__(self, cells: Cells, sealed: CodedRows, effort: Tuned) -> None:
        self.cells = cells
        self.asked: deque[Floats] = deque(maxlen=_REMEMBERED)
        self._sealed = sealed
        self._effort = effort
        self._tail = GrowingVectors(self.dimension)
        self._added = cells.rows(self._tail.array)

    def __len__(self) -> int:
        return len(self._sealed) + len(self._added)

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""
        return int(self._sealed.vectors.shape[1])

    def append(self, vectors: Vectors) -> None:
        """Add vectors in memory, any float type [m, D]."""
        for start in range(0, len(vectors), _AT_ONCE):
            block = np.asarray(vectors[start : start + _AT_ONCE], np.float16)
            self._tail.append(block)
            self._added.vectors = self._tail.array
            self._added.add(block)

    def stored(self, first: int, end: int) -> NDArray[np.float16]:
        """Return the stored vectors of some consecutive rows."""
        border = len(self._sealed)
        on_disk = self._sealed.vectors[first : min(end, border)]
        return np.concatenate([on_disk, self._added.vectors[max(first - border, 0) : max(end - border, 0)]])

    def sealed_codes(self, vectors: StoredVectors) -> CodedRows:
        """Copy the codes of the rows on disk; `vectors` begins with the same rows."""
        return self._sealed.copied(vectors)

    def select(self, mask: Mask) -> Selection:
        """Prepare searches for the rows of a mask, bool[n]."""
        size = int(np.count_nonzero(mask))
        if size <= _FEW:
            return Selection(size, mask, (), np.empty(0, np.int64))
        of_parts = self._split(mask)
        sizes = [
            np.bincount(part.cells[kept], minlength=len(self.cells))
            for part, kept in zip(self._parts, of_parts, strict=True)
        ]
        return Selection(size, mask, tuple(map(selector, of_parts)), np.sum(sizes, axis=0))

    def search(self, requests: Sequence[Request], ids: Rows) -> list[Found]:
        """Return the probably nearest rows of each query.

        Args:
            requests: what is asked.
            ids: number of each row by which equal ones are ordered, int64[n].
        """
        self.asked.extend(request.query for request in requests)
        groups: dict[int, list[int]] = {}
        for place, request in enumerate(requests):
            groups.setdefault(id(request.selection), []).append(place)
        found = [NOTHING] * len(requests)
        for places in groups.values():
            together = [requests[place] for place in places]
            for place, request, rows in zip(places, together, self._found(together), strict=True):
                # Of rows that no code tells apart, such as thousands of the same picture, faiss may return none.
                enough = [rows] if len(rows) >= request.wanted else self._compared([request])
                found[place] = self._judged(request, enough[0], ids)
        return found

    def exactly(self, requests: Sequence[Request], ids: Rows) -> list[Found]:
        """Return the nearest rows of each query; all rows are compared, which takes long."""
        return [self._judged(request, rows, ids) for request in requests for rows in self._compared([request])]

    @property
    def _parts(self) -> tuple[CodedRows, CodedRows]:
        return self._sealed, self._added

    def _split(self, mask: Mask) -> list[Mask]:
        """What a mask says of the rows on disk and of those in memory."""
        return np.split(mask, [len(self._sealed)])

    def _found(self, requests: Sequence[Request]) -> list[Rows]:
        """Rows among which the nearest are, for requests of the same selection."""
        if requests[0].selection.size <= _FEW:
            return self._compared(requests)
        return self._candidates(requests)

    def _candidates(self, requests: Sequence[Request]) -> list[Rows]:
        selection, wanted = requests[0].selection, max(request.wanted for request in requests)
        # What a filter leaves lies further off, where codes tell less which of two rows is nearer.
        spare = self._effort.spare if selection.size == len(self) else max(4 * self._effort.spare, _SPARE_IN_FILTER)
        count = wanted + wanted // 2 + spare
        enough = max(self._effort.reach * len(self), 2 * count)
        queries = np.stack([request.query for request in requests])
        probed = [looked_into(ranked, selection.sizes, enough) for ranked in self.cells.ranked(queries)]
        found = []
        for first, part, chosen in zip((0, len(self._sealed)), self._parts, selection.selectors, strict=True):
            if len(part):
                rows = part.candidates(queries, probed, count, chosen)
                found.append(np.where(rows >= 0, rows + first, -1))
        return [rows[rows >= 0] for rows in np.hstack(found)]

    def _compared(self, requests: Sequence[Request]) -> list[Rows]:
        """The nearest of all selected rows, for requests of the same selection."""
        selection, count = requests[0].selection, max(request.wanted for request in requests) + _SPARE
        queries = np.stack([request.query for request in requests])
        found: list[Rows] = [np.empty(0, np.int64)] * len(queries)
        firsts = 0, len(self._sealed)
        for first, part, mask in zip(firsts, self._parts, self._split(selection.mask), strict=True):
            scanned = scan(part.vectors, queries, count, np.flatnonzero(mask))
            found = [np.concatenate([old, new.rows + first]) for old, new in zip(found, scanned, strict=True)]
        return found

    def _judged(self, request: Request, rows: Rows, ids: Rows) -> Found:
        """The best of some candidates by their stored vectors."""
        border = len(self._sealed)
        on_disk = rows < border
        values = np.empty(len(rows), np.float32)
        for part, first, here in ((self._sealed, 0, on_disk), (self._added, border, ~on_disk)):
            if here.any():
                values[here] = similarities(part.vectors[rows[here] - first], request.query)
        return best(rows, values, ids[rows], request.wanted)
