"""Rows of vectors, and what is computed of them in the same way wherever they lie."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from similis.engine._index import Vectors

Rows = NDArray[np.int64]
Floats = NDArray[np.float32]
_SCANNED_AT_ONCE = 4096  # rows, 8 MB of them at 512 dimensions
_MOVED_AT_ONCE = 1024
_FIRST_ROOM = 1024
_BITS_OF_HALVES = np.int32(-0x70002000)  # sign, exponent and fraction; between them are copies of the sign
_BETWEEN_EXPONENTS = np.float32(2.0**112)


class StoredVectors(Protocol):
    """Vectors as the catalogue has them, float16[n, D]: an array in memory, or what reads like one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and numbers in each."""

    def __len__(self) -> int:
        """How many rows there are."""

    def __getitem__(self, rows: slice | Rows, /) -> NDArray[np.float16]:
        """Return some rows."""


class Found(NamedTuple):
    """The nearest rows of one query, best first; equal ones by their number in `order`."""

    rows: Rows
    similarities: Floats


NOTHING = Found(np.empty(0, np.int64), np.empty(0, np.float32))


class GrowingVectors:
    """Vectors in memory, float16[n, D] as the catalogue has them."""

    def __init__(self, dimension: int) -> None:
        self._array = np.empty((0, dimension), np.float16)
        self._count = 0

    @property
    def array(self) -> NDArray[np.float16]:
        """All of them; a view that later additions do not change, but `keep` does."""
        return self._array[: self._count]

    def append(self, vectors: Vectors) -> None:
        """Add vectors, any float type [m, D]."""
        count = self._count + len(vectors)
        if count > len(self._array):
            room = max(count, len(self._array) + len(self._array) // 4, _FIRST_ROOM)
            grown = np.empty((room, self._array.shape[1]), np.float16)
            grown[: self._count] = self.array
            self._array = grown
        self._array[self._count : count] = vectors
        self._count = count

    def keep(self, rows: Rows) -> None:
        """Drop all but some rows, ascending, in the memory that they have: a copy would take as much once more.

        Nothing is left of the others there.
        """
        for start in range(0, len(rows), _MOVED_AT_ONCE):  # forward: where rows go, none is that has yet to move
            part = rows[start : start + _MOVED_AT_ONCE]
            self._array[start : start + len(part)] = self._array[part]
        self._array[len(rows) : self._count] = 0
        self._count = len(rows)


def normalised(vectors: Vectors) -> Floats:
    """Return rows of length one, float32; a row of zeros stays as it is."""
    rows = _widened(vectors) if vectors.dtype == np.float16 else np.array(vectors, np.float32, order="C")
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    rows /= np.where(lengths > 0, lengths, 1)[:, np.newaxis]
    return rows


def _widened(vectors: Vectors) -> Floats:
    """Finite float16 as float32, exactly; six times as quick as numpy's own conversion.

    Sign, exponent and fraction are moved to where float32 has them; what is then left is a power of two, for the
    exponents of the two begin at 2⁻¹⁴ and 2⁻¹²⁶.
    """
    bits = vectors.view(np.int16).astype(np.int32, order="C")
    bits <<= 13
    bits &= _BITS_OF_HALVES
    rows = bits.view(np.float32)
    rows *= _BETWEEN_EXPONENTS
    return rows


def similarities(vectors: Vectors, query: Floats) -> Floats:
    """Cosines of rows [n, D] with a query of length one, float32[n].

    Row by row, not as a matrix product: equal rows must get equal numbers wherever they stand.
    """
    products: Floats = np.einsum("ij,j->i", normalised(vectors), query)
    return products


def best(rows: Rows, values: Floats, order: Rows, count: int) -> Found:
    """The `count` rows of the highest similarity; equal ones by their number in `order`."""
    if len(rows) > count:
        kept = values >= np.partition(values, -count)[-count]
        rows, values, order = rows[kept], values[kept], order[kept]
    places = np.lexsort((order, -values))[:count]
    return Found(rows[places], values[places])


def scan(vectors: StoredVectors, queries: Floats, count: int, rows: Rows | None = None) -> list[Found]:
    """Exact search over all vectors, or over some rows; for many queries at once, as it reads everything.

    Args:
        vectors: float16[n, D].
        queries: of length one, float32[q, D].
        count: neighbours wanted of each.
        rows: which may be found, ascending; all by default.
    """
    total = len(vectors) if rows is None else len(rows)
    kept = [NOTHING] * len(queries)
    for start in range(0, total, _SCANNED_AT_ONCE):
        end = min(start + _SCANNED_AT_ONCE, total)
        part = np.arange(start, end) if rows is None else rows[start:end]
        block = normalised(vectors[start:end] if rows is None else vectors[part])
        kept = [_merged(old, part, values, count) for old, values in zip(kept, queries @ block.T, strict=True)]
    return kept


def _merged(old: Found, rows: Rows, values: Floats, count: int) -> Found:
    if len(old.rows) == count:
        better = values > old.similarities[-1]
        rows, values = rows[better], values[better]
    rows, values = np.concatenate([old.rows, rows]), np.concatenate([old.similarities, values])
    return best(rows, values, rows, count)
