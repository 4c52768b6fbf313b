"""The space that comes out of a trial: learned from all products, with a score curve from the held-out ones."""

from __future__ import annotations

from similis.algorithm._curve_fit import fit_curve, with_own_threshold
from similis.algorithm.tuning._recipes import Learned, Scatter
from similis.algorithm.tuning._search import Sample
from similis.algorithm.tuning._space import TunedSpace
from similis.algorithm.tuning._trial import Trial


def fit_space(sample: Sample, trial: Trial, threshold: float) -> TunedSpace:
    """Learn a trial's best recipe from all products.

    Args:
        sample: what the trial was made with.
        trial: how it did.
        threshold: the score from which on a match is good, where the held-out products are too few to tell.
    """
    learned = Learned(Scatter.of(sample.vectors, sample.products))
    fitted = fit_curve(trial.experience.similarities, trial.experience.right, threshold)
    curve = with_own_threshold(fitted, trial.experience)
    return TunedSpace(learned.mean, learned.transform(trial.recipe), curve)
