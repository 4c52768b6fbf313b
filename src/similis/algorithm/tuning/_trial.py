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

from similis.algorithm._curve_fit import Experience
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
        queries: pictures of held-out products, searched for among all that nothing was learned from.
        recall: share whose best match is of their product (R@1), without and with tuning.
        precision: share of pictures of their product among the ten best matches, or among as many as there are other
            pictures of it, without and with tuning; not exhausted where R@1 is, by series of nearly the same picture.
        gain: 95 % interval of the difference in precision, from a bootstrap over products.
        recall_gain: the same of the difference in R@1.
        experience: what the queries find with tuning.
    """

    recipe: Recipe
    queries: int
    recall: tuple[float, float]
    precision: tuple[float, float]
    gain: tuple[float, float]
    recall_gain: tuple[float, float]
    experience: Experience

    @property
    def better(self) -> bool:
        """Whether tuning surely gains precision, and does not surely lose R@1."""
        return self.gain[0] > 0 and self.recall_gain[1] >= 0


def run_trial(sample: Sample, recipes: Sequence[Recipe] = RECIPES, seed: int = 0) -> Trial:
    """Try recipes: each is learned without a third of the products, whose pictures are then searched for.

    What is told of a third of the products is what the recipe did that was best on the other thirds, so that choosing
    among several recipes flatters none.

    Raises:
        ValueError: fewer than three products have several pictures.
    """
    random = np.random.default_rng(seed)
    by_product, by_picture = _draw(sample.products, random)
    held_out = [_not_learned_from(sample.products, part) for part in by_product]
    parts = list(zip(held_out, by_product, strict=True))
    tried = [_try(sample, held, part, held, recipes) for held, part in parts]
    seen = [_try(sample, _among(sample, part), part, None, recipes) for part in by_picture]
    plain = [find(sample.vectors, sample, part, held) for held, part in parts]
    gains = _means(tried, "hit") - np.array([[found.hit.mean()] for found in plain])
    merits = _means(tried, "precision") + _means(seen, "precision")
    chosen = [_best(np.delete(gains, fold, 0), np.delete(merits, fold, 0)) for fold in range(FOLDS)]
    best = _best(gains, merits)
    before, after = _joined(plain), _joined([row[each] for row, each in zip(tried, chosen, strict=True)])
    results = _joined([row[best] for row in tried])
    products = sample.products[np.concatenate(by_product)]
    return Trial(
        recipe=recipes[best],
        queries=len(products),
        recall=(float(before.hit.mean()), float(after.hit.mean())),
        precision=(float(before.precision.mean()), float(after.precision.mean())),
        gain=interval(after.precision - before.precision, products, random),
        recall_gain=interval(after.hit.astype(float) - before.hit, products, random),
        experience=_experience(results),
    )


def _experience(found: Found) -> Experience:
    """Without what was not found: where a category has fewer pictures, or only those of one product."""
    real, wrong = np.isfinite(found.similarity), np.maximum(found.best_wrong, np.float32(-1))
    return Experience(found.similarity[real].astype(np.float64), found.right[real], wrong.astype(np.float64))


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


def _not_learned_from(products: Products, pictures: Places) -> NDArray[np.bool_]:
    """Pictures of the same products as some, and those that are the only ones of theirs.

    Only these count as matches of held-out products. What a transform was learned from, it draws together and away
    from all else, so that among such pictures others would be found more easily even where nothing was to be learned.
    """
    _, place, counts = np.unique(products, return_inverse=True, return_counts=True)
    found: NDArray[np.bool_] = np.isin(products, products[pictures]) | (counts[place] == 1)
    return found


def _among(sample: Sample, pictures: Places) -> NDArray[np.bool_]:
    return np.isin(np.arange(len(sample.products)), pictures)


def _try(
    sample: Sample,
    unknown: NDArray[np.bool_],
    queries: Places,
    counted: NDArray[np.bool_] | None,
    recipes: Sequence[Recipe],
) -> list[Found]:
    """What each recipe finds when it was learned without the unknown pictures."""
    learned = Learned(Scatter.of(sample.vectors[~unknown], sample.products[~unknown]))
    centred: Floats = sample.vectors - learned.mean
    return [find(centred @ learned.transform(recipe).T, sample, queries, counted) for recipe in recipes]


def _joined(parts: Sequence[Found]) -> Found:
    """What was found for several parts of the queries, one after the other."""
    return Found(
        np.concatenate([found.similarity for found in parts]),
        np.concatenate([found.right for found in parts]),
        np.concatenate([found.hit for found in parts]),
        np.concatenate([found.precision for found in parts]),
        np.concatenate([found.best_wrong for found in parts]),
    )


def _means(parts: Sequence[Sequence[Found]], figure: str) -> NDArray[np.float64]:
    """The mean of a figure by part and recipe."""
    return np.array([[getattr(found, figure).mean() for found in row] for row in parts])


def _best(gains: NDArray[np.float64], merits: NDArray[np.float64]) -> int:
    """The recipe with most merit of those that lose nothing; if all do, the one that loses least."""
    gain = gains.mean(0)
    return int(np.argmax(np.where(gain >= 0, merits.mean(0), gain - 1)))
