"""Learn the projections of `similis.algorithm._features`, without labels: `python -m training.projection …`.

Each set weighs the same in the mean and the covariance. The figures are nearest-neighbour accuracies. Those that say
what to expect of pictures from elsewhere come from projections that two sets were kept out of, the one measured and
one other: each pair of sets is left out once, so that a set is measured four times.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from training.pictures import SETS, Floats, Seen, arguments, fingerprint, save, see

from similis.algorithm._features import COLOUR_WEIGHT, both_scales

SEEN_DIMENSION, SEEN_WHITENING = 384, 0.5
COLOUR_DIMENSION, COLOUR_WHITENING = 128, 1.0

Projection = tuple[Floats, Floats]
Labels = NDArray[np.str_]


def main() -> None:
    """Write `features.npz` and `features.json`."""
    options = arguments(__doc__ or "")
    sets = see(options)
    seen, colour = learn(sets.values())
    away = left_out(sets)
    figures = {
        "script": "training/projection.py",
        "data": fingerprint(options.data),
        "dimension": SEEN_DIMENSION + COLOUR_DIMENSION,
        "recall_at_1": {
            "mean pool": table(sets, lambda _name, one: normalise(one.mean)),
            "this recipe, learned without the set and another": summed_up(np.mean, away),
            "the lowest of these four": summed_up(np.min, away),
            "the highest of these four": summed_up(np.max, away),
            "this recipe": table(sets, lambda _name, one: describe(one, seen, colour)),
        },
    }
    arrays = {"seen_mean": seen[0], "seen_matrix": seen[1], "colour_mean": colour[0], "colour_matrix": colour[1]}
    save("features", figures, arrays)


def learn(sets: Iterable[Seen]) -> tuple[Projection, Projection]:
    """The projections of what is seen and of the colours."""
    chosen = list(sets)
    return (
        _principal([both_scales(one.pooled, one.glance) for one in chosen], SEEN_DIMENSION, SEEN_WHITENING),
        _principal([one.colour for one in chosen], COLOUR_DIMENSION, COLOUR_WHITENING),
    )


def learn_without(sets: dict[str, Seen], names: Collection[str]) -> tuple[Projection, Projection]:
    """The projections learned from all sets but those named."""
    return learn(one for name, one in sets.items() if name not in names)


def left_out(sets: dict[str, Seen]) -> list[dict[str, float]]:
    """Recall at 1 of every task, four times: always of a set that was left out together with one of the others."""
    learned = {frozenset(pair): learn_without(sets, pair) for pair in combinations(SETS, 2)}

    def measured(step: int) -> dict[str, float]:
        partner = dict(zip(SETS, SETS[step:] + SETS[:step], strict=True))
        return table(sets, lambda name, one: describe(one, *learned[frozenset((name, partner[name]))]))

    return [measured(step) for step in range(1, len(SETS))]


def summed_up(how: Callable[[list[float]], np.floating], tables: list[dict[str, float]]) -> dict[str, float]:
    """One figure a task, of those in several tables."""
    return {task: round(float(how([each[task] for each in tables])), 4) for task in tables[0]}


def describe(one: Seen, seen: Projection, colour: Projection) -> Floats:
    """The features of a whole set, as `Describer.describe` makes them."""
    parts = [_project(both_scales(one.pooled, one.glance), seen), COLOUR_WEIGHT * _project(one.colour, colour)]
    return normalise(np.concatenate(parts, axis=1))


def table(sets: dict[str, Seen], features: Callable[[str, Seen], Floats]) -> dict[str, float]:
    """Recall at 1 of every task."""
    found = {name: features(name, sets[name]) for name in SETS}
    grocery, fashion = sets["grocery_store"], sets["fashion_products_small"]
    split, product = grocery.column("split"), grocery.column("label")
    query, vectors = split == "val", found["grocery_store"]
    lines = np.char.add(np.char.add(fashion.column("title"), "|"), fashion.column("colour"))
    result = {
        f"groceries, {title}": _recall(vectors[query], product[query], vectors[split == part], product[split == part])
        for part, title in (("train", "same product"), ("iconic", "packshot"))
    }
    result["fashion, same title and colour"] = _recall_among(found["fashion_products_small"], lines)
    for name in ("caltech101", "clothing_small", "objects64"):
        result[f"{name}, same kind"] = _recall_among(found[name], sets[name].column("label"))
    result["average"] = float(np.mean(list(result.values())))
    return {name: round(value, 4) for name, value in result.items()}


def normalise(vectors: NDArray[np.floating]) -> Floats:
    """Rows scaled to unit length."""
    scaled: Floats = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return scaled


def _principal(sets: list[Floats], dimension: int, whitening: float) -> Projection:
    """Principal directions, each scaled by its variance to the power of −whitening/2."""
    mean = np.mean([vectors.mean(0) for vectors in sets], axis=0)
    moment = np.mean([vectors.T @ vectors / len(vectors) for vectors in sets], axis=0)
    variances, directions = np.linalg.eigh(moment - np.outer(mean, mean))
    variances, directions = variances[::-1][:dimension], directions[:, ::-1][:, :dimension]
    scale = (variances / variances[0]) ** (-whitening / 2)
    return mean.astype(np.float32), (directions * scale).astype(np.float32)


def _project(vectors: Floats, projection: Projection) -> Floats:
    mean, matrix = projection
    return normalise((vectors - mean) @ matrix)


def _recall(queries: Floats, wanted: Labels, gallery: Floats, labels: Labels) -> float:
    nearest = (queries @ gallery.T).argmax(1)
    return float((labels[nearest] == wanted).mean())


def _recall_among(vectors: Floats, labels: Labels) -> float:
    """Every picture asks for the others; labels that occur once are only in the gallery."""
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    _kinds, place, counts = np.unique(labels, return_inverse=True, return_counts=True)
    right = labels[similarity.argmax(1)] == labels
    return float(right[counts[place] > 1].mean())


if __name__ == "__main__":
    main()
