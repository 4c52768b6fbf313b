from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from similis.algorithm import Calibration
from similis.domain import InstanceType


@pytest.mark.parametrize("kind", InstanceType)
def test_scores_grow_strictly_and_stay_below_one(kind: InstanceType) -> None:
    similarity = np.linspace(-1, 1, 10_001)
    scores = Calibration.for_type(kind).score(similarity)
    assert (np.diff(scores) > 0).all()
    assert scores.min() >= 0
    assert scores.max() < 1


@pytest.mark.parametrize("kind", InstanceType)
def test_unlike_pictures_score_low_and_like_ones_high(kind: InstanceType) -> None:
    unlike, like = Calibration.for_type(kind).score(np.array([0.0, 0.98]))
    assert unlike < 0.2
    assert like > 0.8


@given(middle=st.floats(-0.9, 0.99), slope=st.floats(0.1, 50))
def test_one_half_is_in_the_middle_and_the_slope_is_that_of_the_log_odds(middle: float, slope: float) -> None:
    step = 1e-6
    low, half, high = Calibration(middle, slope).score(np.array([middle - step, middle, middle + step]))
    assert half == pytest.approx(0.5)
    odds = np.log([low / (1 - low), high / (1 - high)])
    assert (odds[1] - odds[0]) / (2 * step) == pytest.approx(slope, rel=1e-3)


def test_a_copy_of_whatever_collection_scores_high() -> None:
    for kind in InstanceType:
        assert Calibration.for_type(kind).score(np.array([0.995]))[0] > 0.95


def test_a_steep_curve_never_reaches_one() -> None:
    assert Calibration(0.0, 1e6).score(np.array([1.0]))[0] < 1
