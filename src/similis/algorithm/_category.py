"""The category head: which of the fourteen categories a picture belongs to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from similis.algorithm._attention import Sight
from similis.algorithm._weights import load_figures, load_weights
from similis.domain import Category, CategoryCandidate

# Below this probability of the best candidate a picture counts as unlike all of them.
LEAST_PROBABILITY = 0.3


def decided_category(candidates: Sequence[CategoryCandidate]) -> Category:
    """The category of a picture: the most likely candidate, they come best first, or Other when none is likely."""
    best = candidates[0]
    return best.category if best.probability >= LEAST_PROBABILITY else Category.OTHER


class CategoryHead:
    """A softmax over the weighted mean of the cells, trained by `training/category_head.py`."""

    def __init__(self) -> None:
        weights = load_weights("category")
        self._weight = weights["weight"].astype(np.float32)
        self._bias = weights["bias"].astype(np.float32)
        self._categories = [Category(number) for number in load_figures("category")["categories"]]

    def predict(self, sight: Sight) -> tuple[CategoryCandidate, ...]:
        """All categories with their calibrated probabilities, which sum to 1; the most likely first."""
        scores = (self._weight @ (sight.cells @ sight.weights) + self._bias).astype(np.float64)
        powers = np.exp(scores - scores.max())
        shares = powers / powers.sum()
        order = np.argsort(-shares, kind="stable")
        return tuple(CategoryCandidate(self._categories[place], float(shares[place])) for place in order)
