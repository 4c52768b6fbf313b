"""Calibration: from cosine similarities to scores on a scale of 0 to 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from similis.algorithm._weights import load_figures
from similis.domain import InstanceType

_BELOW_ONE = np.nextafter(1.0, 0.0)


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic curve over cosine similarity, fitted by `training/calibration.py`.

    It was fitted on the ten best results of queries in collections of some thousand pictures, right and wrong ones
    weighing the same: a score of one half is where a result is as likely right as wrong. Right means the same product
    on the shelf or the same catalogue line (product), or the same kind of thing (generic). Where right ones abound,
    as in most of the development sets, the score understates how often a result is right.

    Attributes:
        middle: the similarity whose score is one half.
        slope: how steeply the log-odds grow with the similarity.
        threshold: the score from which on a match is good, unless the user says otherwise.
    """

    middle: float
    slope: float
    threshold: float = 0.5

    @classmethod
    def for_type(cls, kind: InstanceType) -> Self:
        """The curve of product search ("same product") or generic search ("same thing")."""
        curve = load_figures("scores")[kind.value]
        return cls(curve["middle"], curve["slope"], curve["threshold"])

    def score(self, similarity: NDArray[np.floating]) -> NDArray[np.float64]:
        """Scores in [0, 1) of an array of similarities; strictly monotone.

        1.0 is left to identical features, which only the stored vectors can tell.
        """
        odds = self.slope * (np.asarray(similarity, np.float64) - self.middle)
        return np.minimum(1.0 / (1.0 + np.exp(-odds)), _BELOW_ONE)
