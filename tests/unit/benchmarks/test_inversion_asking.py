"""What scores tell of stored vectors, on random ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.inversion._asking import Asking
from benchmarks.inversion._measures import mean
from benchmarks.inversion._pictures import Pictures
from benchmarks.inversion._rotation import recovered, unit_rows
from benchmarks.inversion._splits import Split
from benchmarks.inversion._stage import Stage
from numpy.typing import NDArray

from similis.privacy._transform import rotation

DIMENSION, OWN, STORED = 32, 400, 60
TARGETS = np.arange(OWN, OWN + 10)


@pytest.fixture(scope="module")
def stage() -> Stage:
    rng = np.random.default_rng(0)
    features = unit_rows(rng.standard_normal((OWN + STORED, DIMENSION)).astype(np.float32))
    names = np.array([str(row) for row in range(len(features))])
    nothing = np.zeros((len(features), 2, 2, 3), np.uint8)
    pictures = Pictures(names, names, names, np.zeros(len(features), np.int64), features, nothing)
    who = Split(np.arange(OWN), np.arange(OWN, OWN + STORED), {"known": TARGETS})
    return Stage(pictures, who, rotation(b"key".ljust(32), DIMENSION))


def _cosine(stage: Stage, guesses: NDArray[np.float32]) -> float:
    return mean(recovered(guesses, stage.features(TARGETS))[0]).value


def test_as_many_scores_as_dimensions_tell_the_features(stage: Stage) -> None:
    asking = Asking(stage, listed=STORED)
    assert _cosine(stage, asking.at_large(TARGETS, DIMENSION)) > 0.99
    assert _cosine(stage, asking.at_large(TARGETS, DIMENSION // 4)) < 0.8


def test_another_key_tells_no_less(stage: Stage) -> None:
    other = replace(stage, rotation=rotation(b"other".ljust(32), DIMENSION))
    assert _cosine(stage, Asking(other, listed=STORED).at_large(TARGETS, 2 * DIMENSION)) > 0.99


def test_rounding_and_short_lists_make_it_take_longer(stage: Stage) -> None:
    everything = _cosine(stage, Asking(stage, listed=STORED).at_large(TARGETS, DIMENSION))
    assert _cosine(stage, Asking(stage, decimals=1, listed=STORED).at_large(TARGETS, DIMENSION)) < everything - 0.05
    assert _cosine(stage, Asking(stage, listed=6).at_large(TARGETS, DIMENSION)) < everything - 0.05


def test_whoever_is_after_one_picture_needs_fewer_searches(stage: Stage) -> None:
    asking = Asking(stage, listed=6)
    aimed, at_large = asking.aimed(TARGETS, 128), asking.at_large(TARGETS, 128)
    assert _cosine(stage, aimed) > _cosine(stage, at_large) + 0.02
