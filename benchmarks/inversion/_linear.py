"""The plain attackers: principal pictures, a linear decoder, the nearest picture, and means."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_KEPT, _SPARE, _ROUNDS = 512, 64, 2
_MOST = 6000  # pictures that the principal ones are found from
_RIDGE = 1e-3


@dataclass(frozen=True)
class Principal:
    """A mean picture and the main ways in which pictures differ from it.

    Attributes:
        mean: float32[p], pixels in a row.
        components: float32[k, p], orthonormal.
        scales: standard deviations along them, float32[k].
    """

    mean: Floats
    components: Floats
    scales: Floats

    def weights(self, pictures: Floats) -> Floats:
        """What each component counts for in pictures, float32[n, k]."""
        weights = (pictures.reshape(len(pictures), -1) - self.mean) @ self.components.T
        return weights.astype(np.float32)

    def pictures(self, weights: Floats, shape: tuple[int, ...]) -> Floats:
        """Pictures of weights, float32[n, *shape]."""
        flat: Floats = self.mean + weights @ self.components
        return flat.reshape(len(weights), *shape)


def principal(pictures: Floats, kept: int = _KEPT, seed: int = 0) -> Principal:
    """Principal components by random projection (Halko, Martinsson and Tropp, SIAM Review 2011).

    Args:
        pictures: float32[n, rows, columns, channels].
        kept: components at most.
        seed: of the projection.
    """
    rng = np.random.default_rng(seed)
    rows = pictures.reshape(len(pictures), -1)
    mean = rows.mean(0)
    some = rows[rng.permutation(len(rows))[:_MOST]] - mean
    basis = some @ rng.standard_normal((rows.shape[1], kept + _SPARE), np.float32)
    for _ in range(_ROUNDS):
        basis = some @ (some.T @ np.linalg.qr(basis)[0])
    _u, _s, directions = np.linalg.svd(np.linalg.qr(basis)[0].T @ some, full_matrices=False)
    components = directions[:kept].astype(np.float32)
    scales = (some @ components.T).std(0)
    useful = scales > 1e-4 * scales[0]
    return Principal(mean, components[useful], scales[useful].astype(np.float32))


class LinearDecoder:
    """Ridge regression from features to the weights of principal pictures.

    Args:
        features: the attacker's, float32[n, D].
        pictures: float32[n, rows, columns, channels] in 0..1.
        basis: principal pictures of them.
    """

    def __init__(self, features: Floats, pictures: Floats, basis: Principal) -> None:
        self._basis, self._shape = basis, pictures.shape[1:]
        self._mean = features.mean(0)
        centred = features - self._mean
        moment = centred.T @ centred / len(centred) + _RIDGE * np.eye(centred.shape[1], dtype=np.float32)
        self._matrix = np.linalg.solve(moment, centred.T @ basis.weights(pictures) / len(centred))

    def rebuild(self, features: Floats) -> Floats:
        """Pictures rebuilt from features, float32[n, rows, columns, channels] in 0..1."""
        return self._basis.pictures((features - self._mean) @ self._matrix, self._shape).clip(0, 1)


def nearest(features: Floats, own: Floats) -> NDArray[np.intp]:
    """The attacker's picture whose features are most similar, for each; both float32[…, D] of unit length."""
    rows: NDArray[np.intp] = (features @ own.T).argmax(1)
    return rows


def group_means(wanted: NDArray[np.str_], groups: NDArray[np.str_], pictures: Floats) -> Floats:
    """The mean picture of the group of each, or of all pictures where the attacker has none of the group.

    Args:
        wanted: groups of the pictures to be rebuilt, str[n].
        groups: those of the attacker's pictures.
        pictures: the attacker's, float32[m, rows, columns, channels].
    """
    names, places = np.unique(wanted, return_inverse=True)
    everything = pictures.mean(0)
    means = [pictures[groups == name].mean(0) if (groups == name).any() else everything for name in names]
    return np.stack(means)[places]
