"""Figures of retrieval quality, each from lists that tell for one query which results show what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

DEPTH = 100
_RESAMPLES = 10_000


@dataclass(frozen=True, slots=True)
class Ranking:
    """The answer to one query.

    Attributes:
        relevant: for each result, best first, whether it has the query's label; at most `DEPTH` count.
        possible: how many pictures of the gallery have the query's label, the query itself not counted.
    """

    relevant: tuple[bool, ...]
    possible: int


def recall_at(rankings: Sequence[Ranking], k: int) -> float:
    """Share of queries with at least one relevant picture among the first `k` results (R@k of metric learning)."""
    return float(np.mean([any(ranking.relevant[:k]) for ranking in rankings]))


def mean_average_precision(rankings: Sequence[Ranking]) -> float:
    """Mean average precision over the first 100 results (mAP@100).

    Of each query, the precision at every relevant result is summed and divided by the most relevant results that
    there could be, min(`possible`, 100). A picture searched by name takes one of its 100 places itself.
    """
    return float(np.mean([_average_precision(ranking) for ranking in rankings]))


def _average_precision(ranking: Ranking) -> float:
    relevant = np.asarray(ranking.relevant[:DEPTH], dtype=np.float64)
    precision = np.cumsum(relevant) / np.arange(1, len(relevant) + 1)
    return float((precision * relevant).sum()) / min(ranking.possible, DEPTH)


def bootstrap_interval(share: float, count: int) -> tuple[float, float]:
    """95 % bootstrap interval (percentile method, seed 0) of a share of `count` queries.

    To draw `count` yes-or-no answers with replacement and count the yeses is to draw from a binomial distribution.
    """
    shares = np.random.default_rng(0).binomial(count, share, _RESAMPLES) / count
    low, high = np.percentile(shares, [2.5, 97.5])
    return float(low), float(high)
