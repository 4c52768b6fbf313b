"""Features: what a picture's feature map and colours become, one vector of unit length a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from similis.algorithm._backbone import FeatureMap, Pixels

Features = NDArray[np.float32]

_COLOUR_WEIGHT = 0.5
_BINS = (16, 4, 4)


class Describer:
    """Turns a feature map and the pixels it came from into features; cosine similarity compares them.

    Attributes:
        name: names the recipe; features of different recipes do not mix.
        dimension: numbers in a feature vector.
    """

    name = "el2-gem-colour-v0"
    dimension = 1280 + 256

    def describe(self, feature_map: FeatureMap, pixels: Pixels) -> Features:
        """Describe a picture or a region of it.

        Args:
            feature_map: float32[channels, rows, columns] of the same pixels.
            pixels: RGB, uint8[height, width, 3].

        Returns:
            float32[dimension], of unit length.
        """
        pooled = np.cbrt((np.maximum(feature_map, 1e-6) ** 3).mean((1, 2)))
        colour = np.sqrt(_histogram(pixels))
        return _unit(np.concatenate([_unit(pooled), _COLOUR_WEIGHT * _unit(colour)]))


def _histogram(pixels: Pixels) -> Features:
    small = Image.fromarray(pixels).resize((64, 64), Image.Resampling.BOX).convert("HSV")
    counts, _edges = np.histogramdd(np.asarray(small).reshape(-1, 3), _BINS, [(0, 256)] * 3)
    return (counts.ravel() / counts.sum()).astype(np.float32)


def _unit(vector: Features) -> Features:
    return (vector / max(float(np.linalg.norm(vector)), 1e-12)).astype(np.float32)
