"""Tries recipes on what they were not learned from: whole products, and pictures of the products that they know.

Both kinds of query come to an instance: pictures of products that were added after it was tuned, and new pictures of
those it was tuned with. A recipe is chosen for both; whether it is adopted is decided by the products alone, the
harder of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from similis.algorithm.tuning._recipes import RECIPES, Floats, Learned, Products, Recipe, Scatter
from similis.algorithm.tuning._search import Found, Sample, find

FOLDS = 3
QUERIES = 1500
_RESAMPLES = 4000
_CONFIDENCE = 0.95

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """How the best recipe did on held-out products.

    Attributes:
        recipe: the best one.
        queries: pictures of held-out products, searched for among all others.
        before, after: share whose best match is of their product, without and with tuning (R@1).
        gain: 95 % interval of the difference, from a bootstrap over products.
        similarities, right: of the best matches with tuning, float64[m], and whether they are of the query's product.
    """

    recipe: Recipe
    queries: int
    before: float
    after: float
    gain: tuple[float, float]
    similarities: NDArray[np.float64]
    right: NDArray[np.bool_]


def run_trial(sample: Sample, recipes: Sequence[Recipe] = RECIPES, seed: int = 0) -> Trial:
    """Try recipes: each is learned without a third of the products, whose pictures are then searched for.

    What is told of a third of the products is what the recipe did that was best on the other thirds, so that choosing
    among several recipes flatters none.

    Raises:
        ValueError: fewer than three products have several pictures.
    """
    random = np.random.default_rng(seed)
    by_product, by_picture = _draw(sample.products, random)
    tried = [_try(sample, _with_products(sample.products, part), part, recipes) for part in by_product]
    seen = [_try(sample, part, part, recipes) for part in by_picture]
    plain = [find(sample.vectors, sample, part) for part in by_product]
    gains = _means(tried, "hit") - np.array([[found.hit.mean()] for found in plain])
    merits = _means(tried, "precision") + _means(seen, "precision")
    chosen = [_best(np.delete(gains, fold, 0), np.delete(merits, fold, 0)) for fold in range(FOLDS)]
    best = _best(gains, merits)
    before = np.concatenate([found.hit for found in plain]).astype(np.float64)
    after = np.concatenate([row[each].hit for row, each in zip(tried, chosen, strict=True)]).astype(np.float64)
    matches = [row[best] for row in tried]
    similarities = np.concatenate([found.similarity.ravel() for found in matches]).astype(np.float64)
    right = np.concatenate([found.right.ravel() for found in matches])
    real = np.isfinite(similarities)
    products = sample.products[np.concatenate(by_product)]
    gain = interval(after - before, products, random)
    return Trial(recipes[best], len(before), before.mean(), after.mean(), gain, similarities[real], right[real])


def interval(
    differences: NDArray[np.float64], products: Products, random: np.random.Generator
) -> tuple[float, float]:
    """The 95 % bootstrap interval of a mean difference: whole products are drawn, as their pictures are alike."""
    _, place = np.unique(products, return_inverse=True)
    sums, counts = np.bincount(place, differences), np.bincount(place)
    drawn = random.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=_RESAMPLES)
    tail = (1 - _CONFIDENCE) / 2
    low, high = np.quantile((drawn @ sums) / (drawn @ counts), [tail, 1 - tail]).tolist()
    return low, high


def _draw(products: Products, random: np.random.Generator) -> tuple[list[Places], list[Places]]:
    """Queries, pictures of products with several, in three parts: split by product, and split by picture."""
    names, place, counts = np.unique(products, return_inverse=True, return_counts=True)
    several = np.flatnonzero(counts > 1)
    if len(several) < FOLDS:
        raise ValueError(f"{len(several)} products have several pictures")
    fold_of = np.full(len(names), -1)
    fold_of[random.permutation(several)] = np.arange(len(several)) % FOLDS
    queries = random.permutation(np.flatnonzero(fold_of[place] >= 0))[:QUERIES]
    folds = fold_of[place[queries]]
    return [queries[folds == fold] for fold in range(FOLDS)], np.array_split(queries, FOLDS)


def _with_products(products: Products, pictures: Places) -> Places:
    """All pictures of the products of some."""
    return np.flatnonzero(np.isin(products, products[pictures]))


def _try(sample: Sample, unknown: Places, queries: Places, recipes: Sequence[Recipe]) -> list[Found]:
    """What each recipe finds when it was learned without the unknown pictures."""
    vectors, products = np.delete(sample.vectors, unknown, 0), np.delete(sample.products, unknown)
    learned = Learned(Scatter.of(vectors, products))
    centred: Floats = sample.vectors - learned.mean
    return [find(centred @ learned.transform(recipe).T, sample, queries) for recipe in recipes]


def _means(parts: Sequence[Sequence[Found]], figure: str) -> NDArray[np.float64]:
    """The mean of a figure by part and recipe."""
    return np.array([[getattr(found, figure).mean() for found in row] for row in parts])


def _best(gains: NDArray[np.float64], merits: NDArray[np.float64]) -> int:
    """The recipe with most merit of those that gain; if none does, the one that loses least."""
    gain = gains.mean(0)
    return int(np.argmax(np.where(gain > 0, merits.mean(0), gain - 1)))
