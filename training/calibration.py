"""Fit the curves from similarity to score: `python -m training.calibration …`, after the projections.

The population is what a user sees: the ten best results of each query, each being right or wrong, as often as they
are. Product: groceries (val among train, same product) and catalogue pictures (same title and colour); generic: the
kinds of caltech101, objects64 and clothing_small. Every set is described without having been learned from, and weighs
the same.

A match counts as good from the score on at which nine of ten such results are right. The figures say besides how
often a picture whose right results were all taken away still has a "good match", and how far a curve fitted without
a set is from the truth there (expected calibration error).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from training.pictures import Floats, arguments, fingerprint, save, see
from training.projection import describe, learn_without

from similis.algorithm import Calibration
from similis.algorithm._scores import as_closeness

TOP = 10
PRECISION = 0.9

Doubles = NDArray[np.float64]
Labels = NDArray[np.str_]


@dataclass(frozen=True)
class Results:
    """What the queries of one set find.

    Attributes:
        name: of the set.
        similarity: of the ten best results of each query, float64[queries · 10].
        right: whether each is right, bool[queries · 10].
        wrong_best: similarity of the best wrong result of each query, float64[queries].
    """

    name: str
    similarity: Doubles
    right: NDArray[np.bool_]
    wrong_best: Doubles


def main() -> None:
    """Write `scores.json`."""
    options = arguments(__doc__ or "")
    sets = see(options)
    found = {name: describe(one, *learn_without(sets, [name])) for name, one in sets.items()}
    grocery, fashion = sets["grocery_store"], sets["fashion_products_small"]
    split, product, vectors = grocery.column("split"), grocery.column("label"), found["grocery_store"]
    query, gallery = split == "val", split == "train"
    lines = np.char.add(np.char.add(fashion.column("title"), "|"), fashion.column("colour"))
    products = [
        results("grocery_store", vectors[query], product[query], vectors[gallery], product[gallery]),
        among("fashion_products_small", found["fashion_products_small"], lines),
    ]
    kinds = [
        among(name, found[name], sets[name].column("label")) for name in ("caltech101", "objects64", "clothing_small")
    ]
    figures = {"script": "training/calibration.py", "data": fingerprint(options.data), "results_a_query": TOP}
    save("scores", figures | {"product": measured(products), "generic": measured(kinds)})


def results(
    name: str, queries: Floats, wanted: Labels, gallery: Floats, labels: Labels, *, own: bool = False
) -> Results:
    """The ten best results of every query; `own` when queries are the gallery and must not find themselves."""
    similarity = queries @ gallery.T
    if own:
        np.fill_diagonal(similarity, -np.inf)
    right = labels[np.newaxis] == wanted[:, np.newaxis]
    best = np.argpartition(-similarity, TOP, axis=1)[:, :TOP]
    wrong_best = np.where(right, -np.inf, similarity).max(1)
    ten, hits = (np.take_along_axis(each, best, axis=1).ravel() for each in (similarity, right))
    return Results(name, ten.astype(np.float64), hits, wrong_best.astype(np.float64))


def among(name: str, vectors: Floats, labels: Labels) -> Results:
    """The ten best results of every picture that has another of its label."""
    _kinds, place, counts = np.unique(labels, return_inverse=True, return_counts=True)
    several = counts[place] > 1
    found = results(name, vectors, labels, vectors, labels, own=True)
    kept = np.repeat(several, TOP)
    return Results(name, found.similarity[kept], found.right[kept], found.wrong_best[several])


def fit(parts: Sequence[Results]) -> Calibration:
    """The curve of a collection like these sets: each has a middle of its own, all have the slope in common.

    Slope and middles are those under which what is right and what is wrong is most likely, every set weighing the
    same; the curve has the mean of the middles. (With one middle for all, the curve would be nearly flat, for what is
    near in one set is far in another.)
    """
    closeness = [as_closeness(part.similarity) for part in parts]

    def surprise(parameters: Doubles) -> float:
        slope, *middles = parameters
        total = 0.0
        for close, middle, part in zip(closeness, middles, parts, strict=True):
            odds = slope * (close - middle)
            total += np.logaddexp(0, np.where(part.right, -odds, odds)).mean()
        return float(total)

    start = np.array([2.0, *np.ones(len(parts))])
    bounds = [(0.1, 50.0), *[(-3.0, 6.0)] * len(parts)]
    slope, *middles = minimize(surprise, start, method="L-BFGS-B", bounds=bounds).x
    return Calibration.of_closeness(float(np.mean(middles)), float(slope), 0.5)


def measured(parts: Sequence[Results]) -> dict[str, Any]:
    """The curve of a type of instance with its threshold, and how far both are to be relied on."""
    curve = fit(parts)
    threshold = good_from(curve, parts)
    left_out = {part.name: fit([other for other in parts if other is not part]) for part in parts}
    return {
        "middle": round(curve.middle, 4),
        "slope": round(curve.slope, 4),
        "threshold": threshold,
        "sets": {part.name: figures(curve, threshold, part, left_out[part.name]) for part in parts},
    }


def good_from(curve: Calibration, parts: Sequence[Results]) -> float:
    """The least score, in hundredths, from which on `PRECISION` of the results are right, all sets weighing the same.

    Scores at which a set has no results left are not looked at.
    """
    scores = [(curve.score(part.similarity), part.right) for part in parts]
    for threshold in np.arange(0.5, 1, 0.01):
        chosen = [right[score >= threshold] for score, right in scores]
        sizes = [len(right) / len(part.right) for right, part in zip(chosen, parts, strict=True)]
        hits = [right.sum() / len(part.right) for right, part in zip(chosen, parts, strict=True)]
        if sum(hits) >= PRECISION * sum(sizes):
            return round(float(threshold), 2)
    return 0.99


def figures(curve: Calibration, threshold: float, part: Results, without: Calibration) -> dict[str, Any]:
    """What curve and threshold give on one set."""
    score = curve.score(part.similarity)
    best = score.reshape(-1, TOP).max(1)
    good = score >= threshold
    return {
        "results": len(score),
        "right": _rounded(part.right.mean()),
        "calibration_error": _rounded(calibration_error(score, part.right)),
        "calibration_error_without_the_set": _rounded(calibration_error(without.score(part.similarity), part.right)),
        "precision_of_good": _rounded(part.right[good].mean()) if good.any() else None,
        "queries_with_good": _rounded((best >= threshold).mean()),
        "queries_with_good_when_nothing_is_right": _rounded((curve.score(part.wrong_best) >= threshold).mean()),
    }


def calibration_error(score: Doubles, right: NDArray[np.bool_]) -> float:
    """Expected calibration error over ten bands (Guo et al., ICML 2017)."""
    bands = np.minimum((score * 10).astype(int), 9)
    gaps = [abs(score[bands == band].mean() - right[bands == band].mean()) * (bands == band).mean()
            for band in np.unique(bands)]  # fmt: skip
    return float(sum(gaps))


def _rounded(value: float | np.floating) -> float:
    return round(float(value), 4)


if __name__ == "__main__":
    main()
