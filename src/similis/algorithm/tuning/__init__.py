"""Tuning: a linear transform of features, learned from the products of one instance and tried on others of them."""

from similis.algorithm.tuning._space import TunedSpace

__all__ = ["TunedSpace"]
