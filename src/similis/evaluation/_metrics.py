"""Figures of retrieval quality, each a mean over queries with a 95 % interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DEPTH = 100
RECALL_DEPTHS = (1, 5, 10)
_RESAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class Ranking:
    """The answer to one query.

    Attributes:
        relevant: for each result, best first, whether it has the query's label; at most `DEPTH` count.
        possible: how many pictures of the gallery have the query's label, the query itself not counted.
    """

    relevant: tuple[bool, ...]
    possible: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float] | NDArray[np.floating]) -> Estimate:
        """The mean of one value a query; percentile bootstrap over the queries (Efron 1979), seed 0."""
        drawn = np.asarray(values, dtype=np.float64)
        random = np.random.default_rng(0)
        means = [drawn[random.integers(0, len(drawn), len(drawn))].mean() for _ in range(_RESAMPLES)]
        low, high = np.percentile(means, [2.5, 97.5])
        return cls(float(drawn.mean()), float(low), float(high))

    def as_dict(self) -> dict[str, object]:
        """Figure and interval, rounded."""
        return {"value": round(self.value, 4), "interval": [round(self.low, 4), round(self.high, 4)]}


@dataclass(frozen=True, slots=True)
class Quality:
    """How early the right pictures come in the results of one way to search.

    Attributes:
        recall: R@k by k: share of queries with a right picture among the first k results.
        map_at_100: mean average precision over the first 100 results, see `average_precision`.
        hits: for each query whether the first result is right, 1.0 or 0.0; pairs two ways of the same queries.
    """

    recall: dict[int, Estimate]
    map_at_100: Estimate
    hits: tuple[float, ...]

    @classmethod
    def of(cls, rankings: Sequence[Ranking]) -> Quality:
        """Measure rankings, at least one, of queries that each have something to find."""
        recall = {k: Estimate.of([recalled(ranking, k) for ranking in rankings]) for k in RECALL_DEPTHS}
        precision = Estimate.of([average_precision(ranking) for ranking in rankings])
        return cls(recall, precision, tuple(recalled(ranking, 1) for ranking in rankings))

    def gain(self, other: Quality) -> Estimate:
        """By how much R@1 is above that of another way on the same queries, pair by pair."""
        return Estimate.of(np.subtract(self.hits, other.hits))

    def as_dict(self) -> dict[str, object]:
        """The figures as JSON can hold them; intervals beside them."""
        figures = {**{f"recall_at_{k}": share for k, share in self.recall.items()}, "map_at_100": self.map_at_100}
        told: dict[str, object] = {}
        for name, figure in figures.items():
            told[name] = round(figure.value, 4)
            told[f"{name}_interval"] = [round(figure.low, 4), round(figure.high, 4)]
        return told


def recalled(ranking: Ranking, k: int) -> float:
    """1.0 when a relevant picture is among the first `k` results, else 0.0 (R@k of metric learning)."""
    return float(any(ranking.relevant[:k]))


def average_precision(ranking: Ranking) -> float:
    """Average precision over the first 100 results.

    The precision at every relevant result is summed and divided by the most relevant results that there could be,
    min(`possible`, 100). A picture searched by name takes one of its 100 places itself.
    """
    relevant = np.asarray(ranking.relevant[:DEPTH], dtype=np.float64)
    precision = np.cumsum(relevant) / np.arange(1, len(relevant) + 1)
    return float((precision * relevant).sum()) / min(ranking.possible, DEPTH)
