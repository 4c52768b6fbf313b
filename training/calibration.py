"""Fit the curves from similarity to score: `python -m training.calibration …`, after the projections.

The population is what a user sees: the ten best results of each query, each being right or wrong. Product: groceries
(val among train, same product) and catalogue pictures (same title and colour); generic: the kinds of caltech101,
objects64 and clothing_small. Every set is described without having been learned from, and weighs the same; inside a
set, right and wrong results weigh the same, so that a score of one half is where both are equally likely.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from training.pictures import Floats, arguments, fingerprint, save, see
from training.projection import describe, learn_without

TOP = 10

Doubles = NDArray[np.float64]
Labels = NDArray[np.str_]


@dataclass(frozen=True)
class Results:
    """Similarities of results, whether each is right, and weights that sum to one."""

    similarity: Doubles
    right: NDArray[np.bool_]
    weight: Doubles


def main() -> None:
    """Write `scores.json`."""
    options = arguments(__doc__ or "")
    sets = see(options)
    found = {name: describe(one, *learn_without(sets, name)) for name, one in sets.items()}
    grocery, fashion = sets["grocery_store"], sets["fashion_products_small"]
    split, product, vectors = grocery.column("split"), grocery.column("label"), found["grocery_store"]
    query, gallery = split == "val", split == "train"
    lines = np.char.add(np.char.add(fashion.column("title"), "|"), fashion.column("colour"))
    several = [
        results(vectors[query], product[query], vectors[gallery], product[gallery]),
        among(found["fashion_products_small"], lines),
    ]
    kinds = [among(found[name], sets[name].column("label")) for name in ("caltech101", "objects64", "clothing_small")]
    figures = {"script": "training/calibration.py", "data": fingerprint(options.data), "results_a_query": TOP}
    save("scores", figures | {"product": curve(several), "generic": curve(kinds)})


def results(queries: Floats, wanted: Labels, gallery: Floats, labels: Labels, *, own: bool = False) -> Results:
    """The ten best results of every query; `own` when queries are the gallery and must not find themselves."""
    similarity = queries @ gallery.T
    if own:
        np.fill_diagonal(similarity, -np.inf)
    best = np.argpartition(-similarity, TOP, axis=1)[:, :TOP]
    right = (labels[best] == wanted[:, None]).ravel()
    share = right.mean()
    weight = np.where(right, 0.5 / share, 0.5 / (1 - share)) / len(right)
    return Results(np.take_along_axis(similarity, best, axis=1).ravel().astype(np.float64), right, weight)


def among(vectors: Floats, labels: Labels) -> Results:
    """The ten best results of every picture that has another of its label."""
    _kinds, place, counts = np.unique(labels, return_inverse=True, return_counts=True)
    alone = counts[place] < 2
    found = results(vectors, labels, vectors, labels, own=True)
    kept = np.repeat(~alone, TOP)
    weight = found.weight[kept]
    return Results(found.similarity[kept], found.right[kept], weight / weight.sum())


def curve(parts: list[Results]) -> dict[str, Any]:
    """The logistic curve over all parts, and how far it is to be relied on."""
    similarity = np.concatenate([part.similarity for part in parts])
    right = np.concatenate([part.right for part in parts])
    weight = np.concatenate([part.weight for part in parts]) / len(parts)

    def loss(parameters: Doubles) -> float:
        odds = parameters[1] * (similarity - parameters[0])
        return float((weight * np.logaddexp(0, np.where(right, -odds, odds))).sum())

    middle, slope = minimize(loss, np.array([0.6, 10.0]), method="Nelder-Mead").x
    score = 1 / (1 + np.exp(-slope * (similarity - middle)))
    return {
        "middle": round(float(middle), 4),
        "slope": round(float(slope), 4),
        "results": len(right),
        "reliability": reliability(score, right, weight),
    }


def reliability(score: Doubles, right: NDArray[np.bool_], weight: Doubles) -> list[dict[str, float]]:
    """For each fifth of the scale: its share of the results, the mean score, and how many results are right."""
    bands = np.minimum((score * 5).astype(int), 4)
    return [
        {
            "share": round(float(weight[inside].sum()), 3),
            "score": round(float(np.average(score[inside], weights=weight[inside])), 3),
            "right": round(float(np.average(right[inside], weights=weight[inside])), 3),
        }
        for band in range(5)
        if (inside := bands == band).any()
    ]


if __name__ == "__main__":
    main()
