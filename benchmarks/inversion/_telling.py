"""What vectors tell without rebuilding a picture: labels, and, with pairs or without, the rotation itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from benchmarks.inversion._labels import by_neighbours, by_probe
from benchmarks.inversion._measures import mean
from benchmarks.inversion._rotation import from_pairs, lined_up, recovered, without_pairs
from benchmarks.inversion._splits import Rows
from benchmarks.inversion._stage import Stage
from numpy.typing import NDArray

PAIRS = (4, 8, 16, 32, 64, 128, 256, 512, 1024)
_ALIGNED, _SECRET = 2500, 1000

Floats = NDArray[np.float32]

Row = dict[str, Any]


def labels_told(stage: Stage) -> list[Row]:
    """How often labels of known kinds are told rightly, from vectors that the attacker can compare with his own."""
    rows, own = stage.split.targets["known"], stage.split.own
    truth, names = stage.labels(rows), stage.labels(own)
    own_codes = stage.codes_turned_back(own)
    cases = [
        ("raw features, or stored ones with the key", stage.turned_back(rows), stage.own_features),
        ("binary code, with the key", stage.codes_turned_back(rows), own_codes),
        ("turned vectors, without the key", stage.stored(rows), stage.own_features),
    ]
    _labels, counts = np.unique(names, return_counts=True)
    commonest = float(np.mean(truth == _labels[counts.argmax()]))
    return [
        {
            "has": has,
            "neighbours": mean(by_neighbours(vectors, mine, names) == truth),
            "probe": mean(by_probe(vectors, mine, names) == truth),
            "commonest label": commonest,
        }
        for has, vectors, mine in cases
    ]


def by_pairs(stage: Stage, seed: int = 0) -> list[Row]:
    """What so many pairs of a picture and its stored vector give away of the other stored pictures.

    By the pairs alone, and lined up, from where they lead, with pictures of the attacker's own.
    """
    rng = np.random.default_rng(seed)
    targets = stage.split.targets["known"]
    others = rng.permutation(np.setdiff1d(stage.split.stored, targets))
    own, there = rng.permutation(stage.split.own)[:_ALIGNED], np.concatenate([targets, others])[:_ALIGNED]
    rows = []
    for count in (each for each in PAIRS if each <= len(others)):
        known = stage.features(others[:count]), stage.stored(others[:count])
        matrix = from_pairs(*known)
        better = lined_up(stage.clouds(own, there), matrix, known)
        rows.append(
            {"pairs": count, **_found(stage, targets, matrix, ""), **_found(stage, targets, better, ", lined up")}
        )
    return rows


def _found(stage: Stage, rows: Rows, matrix: Floats, how: str) -> Row:
    near, found = recovered(stage.stored(rows) @ matrix, stage.features(rows))
    return {f"cosine{how}": mean(near), f"recognised{how}": mean(found)}


def by_clouds(stage: Stage, seed: int = 0) -> list[Row]:
    """How far the rotation is found without any pair, set by set, by whose pictures the attacker has."""
    rng = np.random.default_rng(seed)
    return [row for name in np.unique(stage.pictures.sets) for row in _clouds_of(stage, str(name), rng)]


def _clouds_of(stage: Stage, name: str, rng: np.random.Generator) -> Iterator[Row]:
    here = stage.pictures.sets == name
    inside, outside = rng.permutation(np.flatnonzero(here)), rng.permutation(np.flatnonzero(~here))
    there, same = np.array_split(inside[: 2 * _ALIGNED], 2)
    fifth, half = len(there) // 5, len(there) // 2
    some_labels, other_labels = _by_labels(stage, inside, rng)
    cases = {
        "pictures of other sets": (outside[:_ALIGNED], there),
        "pictures of other labels of the set": (some_labels, other_labels),
        "other pictures of the set": (same, there),
        "such, and a fifth of the stored ones": (np.concatenate([there[:fifth], same[fifth:]]), there),
        "such, and half of the stored ones": (np.concatenate([there[:half], same[half:]]), there),
    }
    for has, (own, stored) in cases.items():
        if len(own) and len(stored):
            yield {"set": name, "has": has} | _cloud(stage, own, stored)


def _by_labels(stage: Stage, inside: Rows, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Pictures of half of the labels, and those of the other half."""
    names = np.unique(stage.pictures.labels[inside])
    chosen = np.isin(stage.pictures.labels[inside], rng.permutation(names)[: len(names) // 2])
    return inside[chosen][:_ALIGNED], inside[~chosen][:_ALIGNED]


def _cloud(stage: Stage, own: Rows, there: Rows) -> Row:
    matrix = without_pairs(stage.clouds(own, there))
    secret = np.setdiff1d(there, own)[:_SECRET]
    counts = {"own": len(own), "stored": len(there), "of them secret": len(secret)}
    return counts | _found(stage, secret, matrix, "")
