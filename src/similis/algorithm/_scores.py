"""Calibration: from cosine similarities to scores on a scale of 0 to 1."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from similis.algorithm._weights import load_figures
from similis.domain import InstanceType

_BELOW_ONE = np.nextafter(1.0, 0.0)
_CLOSEST = 1e-9
_SHARE_OF_GENERAL = 0.05


@dataclass(frozen=True, slots=True)
class Calibration:
    """A log-logistic curve: the log-odds of a match fall with the logarithm of the distance, 1 − similarity.

    The built-in ones are fitted by `training/calibration.py`, on the ten best results of queries, right and wrong
    ones as often as they come. Right means the same product on the shelf or the same catalogue line (product), or
    the same kind of thing (generic). How near wrong pictures come differs from collection to collection, and the
    curve stands for the mean of those it was fitted on; docs/models.md tells how far it was off on each.

    On the distance's logarithm, collections differ in the middle but hardly in the slope, and copies come near 1.

    Attributes:
        middle: the similarity whose score is one half, below 1.
        slope: how steeply the log-odds grow with the similarity there.
        threshold: the score from which on a match is good, unless the user says otherwise.
        general: the curve for all collections, where this one is of a single instance. It has a twentieth of the say,
            so that copies still stand out among what is right for sure.
    """

    middle: float
    slope: float
    threshold: float = 0.5
    general: Calibration | None = None

    @classmethod
    def for_type(cls, kind: InstanceType) -> Self:
        """The curve of product search ("same product") or generic search ("same thing")."""
        curve = load_figures("scores")[kind.value]
        return cls(curve["middle"], curve["slope"], curve["threshold"])

    @classmethod
    def of_closeness(cls, closeness: float, slope: float, threshold: float) -> Self:
        """The curve through one half at a closeness, −log(1 − similarity), with its slope over closeness."""
        distance = math.exp(-closeness)
        return cls(1 - distance, slope / distance, threshold)

    def score(self, similarity: NDArray[np.floating]) -> NDArray[np.float64]:
        """Scores in [0, 1) of an array of similarities; strictly monotone.

        1.0 is left to identical features, which only the stored vectors can tell.
        """
        distance = 1 - self.middle
        odds = self.slope * distance * (as_closeness(similarity) + math.log(distance))
        own = np.exp(-np.logaddexp(0, -odds))
        if self.general is not None:
            own += _SHARE_OF_GENERAL * (self.general.score(similarity) - own)
        return np.minimum(own, _BELOW_ONE)


def as_closeness(similarity: NDArray[np.floating]) -> NDArray[np.float64]:
    """−log(1 − similarity), on which the log-odds of a match are a straight line."""
    closeness: NDArray[np.float64] = -np.log(np.maximum(1 - np.asarray(similarity, np.float64), _CLOSEST))
    return closeness
