"""The embedded index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from similis.domain import Category, Filter
from similis.engine._changes import in_batches, net_effect
from similis.engine._columns import Columns, Mask
from similis.engine._exact import ExactRows
from similis.engine._index import Change, Effort, Hit, IndexSpec, Vectors
from similis.engine._lock import ReadWriteLock
from similis.engine._vectors import Floats, Found, normalised

_COMPACT_AT_LEAST = 256
_COMPACT_SHARE = 0.1


class FaissIndex:
    """Cosine search on this machine; see `VectorIndex` for what methods do.

    Removed vectors are only masked at first, for taking one out moves all that follow it, and cleared away together.
    """

    def __init__(self) -> None:
        self._lock = ReadWriteLock()
        self._spec: IndexSpec | None = None

    def open(self, spec: IndexSpec) -> None:
        """Make the index ready, empty; must come first."""
        with self._lock.writing():
            self._spec = spec
            self._clear()

    def apply(self, changes: Iterable[Change]) -> int:
        """Apply changes in ascending order, pass over those applied before, return the applied sequence.

        Raises:
            ValueError: the changes are out of order or a vector has the wrong dimension.
        """
        for batch in in_batches(changes):
            with self._lock.writing():
                self._apply([change for change in batch if change.seq > self._applied])
        return self._applied

    def search(
        self,
        vectors: Vectors,
        k: int,
        tree: Filter | None = None,
        category: Category | None = None,
        effort: Effort = Effort.EXACT,  # noqa: ARG002 - it is always exact
    ) -> list[list[Hit]]:
        """Return the nearest k pictures of each query, best first; ties are ordered by picture id.

        Raises:
            ValueError: a query has the wrong dimension.
        """
        queries = self._checked(vectors)
        with self._lock.reading():
            mask, ids = self._mask(tree, category), self._columns.ids
            return [_hits(found, ids) for found in self._exact.search(queries, k, mask, ids)]

    def applied_seq(self) -> int:
        """Return the last sequence applied, 0 at first."""
        return self._applied

    def count(self) -> int:
        """Return the number of vectors."""
        with self._lock.reading():
            return int(self._columns.alive.sum())

    def drop(self) -> None:
        """Forget everything, the applied sequence included."""
        with self._lock.writing():
            self._clear()

    def close(self) -> None:
        """Give free what the index holds."""
        self.drop()

    def _clear(self) -> None:
        self._columns = Columns()
        self._exact = ExactRows(self._dimension)
        self._masks: dict[Category | None, Mask] = {}
        self._applied = 0

    @property
    def _dimension(self) -> int:
        if self._spec is None:
            raise RuntimeError("the index was not opened")
        return self._spec.dimension

    def _apply(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        net = net_effect(changes)
        vectors = self._checked(_stacked(net.added)) if net.added else None
        for picture_id in net.removed:
            self._columns.remove(picture_id)
        for change in net.updated:
            self._columns.update(change)
        if vectors is not None:
            self._columns.append(net.added)
            self._exact.append(vectors)
        self._masks = {}
        self._applied = changes[-1].seq
        self._compact()

    def _compact(self) -> None:
        living = np.flatnonzero(self._columns.alive)
        dead = len(self._columns) - len(living)
        if dead > max(_COMPACT_AT_LEAST, _COMPACT_SHARE * len(living)):
            self._columns, self._exact = self._columns.take(living), self._exact.take(living)

    def _mask(self, tree: Filter | None, category: Category | None) -> Mask:
        """Rows that may be found; those of a category, which most searches ask for, are remembered."""
        if tree is not None:
            return self._columns.mask(tree, category)
        if category not in self._masks:
            self._masks[category] = self._columns.mask(None, category)
        return self._masks[category]

    def _checked(self, vectors: Vectors) -> Floats:
        """Return rows of length one, so that inner products are cosines even after rounding to float16."""
        if vectors.ndim != 2 or vectors.shape[1] != self._dimension:  # noqa: PLR2004 - rows and columns
            raise ValueError(f"vectors have shape {vectors.shape}, not [n, {self._dimension}]")
        return normalised(vectors)


def _hits(found: Found, ids: NDArray[np.int64]) -> list[Hit]:
    return [Hit(*pair) for pair in zip(ids[found.rows].tolist(), found.similarities.tolist(), strict=True)]


def _stacked(added: Sequence[Change]) -> Vectors:
    return np.stack([change.vector for change in added if change.vector is not None])
