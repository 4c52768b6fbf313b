from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from similis.evaluation import Estimate, Quality, Ranking, average_precision, recalled

rankings = st.builds(
    lambda relevant, more: Ranking(tuple(relevant), max(1, sum(relevant) + more)),
    st.lists(st.booleans(), max_size=120),
    st.integers(0, 150),
)


def naive_average_precision(relevant: tuple[bool, ...], possible: int) -> float:
    total, hits = 0.0, 0
    for place, hit in enumerate(relevant[:100], 1):
        if hit:
            hits += 1
            total += hits / place
    return total / min(possible, 100)


@given(rankings, st.integers(1, 20))
def test_figures_equal_a_naive_reference(ranking: Ranking, k: int) -> None:
    assert recalled(ranking, k) == float(True in ranking.relevant[:k])
    expected = naive_average_precision(ranking.relevant, ranking.possible)
    assert average_precision(ranking) == pytest.approx(expected)


def test_known_values() -> None:
    best, half, none = Ranking((True, True), 2), Ranking((False, True), 1), Ranking((False, False), 3)
    assert [average_precision(each) for each in (best, half, none)] == [1.0, 0.5, 0.0]
    quality = Quality.of([best, half, none])
    assert [quality.recall[k].value for k in (1, 5)] == pytest.approx([1 / 3, 2 / 3])
    assert quality.map_at_100.value == pytest.approx(0.5)
    assert quality.hits == (1.0, 0.0, 0.0)


def test_a_hundred_relevant_results_are_enough() -> None:
    assert average_precision(Ranking((True,) * 100, 5000)) == 1.0


@pytest.mark.parametrize(("share", "count"), [(0.0, 10), (1.0, 10), (0.5, 40), (0.7, 1000)])
def test_the_interval_of_a_share_is_binomial(share: float, count: int) -> None:
    """To draw yes-or-no answers with replacement and count the yeses is to draw from a binomial distribution."""
    estimate = Estimate.of([float(place < share * count) for place in range(count)])
    shares = np.random.default_rng(1).binomial(count, share, 20_000) / count
    expected = np.percentile(shares, [2.5, 97.5])
    assert [estimate.low, estimate.high] == pytest.approx(expected, abs=1.5 / count if count < 100 else 0.004)
    assert estimate.low <= estimate.value <= estimate.high


def test_a_gain_is_measured_query_by_query() -> None:
    """The same hard queries are hard both ways: the interval of the difference is narrower than those of the two."""
    hit, miss = Ranking((True,), 1), Ranking((False,), 1)
    one, other = Quality.of([hit] * 60 + [miss] * 40), Quality.of([hit] * 50 + [miss] * 50)
    gain = one.gain(other)
    assert gain.value == pytest.approx(0.1)
    assert 0 < gain.low < gain.high
    assert gain.high - gain.low < one.recall[1].high - one.recall[1].low
    assert other.gain(one).value == pytest.approx(-0.1)
