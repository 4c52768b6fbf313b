from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from similis.evaluation import Ranking, bootstrap_interval, mean_average_precision, recall_at

rankings = st.lists(
    st.builds(
        lambda relevant, more: Ranking(tuple(relevant), max(1, sum(relevant) + more)),
        st.lists(st.booleans(), max_size=120),
        st.integers(0, 150),
    ),
    min_size=1,
    max_size=8,
)


def naive_average_precision(relevant: tuple[bool, ...], possible: int) -> float:
    total, hits = 0.0, 0
    for place, hit in enumerate(relevant[:100], 1):
        if hit:
            hits += 1
            total += hits / place
    return total / min(possible, 100)


@given(rankings, st.integers(1, 20))
def test_figures_equal_a_naive_reference(given_rankings: list[Ranking], k: int) -> None:
    found = sum(1 for ranking in given_rankings if True in ranking.relevant[:k])
    precisions = [naive_average_precision(ranking.relevant, ranking.possible) for ranking in given_rankings]
    assert recall_at(given_rankings, k) == pytest.approx(found / len(given_rankings))
    assert mean_average_precision(given_rankings) == pytest.approx(sum(precisions) / len(precisions))


def test_known_values() -> None:
    best, half, none = Ranking((True, True), 2), Ranking((False, True), 1), Ranking((False, False), 3)
    assert mean_average_precision([best]) == 1.0
    assert mean_average_precision([half]) == 0.5
    assert mean_average_precision([best, half, none]) == pytest.approx(0.5)
    assert [recall_at([best, half, none], k) for k in (1, 2)] == pytest.approx([1 / 3, 2 / 3])


def test_a_hundred_relevant_results_are_enough() -> None:
    assert mean_average_precision([Ranking((True,) * 100, 5000)]) == 1.0


@pytest.mark.parametrize(("share", "count"), [(0.0, 10), (1.0, 10), (0.5, 40), (0.7, 1000)])
def test_the_interval_is_that_of_resampling(share: float, count: int) -> None:
    hits = np.arange(count) < round(share * count)
    random = np.random.default_rng(1)
    shares = [random.choice(hits, count).mean() for _ in range(4000)]
    expected = np.percentile(shares, [2.5, 97.5])
    low, high = bootstrap_interval(share, count)
    assert [low, high] == pytest.approx(expected, abs=1.5 / count if count < 100 else 0.004)
    assert low <= share <= high
