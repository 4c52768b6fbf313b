"""Fitting curves of scores: from results of which it is known whether they are right."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from similis.algorithm._scores import Calibration, as_closeness

# Fewer do not tell an instance's curve from the one for all: with 60 pictures the scores are .06 off in the mean,
# with 30 .07, with 10 .11 (docs/models.md).
MIN_QUERIES = 60
_MIN_RESULTS = 30
_MIN_GOOD = 10
_PRECISION = 0.9
_FALSE_MATCHES = 0.05
_STEPS = 50
_CLOSE = 1e-6
_LIMIT = 30.0  # of log-odds
_FLATTEST = 0.1  # scores must rise with similarity, whatever the sample says
_FURTHEST = 20.0  # where one half may lie, as closeness: beyond, no similarity below 1 is that close


@dataclass(frozen=True, slots=True, eq=False)
class Experience:
    """What stored pictures, whose products have others, find when each is searched for among all others.

    Attributes:
        similarities: of the ten best results of each, float64[n].
        right: whether each result is of the same product, bool[n].
        best_wrong: similarity of the best result of another product, one a picture searched for, float64[q].
    """

    similarities: NDArray[np.float64]
    right: NDArray[np.bool_]
    best_wrong: NDArray[np.float64]


def own_curve(experience: Experience, general: Calibration) -> Calibration | None:
    """The curve of an instance by its own products, None where there are too few to tell.

    Args:
        experience: what the pictures of those products find.
        general: the curve for all collections.
    """
    if not _tells(experience):
        return None
    fitted = fit_curve(experience.similarities, experience.right, 0.5)
    return with_own_threshold(replace(fitted, general=general), experience)


def with_own_threshold(curve: Calibration, experience: Experience) -> Calibration:
    """A curve with the threshold that products tell; as it is where there are too few to tell.

    A match is good from the score on at which nine of ten results were right and at most one in twenty pictures
    would have had a good match without its product.
    """
    if not _tells(experience):
        return curve
    false = float(np.quantile(curve.score(experience.best_wrong), 1 - _FALSE_MATCHES, method="higher"))
    precise = _precise_from(curve.score(experience.similarities), experience.right)
    return replace(curve, threshold=round(min(max(precise, math.ceil(100 * false) / 100), 0.99), 2))


def _tells(experience: Experience) -> bool:
    right = int(experience.right.sum())
    wrong = len(experience.right) - right
    return len(experience.best_wrong) >= MIN_QUERIES and min(right, wrong) >= _MIN_RESULTS


def fit_curve(similarities: NDArray[np.float64], right: NDArray[np.bool_], threshold: float) -> Calibration:
    """The curve through similarities, float64[n], and whether their pictures were of the same product.

    With the smoothed targets of Platt, "Probabilistic outputs for support vector machines" (1999), which keep the
    curve finite where all are right or all wrong; solved by Newton's method.

    Args:
        similarities: of results.
        right: whether each result was right.
        threshold: the score from which on a match is good, which a probability keeps its meaning for.
    """
    wrong = ~right
    targets = np.where(right, (right.sum() + 1) / (right.sum() + 2), 1 / (wrong.sum() + 2))
    design = np.stack([as_closeness(similarities), np.ones_like(similarities)], 1)
    weights = np.zeros(2)
    for _ in range(_STEPS):
        predicted = 1 / (1 + np.exp(-np.clip(design @ weights, -_LIMIT, _LIMIT)))
        curvature = (design * (predicted * (1 - predicted))[:, np.newaxis]).T @ design + _CLOSE * np.eye(2)
        step = np.linalg.solve(curvature, design.T @ (targets - predicted))
        weights += step
        if np.abs(step).max() < _CLOSE:
            break
    slope = max(float(weights[0]), _FLATTEST)
    middle = min(max(-float(weights[1]) / slope, -_FURTHEST), _FURTHEST)
    return Calibration.of_closeness(middle, slope, threshold)


def _precise_from(scores: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The least score, in hundredths, from which on results are precise; nine tenths where too few get there."""
    for step in np.arange(50, 100) / 100:
        good = right[scores >= step]
        if len(good) >= _MIN_GOOD and good.mean() >= _PRECISION:
            return float(step)
    return _PRECISION
