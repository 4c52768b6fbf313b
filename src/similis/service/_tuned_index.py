"""An index in the space of a tuning, which takes features as they are stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from similis.algorithm import Calibration, TunedSpace
from similis.domain import Category, Filter
from similis.engine import Change, Effort, Hit, IndexSpec, VectorIndex, Vectors


class TunedIndex:
    """Maps whatever goes into another index; see `VectorIndex` for what methods do.

    Attributes:
        inner: keeps and searches the mapped vectors.
        space: the tuning's.
    """

    def __init__(self, inner: VectorIndex, space: TunedSpace) -> None:
        self.inner = inner
        self.space = space

    def open(self, spec: IndexSpec) -> None:  # noqa: ARG002 - its dimension is that of what comes in
        """Make the index ready; must come first."""
        self.inner.open(IndexSpec(self.space.dimension))

    def apply(self, changes: Iterable[Change]) -> int:
        """Apply changes in ascending order of `seq` and return the applied sequence."""
        return self.inner.apply(self._mapped(changes))

    def search(
        self,
        vectors: Vectors,
        k: int,
        tree: Filter | None = None,
        category: Category | None = None,
        effort: Effort = Effort.TARGET,
    ) -> list[list[Hit]]:
        """Return the nearest pictures of each query; similarities are those after the map."""
        return self.inner.search(self.space.apply(vectors), k, tree, category, effort)

    def applied_seq(self) -> int:
        """Return the last sequence applied, 0 at first."""
        return self.inner.applied_seq()

    def count(self) -> int:
        """Return the number of vectors."""
        return self.inner.count()

    def drop(self) -> None:
        """Forget everything, the applied sequence included."""
        self.inner.drop()

    def close(self) -> None:
        """Give free what the index holds."""
        self.inner.close()

    def _mapped(self, changes: Iterable[Change]) -> Iterator[Change]:
        for change in changes:
            vector = change.vector
            yield change if vector is None else replace(change, vector=self.space.apply(vector[np.newaxis])[0])


def curve_of(index: VectorIndex, plain: Calibration) -> Calibration:
    """How similarities of an index read as scores: as its tuning says, else as `plain` does."""
    return index.space.calibration if isinstance(index, TunedIndex) else plain
