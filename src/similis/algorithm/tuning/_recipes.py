"""What can be learned from the products of an instance: a metric for its features.

A linear discriminant finds the directions in which products differ most against the spread inside a product (Fisher
1936; Rao 1948), with a within-product covariance shrunk towards a multiple of the identity (Friedman, "Regularized
discriminant analysis", 1989). The features as they are keep a share, for what the products at hand do not teach.
Features that were turned first, as an instance's key does, give transforms that are turned alike: no similarity
after them changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Products = NDArray[np.int64]

SHRINKAGE = 0.1
_NOTHING = 1e-12


@dataclass(frozen=True, slots=True)
class Recipe:
    """One kind of transform: what shares the mean squared length of a vector, to one in all.

    Attributes:
        features: share of the features as they are.
        whitening: share of the features whitened inside products.
        discriminant: share of the most discriminant directions.
        directions: how many these are.
    """

    features: float
    whitening: float
    discriminant: float
    directions: int = 64

    @property
    def name(self) -> str:
        """What it is called in reports."""
        return (
            f"features {self.features:.0%}, whitening {self.whitening:.0%}, "
            f"discriminant {self.discriminant:.0%} of {self.directions} directions"
        )


# Whitening generalises to new products best, the discriminant to new pictures of the products it knows.
RECIPES = (
    Recipe(0.2, 0.8, 0.0),
    Recipe(0.0, 0.7, 0.3),
    Recipe(0.0, 0.5, 0.5),
    Recipe(0.0, 0.5, 0.5, 128),
    Recipe(1 / 3, 1 / 3, 1 / 3),
    Recipe(0.0, 0.3, 0.7, 128),
)


@dataclass(frozen=True, slots=True, eq=False)
class Scatter:
    """How features spread: their mean, and the covariances inside products and between them, float64[D, D]."""

    mean: Doubles
    within: Doubles
    between: Doubles

    @classmethod
    def of(cls, vectors: Floats, products: Products) -> Scatter:
        """Measure features, float32[n, D], of products, int64[n]; those with a single picture are left out."""
        _, place, counts = np.unique(products, return_inverse=True, return_counts=True)
        several = counts[place] > 1
        rows = vectors[several]
        _, place, counts = np.unique(place[several], return_inverse=True, return_counts=True)
        centres = np.zeros((len(counts), vectors.shape[1]))
        np.add.at(centres, place, rows)
        centres /= counts[:, np.newaxis]
        mean = rows.mean(0, dtype=np.float64)
        spread = (rows - centres[place]).astype(np.float64)
        apart = (centres - mean) * np.sqrt(counts)[:, np.newaxis]
        return cls(mean, spread.T @ spread / (len(rows) - len(counts)), apart.T @ apart / len(rows))


class Learned:
    """What products taught, from which the transform of every recipe follows.

    Args:
        scatter: of their features.
    """

    def __init__(self, scatter: Scatter) -> None:
        even = np.eye(len(scatter.mean)) * np.trace(scatter.within) / len(scatter.mean)
        self._whitening = _power((1 - SHRINKAGE) * scatter.within + SHRINKAGE * even, -0.5)
        _, vectors = np.linalg.eigh(self._whitening @ scatter.between @ self._whitening)
        self._directions = self._whitening @ vectors[:, ::-1]
        self._total = scatter.within + scatter.between
        self.mean: Floats = scatter.mean.astype(np.float32)

    def transform(self, recipe: Recipe) -> Floats:
        """The matrix of a recipe, float32[D, D], for features less their mean."""
        directions = self._directions[:, : recipe.directions]
        parts = (
            (recipe.features, np.eye(len(self.mean))),
            (recipe.whitening, self._whitening @ self._whitening),
            (recipe.discriminant, directions @ directions.T),
        )
        metric = sum(
            (share / np.trace(self._total @ part) * part for share, part in parts), np.zeros_like(parts[0][1])
        )
        matrix: Floats = _power(metric / np.trace(metric) * len(metric), 0.5).astype(np.float32)
        return matrix


def _power(matrix: Doubles, exponent: float) -> Doubles:
    """A power of a symmetric matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    raised: Doubles = (vectors * np.maximum(values, values[-1] * _NOTHING) ** exponent) @ vectors.T
    return raised
