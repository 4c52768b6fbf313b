"""The category head: which of the fourteen categories a picture belongs to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from similis.algorithm._attention import Sight
from similis.algorithm._features import pool
from similis.algorithm._weights import load_figures, load_weights
from similis.domain import SHOWN_DECIMALS, Category, CategoryCandidate

POOLED_SCALE = 20.0
"""Brings the unit-length root mean square of the cells to the size of their mean."""

_FIGURES = load_figures("category")


def decided_category(candidates: Sequence[CategoryCandidate]) -> Category:
    """The category of a picture: the most likely of its candidates, which come best first; Other when unsure."""
    best = candidates[0]
    return best.category if best.probability >= _FIGURES["least_probability"] else Category.OTHER


class CategoryHead:
    """A softmax over kinds of things, summed into categories, trained by `training/category_head.py`.

    Most kinds come from ImageNet, as the backbone's own classifier knows them: that keeps sense on pictures unlike
    those it was trained on. What stands out in a picture, the root mean square of its cells, adds a linear term.
    """

    def __init__(self) -> None:
        weights = {name: array.astype(np.float32) for name, array in load_weights("category").items()}
        self._weight, self._bias = weights["weight"], weights["bias"]
        self._pooled, self._offset = weights["pooled"], weights["offset"]
        self._categories = [Category(number) for number in _FIGURES["categories"]]
        self._kinds = [np.flatnonzero(weights["category"] == place) for place in range(len(self._categories))]
        self._temperature = float(_FIGURES["temperature"])

    def predict(self, sight: Sight) -> tuple[CategoryCandidate, ...]:
        """All categories with their calibrated probabilities, whose sum is about 1; the most likely first."""
        scores = self._scores(sight) / self._temperature
        powers = np.exp(scores - scores.max())
        shares = powers / powers.sum()
        order = np.argsort(-shares, kind="stable")
        rounded = np.round(shares, SHOWN_DECIMALS).tolist()
        return tuple(CategoryCandidate(self._categories[place], rounded[place]) for place in order)

    def _scores(self, sight: Sight) -> NDArray[np.floating]:
        kinds = (self._weight @ (sight.cells @ sight.weights) + self._bias).astype(np.float64)
        sums = np.array([np.logaddexp.reduce(kinds[chosen]) for chosen in self._kinds])
        pooled = self._pooled @ (POOLED_SCALE * pool(sight.cells, sight.weights))
        return sums + self._offset + pooled
