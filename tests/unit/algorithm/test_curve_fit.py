"""Curves of scores from results whose chance to be right is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from similis.algorithm import MIN_QUERIES, Calibration, Experience, own_curve
from similis.algorithm._curve_fit import fit_curve
from similis.domain import InstanceType

GENERAL = Calibration.for_type(InstanceType.PRODUCT)


def _experience(curve: Calibration, queries: int, results: int = 10, seed: int = 0) -> Experience:
    """Results that are right as often as a curve says, best first."""
    random = np.random.default_rng(seed)
    similarities = -np.sort(-random.uniform(0, 0.98, (queries, results)), axis=1)
    right = random.random(similarities.shape) < curve.score(similarities)
    best_wrong = np.where(right, 0, similarities).max(1)
    return Experience(similarities.ravel(), right.ravel(), best_wrong)


@given(middle=st.floats(-0.5, 0.8), slope=st.floats(2, 30), seed=st.integers(0, 100))
@settings(max_examples=20, deadline=None)
def test_the_curve_finds_the_probabilities_that_made_the_results(middle: float, slope: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    similarity = random.uniform(-0.8, 1, 4000)
    true = Calibration(middle, slope).score(similarity)
    curve = fit_curve(similarity, random.random(4000) < true, 0.5)
    assert np.abs(curve.score(similarity) - true).max() < 0.12


@pytest.mark.parametrize("right", [True, False])
def test_one_sided_results_still_give_a_rising_curve(right: bool) -> None:
    curve = fit_curve(np.linspace(0, 1, 30), np.full(30, right), 0.5)
    scores = curve.score(np.array([0.0, 0.5, 1.0]))
    assert np.isfinite(scores).all()
    assert (np.diff(scores) > 0).all()
    assert (scores > 0.5).all() == right


@given(middle=st.floats(0.3, 0.9), slope=st.floats(4, 20))
@settings(max_examples=20, deadline=None)
def test_an_instance_gets_the_curve_that_its_products_show(middle: float, slope: float) -> None:
    true = Calibration(middle, slope)
    own = own_curve(_experience(true, 300), GENERAL)
    assert own is not None
    similarity = np.linspace(0, 0.98, 50)
    assert np.abs(own.score(similarity) - true.score(similarity)).mean() < 0.06
    assert (np.diff(own.score(np.linspace(-1, 0.999, 10_001))) > 0).all()


def test_copies_stand_out_among_what_is_right_for_sure() -> None:
    own = own_curve(_experience(Calibration(0.4, 12), 300), GENERAL)
    assert own is not None
    shown = np.round(own.score(np.arange(0.9, 0.999, 0.001)), 6)
    assert (np.diff(shown) > 0).all()
    assert shown[0] > 0.95


def test_a_good_match_is_precise_and_rare_without_the_product() -> None:
    experience = _experience(Calibration(0.6, 12), 300)
    own = own_curve(experience, GENERAL)
    assert own is not None
    assert 0.5 <= own.threshold <= 0.99
    good = own.score(experience.similarities) >= own.threshold
    assert experience.right[good].mean() >= 0.9
    assert (own.score(experience.best_wrong) >= own.threshold).mean() <= 0.05
    lower = own.threshold - 0.01
    without = experience.right[own.score(experience.similarities) >= lower]
    assert without.mean() < 0.9 or (own.score(experience.best_wrong) >= lower).mean() > 0.05


def test_where_nothing_is_ever_right_for_sure_a_good_match_means_what_it_says() -> None:
    own = own_curve(_experience(Calibration(0.9999, 1), 300), GENERAL)
    assert own is not None
    assert own.threshold == 0.9


def test_too_little_tells_nothing() -> None:
    enough = _experience(Calibration(0.6, 12), MIN_QUERIES)
    assert own_curve(enough, GENERAL) is not None
    assert own_curve(_experience(Calibration(0.6, 12), MIN_QUERIES - 1), GENERAL) is None
    for right in (np.zeros_like(enough.right), np.ones_like(enough.right)):
        assert own_curve(Experience(enough.similarities, right, enough.best_wrong), GENERAL) is None
    nothing = np.array([])
    assert own_curve(Experience(nothing, nothing.astype(np.bool_), nothing), GENERAL) is None
