"""What every index of vectors does, whatever stands behind it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from similis.domain import Attributes, Category, Filter

Vectors: TypeAlias = NDArray[np.floating[Any]]


class Operation(StrEnum):
    """What a change does to the index."""

    ADD = "add"
    UPDATE = "update"
    REMOVE = "remove"


class Effort(StrEnum):
    """How hard a search tries: to find 99 % of the true neighbours on average, or all of them."""

    TARGET = "target"
    EXACT = "exact"


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """Shape of an index: vectors of `dimension` numbers, compared by cosine similarity."""

    dimension: int


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """One entry of the change log.

    Attributes:
        seq: place in the log, ascending.
        picture_id: what is added, updated or removed.
        vector: with an addition, D numbers of any float type; None when its picture is gone already.
        category: with an addition or an update.
        attributes: with an addition or an update; those of now, which a later update repeats.
    """

    seq: int
    operation: Operation
    picture_id: int
    vector: Vectors | None = None
    category: Category = Category.OTHER
    attributes: Attributes = Attributes()


class Hit(NamedTuple):
    """One neighbour: a picture and the cosine of the angle between its vector and the query, -1..1."""

    picture_id: int
    similarity: float


class VectorIndex(Protocol):
    """Finds nearest vectors; a view of the catalogue that can be rebuilt from its change log at any time.

    Feed it from the log after `applied_seq`; what was applied before is passed over. Threads may share it.
    """

    def open(self, spec: IndexSpec) -> None:
        """Make the index ready; must come first."""

    def apply(self, changes: Iterable[Change]) -> int:
        """Apply changes in ascending order of `seq` and return the applied sequence.

        Changes up to `applied_seq` are passed over, so that a replay changes nothing.

        Raises:
            ValueError: the changes are out of order or a vector has the wrong dimension.
        """

    def search(
        self,
        vectors: Vectors,
        k: int,
        tree: Filter | None = None,
        category: Category | None = None,
        effort: Effort = Effort.TARGET,
    ) -> list[list[Hit]]:
        """Return the nearest pictures of each query, best first; ties are ordered by picture id.

        Args:
            vectors: n queries, shape [n, D].
            k: how many neighbours of each are wanted; fewer come where there are not so many.
            tree: only pictures whose attributes match.
            category: only pictures of this category.
            effort: how hard to try.

        Raises:
            ValueError: a query has the wrong dimension.
        """

    def applied_seq(self) -> int:
        """Return the last sequence applied, 0 at first."""

    def count(self) -> int:
        """Return the number of vectors."""

    def drop(self) -> None:
        """Forget everything, the applied sequence included."""

    def close(self) -> None:
        """Give free what the index holds; what is durable stays."""
