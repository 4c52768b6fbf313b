from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from similis.evaluation import Detection, Reliability
from similis.evaluation._trust import auroc, threshold_at

scores = st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.7, 0.99, 1.0]), min_size=1, max_size=30)


@given(scores, scores)
def test_auroc_counts_pairs(positive: list[float], negative: list[float]) -> None:
    pairs = [(p > n) + (p == n) / 2 for p in positive for n in negative]
    assert auroc(positive, negative) == pytest.approx(sum(pairs) / len(pairs))


@given(scores, st.sampled_from([0.0, 0.01, 0.1, 0.5]))
def test_the_threshold_is_the_lowest_that_keeps_the_rate(negative: list[float], rate: float) -> None:
    threshold = threshold_at(negative, rate)
    assert np.mean(np.array(negative) >= threshold) <= rate
    below = [score for score in negative if score < threshold]
    if below:
        assert np.mean(np.array(negative) >= max(below)) > rate


def test_calibrated_scores_have_no_error_and_bold_ones_do() -> None:
    random = np.random.default_rng(0)
    given_scores = random.random(20_000)
    right = random.random(20_000) < given_scores
    assert Reliability.of(given_scores.tolist(), right.tolist()).error < 0.02
    bold = Reliability.of(np.full(100, 0.95).tolist(), [True] * 45 + [False] * 55)
    assert bold.error == pytest.approx(0.5)
    [only] = bold.bins
    assert (only.count, only.score, only.right) == pytest.approx((100, 0.95, 0.45))


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_the_bins_hold_every_result_once(results: list[tuple[float, bool]]) -> None:
    curve = Reliability.of(*map(list, zip(*results, strict=True)))
    assert sum(each.count for each in curve.bins) == len(results)
    assert sum(each.count * each.right for each in curve.bins) == pytest.approx(sum(right for _, right in results))
    assert all(low.score < high.score for low, high in zip(curve.bins, curve.bins[1:], strict=False))
    assert 0 <= curve.error <= 1


def test_detection() -> None:
    absent = [place / 1000 for place in range(1000)]
    detection = Detection.of([0.995, 0.995, 0.5, 0.2], [*absent], [True, False, True, False])
    assert 0.989 < detection.threshold < 0.990
    assert detection.right_kept(detection.threshold) == 0.5
    assert detection.false_matches(detection.threshold) == pytest.approx(0.01)
    assert detection.false_matches(0.0) == 1.0
    assert detection.right_kept(0.0) == 1.0


def test_without_a_right_result_nothing_is_kept() -> None:
    assert Detection.of([0.4], [0.4], [False]).right_kept(0.0) == 0.0
