"""Exact search in memory by faiss."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import faiss
import numpy as np
from numpy.typing import NDArray

from similis.domain import Category, Filter
from similis.engine._changes import in_batches, net_effect
from similis.engine._index import Change, Effort, Hit, IndexSpec, SelectIds, Vectors
from similis.engine._lock import ReadWriteLock
from similis.engine._selection import Selection

# Below faiss's own threshold for matrix products, which would round a query differently in company than alone.
_QUERIES_AT_ONCE = 16
_COMPACT_AT_LEAST = 256
_COMPACT_SHARE = 0.1


class FaissIndex:
    """Exact cosine search over vectors kept in memory, 4·D bytes a picture; see `VectorIndex` for what methods do.

    Removed vectors are only masked at first, for taking one out moves all that follow it, and cleared away together.

    Args:
        select_ids: gives the ids of the pictures that match a filter and have a category.
    """

    def __init__(self, select_ids: SelectIds) -> None:
        self._select_ids = select_ids
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
        queries = self._normalised(vectors)
        with self._lock.reading():
            selection = Selection.of(self._allowed(tree, category), self._masked, self._index.ntotal)
            hits: list[list[Hit]] = []
            for start in range(0, len(queries), _QUERIES_AT_ONCE):
                hits += self._nearest(queries[start : start + _QUERIES_AT_ONCE], k, selection)
            return hits

    def applied_seq(self) -> int:
        """Return the last sequence applied, 0 at first."""
        return self._applied

    def count(self) -> int:
        """Return the number of vectors."""
        with self._lock.reading():
            return len(self._ids)

    def drop(self) -> None:
        """Forget everything, the applied sequence included."""
        with self._lock.writing():
            self._clear()

    def _clear(self) -> None:
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(self._dimension))
        self._ids: set[int] = set()
        self._masked: set[int] = set()
        self._by_category: dict[Category, NDArray[np.int64]] = {}
        self._applied = 0

    @property
    def _dimension(self) -> int:
        if self._spec is None:
            raise RuntimeError("the index was not opened")
        return self._spec.dimension

    def _apply(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        removed, added = net_effect(changes)
        vectors = self._normalised(np.stack(list(added.values()))) if added else None
        self._mask(removed & self._ids, added)
        if vectors is not None:
            self._index.add_with_ids(vectors, np.fromiter(added, dtype=np.int64))
            self._ids |= added.keys()
        self._by_category = {}
        self._applied = changes[-1].seq

    def _mask(self, removed: set[int], added: Iterable[int]) -> None:
        self._ids -= removed
        self._masked |= removed
        full = len(self._masked) > max(_COMPACT_AT_LEAST, _COMPACT_SHARE * len(self._ids))
        if full or not self._masked.isdisjoint(added):
            self._index.remove_ids(faiss.IDSelectorBatch(np.fromiter(self._masked, dtype=np.int64)))
            self._masked = set()

    def _allowed(self, tree: Filter | None, category: Category | None) -> NDArray[np.int64] | None:
        """Ids that may be found, None for all; a picture keeps its category, so a list holds till the next change."""
        if tree is not None:
            return self._select_ids(tree, category)
        if category is None:
            return None
        if category not in self._by_category:
            self._by_category[category] = self._select_ids(None, category)
        return self._by_category[category]

    def _nearest(self, queries: NDArray[np.float32], k: int, selection: Selection) -> list[list[Hit]]:
        """Search for more than k until the last one wanted is no tie with the first one left out."""
        wanted = min(k, selection.size)
        if wanted <= 0:
            return [[] for _ in queries]
        fetched = min(wanted + 1, selection.size)
        while True:
            similarities, ids = self._index.search(queries, fetched, params=selection.parameters())
            tied = similarities[:, wanted - 1] == similarities[:, -1]
            if fetched == selection.size or not tied.any():
                return [_hits(*row, wanted) for row in zip(similarities, ids, strict=True)]
            fetched = min(2 * fetched, selection.size)

    def _normalised(self, vectors: Vectors) -> NDArray[np.float32]:
        """Return rows of length one, so that inner products are cosines even after rounding to float16."""
        if vectors.ndim != 2 or vectors.shape[1] != self._dimension:  # noqa: PLR2004 - rows and columns
            raise ValueError(f"vectors have shape {vectors.shape}, not [n, {self._dimension}]")
        rows = np.array(vectors, dtype=np.float32, order="C")
        faiss.normalize_L2(rows)
        return rows


def _hits(similarities: NDArray[np.float32], ids: NDArray[np.int64], wanted: int) -> list[Hit]:
    found = ids >= 0
    ids, similarities = ids[found], similarities[found]
    order = np.lexsort((ids, -similarities))[:wanted]
    return [Hit(*pair) for pair in zip(ids[order].tolist(), similarities[order].tolist(), strict=True)]
