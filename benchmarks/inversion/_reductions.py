"""What it would cost to store less of a picture, and whether less could be rebuilt from it then. Needs PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from benchmarks.inversion._attempts import Attempt
from benchmarks.inversion._rotation import unit_rows
from benchmarks.inversion._sight import Sight
from benchmarks.inversion._splits import Rows
from benchmarks.inversion._stage import Stage
from benchmarks.inversion._training import rebuild, train_coarse, train_decoder
from numpy.typing import NDArray

from similis.algorithm._weights import load_weights

Floats = NDArray[np.float32]
Reduce = Callable[[Floats], Floats]

_COARSE_SHARE = 0.15
_REACH = 3.5
"""Numbers are cut off at so many standard deviations before they are rounded."""


def reductions(stage: Stage) -> dict[str, Reduce]:
    """Ways to store less, by name; features in, unit vectors of the same length out."""
    seen = load_weights("features")["seen_matrix"].shape[1]
    own = stage.own_features
    _variances, directions = np.linalg.eigh(np.cov(own.T))
    ways: dict[str, Reduce] = {"as it is": lambda features: features, "without colours": _first(seen)}
    for kept in (256, 128, 64, 16, 8):
        ways[f"{kept} dimensions"] = _projected(directions[:, -kept:].astype(np.float32))
    ways["64 dimensions, without colours"] = _without_colours(own, seen, 64)
    for bits in (8, 4, 2, 1):
        ways[f"{bits} bits a number"] = _rounded(stage.rotation.astype(np.float32), bits)
    for amount in (0.5, 1.0, 2.0):
        ways[f"noise, {amount} of a number"] = _noisy(amount)
    return ways


def attempt(stage: Stage, way: Reduce, sight: Sight, seconds: float) -> Attempt:
    """A convolutional decoder trained on reduced features."""
    vectors = way(stage.own_features)
    coarse = train_coarse(vectors, stage.own_pixels, stage.basis, _COARSE_SHARE * seconds)
    rest = (1 - _COARSE_SHARE) * seconds
    decoder = train_decoder(coarse, vectors, stage.own_pixels, sight, rest, beside=False)

    def rebuilt(rows: Rows) -> Floats:
        return rebuild(decoder, way(stage.features(rows)))

    return Attempt("reduced features", "convolutional", rebuilt)


def recall_at_1(stage: Stage, way: Reduce, most: int = 4000) -> float:
    """How often the most similar other picture of the set has the same label; mean over sets."""
    return float(np.mean(list(_recalls(stage, way, most))))


def _recalls(stage: Stage, way: Reduce, most: int) -> Iterator[float]:
    for name in np.unique(stage.pictures.sets):
        rows = np.flatnonzero(stage.pictures.sets == name)
        rows = np.random.default_rng(0).permutation(rows)[:most]
        vectors, labels = way(stage.features(rows)), stage.pictures.labels[rows]
        similarity = vectors @ vectors.T
        np.fill_diagonal(similarity, -np.inf)
        yield float((labels[similarity.argmax(1)] == labels).mean())


def _first(kept: int) -> Reduce:
    def way(features: Floats) -> Floats:
        reduced = features.copy()
        reduced[:, kept:] = 0
        return unit_rows(reduced)

    return way


def _without_colours(own: Floats, seen: int, kept: int) -> Reduce:
    plain = _first(seen)
    _variances, directions = np.linalg.eigh(np.cov(plain(own).T))
    projected = _projected(directions[:, -kept:].astype(np.float32))
    return lambda features: projected(plain(features))


def _projected(directions: Floats) -> Reduce:
    return lambda features: unit_rows((features @ directions @ directions.T).astype(np.float32))


def _rounded(rotation: Floats, bits: int) -> Reduce:
    """Rounded as stored, that is after the rotation; one bit is the sign."""

    def way(features: Floats) -> Floats:
        step = 2 * _REACH / np.sqrt(features.shape[1]) / 2**bits
        numbers = np.floor(features @ rotation.T / step)
        kept = numbers.clip(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) + 0.5
        return unit_rows((kept * step).astype(np.float32)) @ rotation

    return way


def _noisy(amount: float) -> Reduce:
    def way(features: Floats) -> Floats:
        noise = np.random.default_rng(0).standard_normal(features.shape, np.float32)
        noisy: Floats = features + np.float32(amount / np.sqrt(features.shape[1])) * noise
        return unit_rows(noisy)

    return way
