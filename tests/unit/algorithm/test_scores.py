from __future__ import annotations

import numpy as np
import pytest

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


def test_one_half_is_in_the_middle() -> None:
    assert Calibration(0.6, 12.0).score(np.array([0.6]))[0] == 0.5


def test_a_steep_curve_never_reaches_one() -> None:
    assert Calibration(0.0, 1e6).score(np.array([1.0]))[0] < 1
