"""The space that a tuning puts features into."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from similis.algorithm._scores import Calibration

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class TunedSpace:
    """An affine map of features and how similarities after it read as scores.

    Attributes:
        mean: float32[D], taken off the features, which have unit length.
        matrix: float32[d, D].
        calibration: the curve of scores.
    """

    mean: Floats
    matrix: Floats
    calibration: Calibration

    @property
    def dimension(self) -> int:
        """Numbers in a mapped vector."""
        return len(self.matrix)

    def apply(self, vectors: NDArray[np.floating[Any]]) -> Floats:
        """Map features [n, D] to float32[n, d].

        Row by row, because a matrix product rounds a row differently in company than alone: equal features must stay
        equal whenever they are mapped.
        """
        rows = _unit(vectors.astype(np.float32)) - self.mean
        mapped = np.empty((len(rows), self.dimension), np.float32)
        for place, row in enumerate(rows):
            mapped[place] = self.matrix @ row
        return mapped

    def place(self, vector: NDArray[np.floating[Any]]) -> Floats:
        """Map one vector of features, [D], and scale it to unit length: float32[d]."""
        placed: Floats = _unit(self.apply(vector[np.newaxis]))[0]
        return placed

    def to_bytes(self) -> bytes:
        """All of it as bytes."""
        curve = self.calibration
        buffer = io.BytesIO()
        figures = np.array([curve.middle, curve.slope, curve.threshold])
        np.savez(buffer, mean=self.mean, matrix=self.matrix, calibration=figures)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """What `to_bytes` wrote."""
        with np.load(io.BytesIO(content), allow_pickle=False) as kept:
            return cls(kept["mean"], kept["matrix"], Calibration(*kept["calibration"].tolist()))


def _unit(rows: Floats) -> Floats:
    scaled: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-12))
    return scaled
