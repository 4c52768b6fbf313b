"""Exact search in memory by faiss."""

from __future__ import annotations

from collections.abc import Iterable

from similis.domain import Category, Filter
from similis.engine._index import Change, Effort, Hit, IndexSpec, SelectIds, Vectors


class FaissIndex:
    """Exact cosine search over vectors kept in memory, float32."""

    def __init__(self, select_ids: SelectIds) -> None:
        self._select_ids = select_ids

    def open(self, spec: IndexSpec) -> None:
        raise NotImplementedError

    def apply(self, changes: Iterable[Change]) -> int:
        raise NotImplementedError

    def search(
        self,
        vectors: Vectors,
        k: int,
        tree: Filter | None = None,
        category: Category | None = None,
        effort: Effort = Effort.EXACT,
    ) -> list[list[Hit]]:
        raise NotImplementedError

    def applied_seq(self) -> int:
        raise NotImplementedError

    def count(self) -> int:
        raise NotImplementedError

    def drop(self) -> None:
        raise NotImplementedError
