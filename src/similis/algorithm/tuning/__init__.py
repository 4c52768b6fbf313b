"""Tuning: a linear transform of features, learned from the products of one instance and tried on others of them."""

from similis.algorithm.tuning._fit import fit_space
from similis.algorithm.tuning._search import Sample
from similis.algorithm.tuning._space import TunedSpace
from similis.algorithm.tuning._trial import Trial, run_trial

__all__ = ["Sample", "Trial", "TunedSpace", "fit_space", "run_trial"]
