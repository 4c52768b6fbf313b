"""The attacks that rebuild pictures: what the attacker has, what he makes of it. Needs PyTorch."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from benchmarks.inversion._linear import LinearDecoder, group_means, nearest
from benchmarks.inversion._networks import Coarse, Decoder, Sight
from benchmarks.inversion._rotation import without_pairs
from benchmarks.inversion._splits import Rows
from benchmarks.inversion._stage import Stage
from benchmarks.inversion._training import rebuild, train_coarse, train_decoder
from numpy.typing import NDArray
from torch import nn

Floats = NDArray[np.float32]
Vectors = Callable[[Rows], Floats]

RAW, KEY, ENCRYPTED = "raw features", "stored, with the key", "stored (encrypted), without the key"
NO_KEY = "turned vectors, without the key"
CODE_KEY, CODE_NO_KEY = "binary code, with the key", "binary code, without the key"
NOTHING, CATALOGUE, LABEL = "nothing", "the catalogue's category", "the true label"

_ALIGNED = 4000  # pictures of each side in attempts to line up the clouds
_SHARE = 0.2
TIMES = {"coarse": 0.12, "convolutional": 0.56, "codes": 0.08, "other key": 0.04}
TIMES_ELSEWHERE = {"coarse": 0.06, "convolutional": 0.14}


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


@dataclass(frozen=True, eq=False)
class Decoders:
    """Three decoders of features, from plain to strong."""

    linear: LinearDecoder
    coarse: Coarse
    fine: Decoder


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


def train(stage: Stage, sight: Sight, seconds: float, share: Mapping[str, float] = TIMES) -> Decoders:
    """Train all decoders of features on the attacker's own pictures."""
    features, pictures = stage.own_features, stage.own_pixels
    coarse = train_coarse(features, pictures, stage.basis, share["coarse"] * seconds)
    fine = train_decoder(copy.deepcopy(coarse), features, pictures, sight, share["convolutional"] * seconds)
    return Decoders(LinearDecoder(features, pictures, stage.basis), coarse, fine)


def against_features(stage: Stage, decoders: Decoders) -> list[Attempt]:
    """Whoever has the features: a linear decoder, two networks, the nearest picture."""
    return [
        Attempt(RAW, "linear", lambda rows: decoders.linear.rebuild(stage.features(rows))),
        _network(RAW, "two layers", decoders.coarse, stage.features),
        _network(RAW, "convolutional", decoders.fine, stage.features),
        _nearest(RAW, stage, stage.features, stage.own_features),
    ]


def against_stored(stage: Stage, decoders: Decoders) -> Iterator[Attempt]:
    """Whoever has what is stored, with the key or without it, or what a Milvus server has, without it."""
    yield _network(KEY, "convolutional", decoders.fine, stage.turned_back)
    yield _network(ENCRYPTED, "convolutional", decoders.fine, stage.encrypted)
    yield _network(NO_KEY, "convolutional", decoders.fine, stage.stored)
    yield _nearest(NO_KEY, stage, stage.stored, stage.own_features)
    for how, matrix in _guesses(stage):
        yield _network(NO_KEY, f"{how}, then convolutional", decoders.fine, _turned(stage, matrix))
    yield _network(CODE_NO_KEY, "convolutional", decoders.fine, stage.codes)


def against_codes(stage: Stage, seconds: float) -> list[Attempt]:
    """Whoever has binary codes and the key: a network trained on what he sees."""
    own = stage.codes_turned_back(stage.split.own)
    coarse = train_coarse(own, stage.own_pixels, stage.basis, TIMES["codes"] * seconds)
    return [
        _network(CODE_KEY, "two layers", coarse, stage.codes_turned_back),
        _nearest(CODE_KEY, stage, stage.codes_turned_back, own),
    ]


def with_another_key(stage: Stage, other: Stage, seconds: float) -> list[Attempt]:
    """Whoever has no key but trained on vectors of an instance of his own, `other`, that has another key."""
    own = other.stored(stage.split.own)
    coarse = train_coarse(own, stage.own_pixels, stage.basis, TIMES["other key"] * seconds)
    return [_network(NO_KEY, "two layers, trained with another key", coarse, stage.stored)]


def _network(has: str, method: str, network: nn.Module, vectors: Vectors) -> Attempt:
    return Attempt(has, method, lambda rows: rebuild(network, vectors(rows)))


def _nearest(has: str, stage: Stage, vectors: Vectors, own: Floats) -> Attempt:
    return Attempt(has, "nearest picture", lambda rows: stage.own_pixels[nearest(vectors(rows), own)])


def _turned(stage: Stage, matrix: Floats) -> Vectors:
    return lambda rows: stage.stored(rows) @ matrix


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
