"""What searches must find: an exact scan of all rows, for many queries and many conditions at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from similis.domain import All, Category, Comparison, Filter
from similis.evaluation._engine_data import PERCENT, Block, Floats, Integers
from similis.evaluation._engine_report import Exact

Mask: TypeAlias = NDArray[np.bool_]
Field: TypeAlias = Literal["int_attr", "int_attr2"]

# Vectors are stored in 16 bits, which moves a similarity by so much; ten times less than ann-benchmarks allows.
_TOLERANCE = 1e-4


class Condition(Protocol):
    """Which rows each query may find."""

    @property
    def name(self) -> str:
        """What is asked for."""

    def asked(self, query: int) -> tuple[Filter | None, Category | None]:
        """The filter and the category that a search is given."""

    def allowed(self, block: Block) -> Mask | None:
        """The rows that each query may find, bool[q, m]; None for all."""


@dataclass(frozen=True, slots=True)
class Anything:
    """All rows."""

    name: str = "none"

    def asked(self, query: int) -> tuple[Filter | None, Category | None]:  # noqa: ARG002 - all queries ask alike
        """Neither filter nor category."""
        return None, None

    def allowed(self, block: Block) -> Mask | None:  # noqa: ARG002 - all rows
        """All of them."""
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Rows with an attribute in a range of the query's own, so many percent of all.

    Attributes:
        name: what is asked for.
        field: `int_attr` is drawn, `int_attr2` follows from the vector.
        lows: where the range begins, 0..99, int64[q].
        width: of the range.
    """

    name: str
    field: Field
    lows: Integers
    width: int

    def asked(self, query: int) -> tuple[Filter | None, Category | None]:
        """The range as a filter."""
        low = int(self.lows[query])
        return All((Comparison(self.field, ">=", low), Comparison(self.field, "<", low + self.width))), None

    def allowed(self, block: Block) -> Mask | None:
        """The rows inside."""
        values = block.drawn if self.field == "int_attr" else block.percentile
        lows = self.lows[:, np.newaxis]
        inside: Mask = (values >= lows) & (values < lows + self.width)
        return inside


@dataclass(frozen=True, slots=True, eq=False)
class OwnCategory:
    """Rows of the query's own category.

    Attributes:
        numbers: of the categories, int64[q].
        name: what is asked for.
    """

    numbers: Integers
    name: str = "category"

    def asked(self, query: int) -> tuple[Filter | None, Category | None]:
        """The category."""
        return None, Category(int(self.numbers[query]))

    def allowed(self, block: Block) -> Mask | None:
        """The rows in it."""
        same: Mask = block.categories == self.numbers[:, np.newaxis]
        return same


def windows(queries: Block, width: int) -> list[Window]:
    """Ranges of `width` percent: drawn, of the query's own end of the axis, and of the other end."""
    half, last = width // 2, PERCENT - width
    own = np.clip(queries.percentile - half, 0, last)
    other = np.clip((queries.percentile + PERCENT // 2) % PERCENT - half, 0, last)
    return [
        Window(f"{width} %, not correlated", "int_attr", np.minimum(queries.drawn, last), width),
        Window(f"{width} %, like the query", "int_attr2", own, width),
        Window(f"{width} %, unlike the query", "int_attr2", other, width),
    ]


class Nearest:
    """The best similarities of each query so far.

    Args:
        queries: how many.
        count: wanted of each.

    Attributes:
        best: descending, float32[q, count]; minus infinity where there are no more.
    """

    def __init__(self, queries: int, count: int) -> None:
        self.best = np.full((queries, count), -np.inf, np.float32)

    def take(self, values: Floats, allowed: Mask | None) -> None:
        """Look at the similarities of further rows, float32[q, m]."""
        better = values > self.best[:, -1:]
        if allowed is not None:
            better &= allowed
        for query in np.flatnonzero(better.any(axis=1)):
            joined = np.concatenate([self.best[query], values[query, better[query]]])
            self.best[query] = -np.sort(-joined)[: self.best.shape[1]]

    def recall(self, similarities: Sequence[Sequence[float]]) -> float:
        """Share of what had to be found that was found: as near as the last of the true ones, or nearer."""
        least = np.where(np.isfinite(self.best), self.best, np.inf).min(axis=1) - _TOLERANCE
        there = np.isfinite(self.best).sum(axis=1)
        found = [
            min(sum(value >= limit for value in row), wanted)
            for row, limit, wanted in zip(similarities, least, there, strict=True)
        ]
        return float(np.sum(found) / max(np.sum(there), 1))


def scan(
    blocks: Iterable[Block],
    queries: Floats,
    conditions: Sequence[Condition],
    count: int,
    advance: Callable[[int], None],
) -> tuple[list[Nearest], Exact]:
    """Compare all queries with all rows.

    Args:
        blocks: the rows.
        queries: of unit length, float32[q, D].
        conditions: which rows may be found; the time of the first one is taken.
        count: neighbours wanted of each query.
        advance: told how many rows are done.

    Returns:
        What is nearest under each condition, and what the first one took, without making the rows.
    """
    nearest = [Nearest(len(queries), count) for _ in conditions]
    seconds = processor = 0.0
    for block in blocks:
        begun, worked = time.perf_counter(), time.process_time()
        values = queries @ block.vectors.T
        nearest[0].take(values, conditions[0].allowed(block))
        seconds += time.perf_counter() - begun
        processor += time.process_time() - worked
        for each, condition in zip(nearest[1:], conditions[1:], strict=True):
            each.take(values, condition.allowed(block))
        advance(block.first + len(block))
    return nearest, Exact(1000 * seconds / len(queries), 1000 * processor / len(queries))
