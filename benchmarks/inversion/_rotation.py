"""Attacks on the secret rotation of an instance: with pairs of a picture and its stored vector, and without any.

Stored rows are `features @ rotation.T`; the attacks look for the orthogonal matrix that turns them back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_NEIGHBOURS = 10
_QUANTILES = 200
_ROUNDS = 15
_WEIGHT = np.float32(3**0.5)


def stored(rotation: NDArray[np.floating], features: Floats) -> Floats:
    """Features as an instance stores them, rounded to 16 bits; float32[n, D]."""
    turned = features.astype(np.float64) @ rotation.T
    return turned.astype(np.float16).astype(np.float32)


def unit_rows(vectors: Floats) -> Floats:
    """Rows scaled to unit length."""
    lengths = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    scaled: Floats = vectors / lengths
    return scaled


def sign_codes(vectors: Floats) -> Floats:
    """The signs of vectors as vectors of unit length, float32[n, D]: what a binary code tells."""
    codes: Floats = (np.where(vectors > 0, 1, -1) / np.sqrt(vectors.shape[1])).astype(np.float32)
    return codes


def from_pairs(features: Floats, vectors: Floats) -> Floats:
    """Solve the orthogonal Procrustes problem (Schönemann, Psychometrika 1966) with what the pairs tell.

    With fewer pairs than dimensions it turns the space that they span, and leaves out the rest.

    Args:
        features: of known pictures, float32[k, D].
        vectors: the same pictures as they are stored, float32[k, D].

    Returns:
        float32[D, D]; `vectors @ matrix` is near `features`.
    """
    left, sizes, right = np.linalg.svd(vectors.T.astype(np.float64) @ features)
    told = sizes > 1e-6 * sizes[0]
    matrix: Floats = (left[:, told] @ right[told]).astype(np.float32)
    return matrix


@dataclass(frozen=True, eq=False)
class Clouds:
    """Two clouds of points, each with groups that are known to correspond.

    Attributes:
        own: features of the attacker's pictures, float32[n, D].
        own_groups: their categories.
        vectors: stored ones of other pictures, float32[m, D].
        groups: their categories, which the catalogue has in clear.
    """

    own: Floats
    own_groups: NDArray[np.int64]
    vectors: Floats
    groups: NDArray[np.int64]


def without_pairs(clouds: Clouds) -> Floats:
    """Line up clouds of which nothing is known but what a rotation leaves as it is.

    A first guess pairs points whose similarities to all others of their cloud are distributed alike.

    Returns:
        float32[D, D]; `vectors @ matrix` is the guess at features.
    """
    first, second = _profiles(clouds.own), _profiles(clouds.vectors)
    rows, columns = _mutual(_scaled_similarity(second, first))
    return lined_up(clouds, from_pairs(clouds.own[columns], clouds.vectors[rows]))


def lined_up(clouds: Clouds, matrix: Floats, known: tuple[Floats, Floats] | None = None) -> Floats:
    """Better a guess at the rotation: pairs of mutual nearest neighbours and the rotation that they tell take turns.

    So word vectors of two languages are aligned (Artetxe, Labaka and Agirre, ACL 2018).

    Args:
        clouds: what is to be lined up.
        matrix: the first guess, float32[D, D].
        known: features and stored vectors of pairs, which count three times.
    """
    features, vectors = known or (clouds.own[:0], clouds.vectors[:0])
    apart = clouds.groups[:, np.newaxis] != clouds.own_groups
    for _ in range(_ROUNDS):
        similarity = _scaled_similarity(unit_rows(clouds.vectors @ matrix), clouds.own)
        similarity[apart] = -np.inf
        rows, columns = _mutual(similarity)
        matrix = from_pairs(
            np.concatenate([clouds.own[columns], _WEIGHT * features]),
            np.concatenate([clouds.vectors[rows], _WEIGHT * vectors]),
        )
    return matrix


def recovered(guess: Floats, truth: Floats) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """How near guesses at features are.

    Args:
        guess: float32[n, D].
        truth: the features themselves, in the same order.

    Returns:
        The cosine of each guess with the truth, and whether the truth is what it is most similar to among all.
    """
    similarity = unit_rows(guess) @ truth.T
    return np.diagonal(similarity).astype(np.float64), similarity.argmax(1) == np.arange(len(truth))


def _profiles(points: Floats) -> Floats:
    """Quantiles of each point's similarities to all, centred and of unit length: no rotation changes them."""
    quantiles = np.quantile(points @ points.T, np.linspace(0, 1, _QUANTILES), axis=1).T
    return unit_rows((quantiles - quantiles.mean(0)).astype(np.float32))


def _scaled_similarity(first: Floats, second: Floats) -> Floats:
    """Cosines, lowered where a point is near to everything (CSLS: Conneau et al., ICLR 2018); float32[n, m]."""
    similarity = first @ second.T
    count = min(_NEIGHBOURS, *similarity.shape)
    rows = np.partition(similarity, -count, axis=1)[:, -count:].mean(1)
    columns = np.partition(similarity, -count, axis=0)[-count:].mean(0)
    scaled: Floats = 2 * similarity - rows[:, np.newaxis] - columns
    return scaled


def _mutual(similarity: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns that are each other's nearest."""
    columns = similarity.argmax(1)
    rows = np.flatnonzero(similarity.argmax(0)[columns] == np.arange(len(columns)))
    return rows, columns[rows]
