"""The attacks that rebuild pictures: what the attacker has, what he makes of it. Needs PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from benchmarks.inversion._asking import Asking
from benchmarks.inversion._decoders import COARSE, FINE, Networks
from benchmarks.inversion._linear import LinearDecoder, group_means, nearest
from benchmarks.inversion._rotation import without_pairs
from benchmarks.inversion._splits import Rows
from benchmarks.inversion._stage import Stage
from benchmarks.inversion._training import rebuild
from numpy.typing import NDArray
from PIL import Image
from torch import nn

Floats = NDArray[np.float32]
Vectors = Callable[[Rows], Floats]

RAW, KEY, ENCRYPTED = "raw features", "stored, with the key", "stored (encrypted), without the key"
NO_KEY = "turned vectors, without the key"
CODE_KEY, CODE_NO_KEY = "binary code, with the key", "binary code, without the key"
NOTHING, CATALOGUE, LABEL = "nothing", "the catalogue's category", "the true label"
ORIGINAL = "the original"
LINEAR, NEAREST = "linear", "nearest picture"

_ALIGNED = 4000  # pictures of each side in attempts to line up the clouds
_SHARE = 0.2
_SHRUNK = (4, 8, 16)
_SEARCHES = (256, 1024)


@dataclass(frozen=True, eq=False)
class Attempt:
    """One way to rebuild pictures.

    Attributes:
        has: what the attacker has of each picture.
        method: what he does.
        rebuild: gives pictures of rows, float32[n, side, side, 3] in 0..1.
    """

    has: str
    method: str
    rebuild: Callable[[Rows], Floats]


def baselines(stage: Stage) -> Iterator[Attempt]:
    """Whoever has no vector at all: mean pictures."""
    own, everything = stage.split.own, np.arange(len(stage.pictures))
    mean = stage.own_pixels.mean(0)
    yield Attempt(NOTHING, "mean picture", lambda rows: np.repeat(mean[None], len(rows), 0))
    yield Attempt(
        CATALOGUE,
        "mean of the category",
        lambda rows: group_means(stage.categories(rows), stage.categories(own), stage.own_pixels),
    )
    labels = stage.labels(everything)
    yield Attempt(LABEL, "mean of the label", lambda rows: _means_of_others(stage, labels, rows))


def shrunk(stage: Stage) -> Iterator[Attempt]:
    """The originals with so few pixels: a scale for the eye."""
    for side in _SHRUNK:
        yield Attempt(ORIGINAL, f"shrunk to {side} × {side} pixels", partial(_shrunk, stage, side))


def against_features(stage: Stage, networks: Networks) -> Iterator[Attempt]:
    """Whoever has the features: a linear decoder, networks, the nearest picture."""
    linear = LinearDecoder(stage.own_features, stage.own_pixels, stage.basis)
    yield Attempt(RAW, LINEAR, lambda rows: linear.rebuild(stage.features(rows)))
    for method, network in networks.items():
        yield _network(RAW, method, network, stage.features)
    yield _nearest(RAW, stage, stage.features, stage.own_features)


def against_stored(stage: Stage, decoder: nn.Module) -> Iterator[Attempt]:
    """Whoever has what is stored, with the key or without it, or what a Milvus server has, without it."""
    yield _network(KEY, FINE, decoder, stage.turned_back)
    yield _network(ENCRYPTED, FINE, decoder, stage.encrypted)
    yield _network(NO_KEY, FINE, decoder, stage.stored)
    yield _nearest(NO_KEY, stage, stage.stored, stage.own_features)
    for how, matrix in _guesses(stage):
        yield _network(NO_KEY, f"{how}, then convolutional", decoder, _turned(stage, matrix))
    yield _network(CODE_NO_KEY, FINE, decoder, stage.codes)


def against_scores(stage: Stage, decoder: nn.Module) -> Iterator[Attempt]:
    """Whoever has a key that may search, and nothing else."""
    asking = Asking(stage)
    for searches in _SEARCHES:
        yield _network(f"scores of {searches:,} searches", FINE, decoder, _asked(asking, searches))


def against_codes(stage: Stage, networks: Networks) -> Iterator[Attempt]:
    """Whoever has binary codes and the key: networks trained on what he sees."""
    for method, network in networks.items():
        yield _network(CODE_KEY, method, network, stage.codes_turned_back)
    yield _nearest(CODE_KEY, stage, stage.codes_turned_back, stage.codes_turned_back(stage.split.own))


def with_another_key(stage: Stage, networks: Networks) -> Iterator[Attempt]:
    """Whoever has no key but trained on vectors of an instance of his own, which has another key."""
    yield _network(NO_KEY, "two layers, trained with another key", networks[COARSE], stage.stored)


def _network(has: str, method: str, network: nn.Module, vectors: Vectors) -> Attempt:
    return Attempt(has, method, lambda rows: rebuild(network, vectors(rows)))


def _nearest(has: str, stage: Stage, vectors: Vectors, own: Floats) -> Attempt:
    return Attempt(has, NEAREST, lambda rows: stage.own_pixels[nearest(vectors(rows), own)])


def _turned(stage: Stage, matrix: Floats) -> Vectors:
    return lambda rows: stage.stored(rows) @ matrix


def _asked(asking: Asking, searches: int) -> Vectors:
    return lambda rows: asking.at_large(rows, searches)


def _guesses(stage: Stage, seed: int = 0) -> Iterator[tuple[str, Floats]]:
    """Rotations found without pairs: with pictures of the same sets, and with some of the stored pictures as well."""
    rng = np.random.default_rng(seed)
    split = stage.split
    targets = np.concatenate(list(split.targets.values()))
    others = rng.permutation(np.setdiff1d(split.stored, targets))
    there = np.concatenate([targets, others])[:_ALIGNED]
    own = rng.permutation(split.own)[:_ALIGNED]
    some = others[: int(_SHARE * len(there))]
    cases = {"lined up": own, "lined up with a fifth of the pictures": np.concatenate([some, own[len(some) :]])}
    for how, rows in cases.items():
        yield how, without_pairs(stage.clouds(rows, there))


def _means_of_others(stage: Stage, labels: NDArray[np.str_], rows: Rows) -> Floats:
    """The mean of all other pictures of the same label, whoever has them; of all, where there is no other."""
    every = np.arange(len(labels))
    means = [_mean(stage, every[(labels == labels[row]) & (every != row)]) for row in rows]
    return np.stack(means)


def _mean(stage: Stage, rows: Rows) -> Floats:
    mean: Floats = (stage.pixels(rows) if len(rows) else stage.own_pixels).mean(0)
    return mean


def _shrunk(stage: Stage, side: int, rows: Rows) -> Floats:
    return np.stack([_enlarged(picture, side) for picture in stage.pictures.small[rows]])


def _enlarged(picture: NDArray[np.uint8], side: int) -> Floats:
    small = Image.fromarray(picture).resize((side, side), Image.Resampling.BOX)
    return (np.asarray(small.resize(picture.shape[:2], Image.Resampling.BICUBIC)) / 255).astype(np.float32)
