"""The space that comes out of a trial: learned from all products, with a score curve from the held-out ones."""

from __future__ import annotations

from similis.algorithm._curve_fit import fit_curve
from similis.algorithm.tuning._recipes import Learned, Scatter
from similis.algorithm.tuning._search import Sample
from similis.algorithm.tuning._space import TunedSpace
from similis.algorithm.tuning._trial import Trial


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
