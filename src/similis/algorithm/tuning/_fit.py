"""The space that comes out of a trial: learned from all products, with a score curve from the held-out ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from similis.algorithm._scores import Calibration, as_closeness
from similis.algorithm.tuning._recipes import Learned, Scatter
from similis.algorithm.tuning._search import Sample
from similis.algorithm.tuning._space import TunedSpace
from similis.algorithm.tuning._trial import Trial

_STEPS = 50
_CLOSE = 1e-6
_LIMIT = 30.0  # of log-odds
_FLATTEST = 0.1  # scores must rise with similarity, whatever the sample says
_FURTHEST = 20.0  # where one half may lie, as closeness: beyond, no similarity below 1 is that close


def fit_space(sample: Sample, trial: Trial, threshold: float) -> TunedSpace:
    """Learn a trial's best recipe from all products.

    Args:
        sample: what the trial was made with.
        trial: how it did.
        threshold: the score from which on a match is good.
    """
    learned = Learned(Scatter.of(sample.vectors, sample.products))
    curve = fit_curve(trial.similarities, trial.right, threshold)
    return TunedSpace(learned.mean, learned.transform(trial.recipe), curve)


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
