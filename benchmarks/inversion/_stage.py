"""What the attacks are made on: pictures, who has which, their features, and a key."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from benchmarks.inversion._linear import Principal, principal
from benchmarks.inversion._pictures import Pictures
from benchmarks.inversion._rotation import Clouds, sign_codes, stored, unit_rows
from benchmarks.inversion._splits import Rows, Split
from numpy.typing import NDArray

from similis.privacy import FeatureCipher

Floats = NDArray[np.float32]

_KEY_BYTES, _TAG_BYTES = 32, 16


@dataclass(frozen=True, eq=False)
class Stage:
    """What the attacks are made on.

    Attributes:
        pictures: all of them.
        split: who has which.
        rotation: the instance's secret, float64[D, D].
    """

    pictures: Pictures
    split: Split
    rotation: NDArray[np.float64]

    def pixels(self, rows: Rows) -> Floats:
        """Pictures, float32[n, side, side, 3] in 0..1."""
        return (self.pictures.small[rows] / 255).astype(np.float32)

    def features(self, rows: Rows) -> Floats:
        """Features before the key, float32[n, D]."""
        return self.pictures.features[rows].astype(np.float32)

    def stored(self, rows: Rows) -> Floats:
        """Features turned by the key, as the catalogue and indexes have them before they encrypt them."""
        return stored(self.rotation, self.features(rows))

    def encrypted(self, rows: Rows) -> Floats:
        """What the catalogue has of them, each two bytes taken for a number, as vectors of unit length."""
        cipher = FeatureCipher(bytes(self.rotation)[:_KEY_BYTES], "instance")
        vectors = self.stored(rows).astype("<f2")
        sealed = [cipher.seal(int(row), vector.tobytes()) for row, vector in zip(rows, vectors, strict=True)]
        texts = (each[-vectors.shape[1] * 2 - _TAG_BYTES : -_TAG_BYTES] for each in sealed)
        numbers = np.stack([np.frombuffer(each, "<u2") for each in texts])
        return unit_rows((numbers / 65535 - 0.5).astype(np.float32))

    def turned_back(self, rows: Rows) -> Floats:
        """Stored vectors to whoever has the key."""
        return unit_rows((self.stored(rows) @ self.rotation).astype(np.float32))

    def codes(self, rows: Rows) -> Floats:
        """The binary codes of stored vectors, as vectors of unit length."""
        return sign_codes(self.stored(rows))

    def codes_turned_back(self, rows: Rows) -> Floats:
        """Binary codes to whoever has the key."""
        return unit_rows((self.codes(rows) @ self.rotation).astype(np.float32))

    def clouds(self, own: Rows, there: Rows) -> Clouds:
        """Features of some pictures and stored vectors of others, to be lined up."""
        categories = self.pictures.categories
        return Clouds(self.features(own), categories[own], self.stored(there), categories[there])

    @cached_property
    def own_pixels(self) -> Floats:
        """The attacker's pictures."""
        return self.pixels(self.split.own)

    @cached_property
    def own_features(self) -> Floats:
        """Their features: anyone can compute those with a Similis of his own."""
        return self.features(self.split.own)

    @cached_property
    def basis(self) -> Principal:
        """Their principal pictures."""
        return principal(self.own_pixels)

    def labels(self, rows: Rows) -> NDArray[np.str_]:
        """Labels with their set, `SET/LABEL`."""
        return _joined(self.pictures.sets[rows], self.pictures.labels[rows])

    def categories(self, rows: Rows) -> NDArray[np.str_]:
        """Categories with their set, `SET/CATEGORY`: a category is in clear, and what a shop sells is known."""
        return _joined(self.pictures.sets[rows], self.pictures.categories[rows].astype(np.str_))


def _joined(first: NDArray[np.str_], second: NDArray[np.str_]) -> NDArray[np.str_]:
    return np.char.add(np.char.add(first, "/"), second)
