"""Features: what the backbone saw of a picture and its colours become one vector of unit length.

Two parts, each centred, projected and mildly whitened by fixed matrices that `training/projection.py` learned without
labels: what the backbone sees (root mean square of its cells, weighted as `_attention` says, and beside it that of a
glance at half the size), and the colours (a soft histogram in CIE L*a*b*, square-rooted). Their cosine is the
weighted sum of the parts' cosines.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from similis.algorithm._attention import Sight
from similis.algorithm._backbone import Pixels
from similis.algorithm._weights import load_weights

Features = NDArray[np.float32]

COLOUR_WEIGHT = 0.5
GLANCE_WEIGHT = 0.6
_SIDE = 64
_SAMPLED = 4  # one miniature's pixel in so many, each way, is in a palette
_BINS = (6, 12, 12)
_AB_LIMIT = 40.0
# sRGB (D65) to CIE XYZ relative to white, IEC 61966-2-1.
_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]],
    np.float32,
) / np.array([[0.95047], [1.0], [1.08883]], np.float32)
_SRGB_KNEE = 0.04045
_LEVELS = np.arange(256, dtype=np.float32) / 255
_LINEAR = np.where(_LEVELS <= _SRGB_KNEE, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4).astype(np.float32)


class Describer:
    """Turns what was seen of a picture into features; cosine similarity compares them.

    Attributes:
        name: names the recipe; features of different recipes do not mix.
        dimension: numbers in a feature vector.
    """

    def __init__(self) -> None:
        weights = load_weights("features")
        self._seen = _Projection(weights["seen_mean"], weights["seen_matrix"])
        self._colour = _Projection(weights["colour_mean"], weights["colour_matrix"])
        self.name = "el2-two-scales-lab-v3"
        self.dimension = self._seen.dimension + self._colour.dimension

    def describe(self, sight: Sight) -> Features:
        """Describe a picture with attention to a region: float32[dimension], of unit length."""
        seen = self._seen.apply(both_scales(pool(sight.cells, sight.weights), at_a_glance(sight.glance)))
        colour = self._colour.apply(colours(sight))
        return unit(np.concatenate([seen, np.float32(COLOUR_WEIGHT) * colour]))

    def by_colour(self, vector: Features, times: float) -> Features:
        """Features with so many times the weight for colours, to search with: float32[dimension], of unit length."""
        seen, colour = np.split(vector, [self._seen.dimension])
        return unit(np.concatenate([seen, np.float32(times) * colour]))

    def apart(self, vector: Features, palettes: Sequence[Pixels]) -> Features:
        """What is seen and the colours of features, and the colours of palettes: float32[2 + palettes, dimension].

        Each row speaks of one of these, is zero elsewhere and of unit length.
        """
        seen, colour = np.split(vector, [self._seen.dimension])
        others = [self._colour.apply(_palette_colours(palette)) for palette in palettes]
        rows = np.zeros((2 + len(palettes), self.dimension), np.float32)
        rows[0, : len(seen)] = unit(seen)
        rows[1:, len(seen) :] = [unit(colour), *others]
        return rows


class _Projection:
    """Centres, projects and scales to unit length."""

    def __init__(self, mean: NDArray[np.floating], matrix: NDArray[np.floating]) -> None:
        self._mean, self._matrix = mean.astype(np.float32), matrix.astype(np.float32)
        self.dimension = self._matrix.shape[1]

    def apply(self, vector: Features) -> Features:
        return unit((vector - self._mean) @ self._matrix)


def pool(cells: NDArray[np.float32], weights: NDArray[np.float32]) -> Features:
    """The weighted root mean square of each channel of float32[channels, n], to unit length; `weights` sum to one."""
    return unit(np.sqrt(np.square(cells) @ weights))


def at_a_glance(glance: NDArray[np.float32]) -> Features:
    """The root mean square of each channel of a map, float32[channels, rows, columns], to unit length."""
    return unit(np.sqrt(np.square(glance).mean((1, 2))))


def both_scales(close: NDArray[np.float32], glance: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pooled vectors of both scales, float32[..., channels] each, side by side with their weights."""
    return np.concatenate([close, np.float32(GLANCE_WEIGHT) * glance], axis=-1)


def colours(sight: Sight) -> Features:
    """The colours of region and picture, each counting for half, as `colour_histogram`."""
    everywhere = colour_histogram(sight.small)
    if sight.whole:
        return everywhere
    return unit(np.sqrt(np.square(everywhere) + np.square(colour_histogram(sight.colours_seen))))


def palette(sight: Sight) -> Pixels:
    """Some pixels of the picture, and as many of its region: RGB, uint8[parts, n, 3].

    They are in order of their colours, so that they say nothing of where they were: no small picture leaves here.
    """
    parts = [sight.small] if sight.whole else [sight.small, sight.colours_seen]
    return np.stack([_sampled(part) for part in parts])


def _sampled(pixels: Pixels) -> Pixels:
    some = _miniature(pixels)[_SAMPLED // 2 :: _SAMPLED, _SAMPLED // 2 :: _SAMPLED].reshape(-1, 3)
    return some[np.lexsort(some.T)]


def _palette_colours(palette: Pixels) -> Features:
    """As `colours`, of the few pixels of a palette."""
    return unit(np.sqrt(sum(np.square(_histogram(part)) for part in palette)))


def colour_histogram(pixels: Pixels) -> Features:
    """The square-rooted share of each colour of RGB pixels, uint8[height, width, 3]; float32[864] of unit length.

    Every pixel of a 64 × 64 miniature is shared out among the neighbouring bins (Hellinger kernel: Arandjelović and
    Zisserman, CVPR 2012).
    """
    return _histogram(_miniature(pixels).reshape(-1, 3))


def _miniature(pixels: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(pixels).resize((_SIDE, _SIDE), Image.Resampling.BOX, reducing_gap=3.0))


def _histogram(rgb: Pixels) -> Features:
    """The square-rooted share of each colour of RGB pixels, uint8[n, 3]; float32[864] of unit length."""
    lab = _lab(rgb)
    light, of_light = _neighbours(lab[:, 0], 0.0, 100.0, _BINS[0])
    green_red, of_green_red = _neighbours(lab[:, 1], -_AB_LIMIT, _AB_LIMIT, _BINS[1])
    blue_yellow, of_blue_yellow = _neighbours(lab[:, 2], -_AB_LIMIT, _AB_LIMIT, _BINS[2])
    bins = (light[:, None, None] * _BINS[1] + green_red[:, None]) * _BINS[2] + blue_yellow
    shares = of_light[:, None, None] * of_green_red[:, None] * of_blue_yellow
    return unit(np.sqrt(np.bincount(bins.ravel(), shares.ravel(), minlength=int(np.prod(_BINS)))))


def unit(vector: NDArray[np.floating]) -> Features:
    """The vector scaled to unit length; a zero vector stays zero."""
    length = max(float(np.linalg.norm(vector)), 1e-12)
    scaled: Features = (vector / length).astype(np.float32)
    return scaled


def _lab(colours: NDArray[np.uint8]) -> Features:
    """SRGB colours, uint8[n, 3], in CIE L*a*b* (white D65), float32[n, 3]."""
    xyz = _LINEAR[colours] @ _XYZ.T
    root = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = root.T
    lab: Features = np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1).astype(np.float32)
    return lab


def _neighbours(values: Features, low: float, high: float, bins: int) -> tuple[NDArray[np.int64], Features]:
    """The two nearest of `bins` evenly spaced centres, int64[2, n], and the share each value has in them."""
    place = np.clip((values - low) / (high - low) * (bins - 1), 0, bins - 1)
    below = np.minimum(place.astype(np.int64), bins - 2)
    over = (place - below).astype(np.float32)
    return np.stack([below, below + 1]), np.stack([1 - over, over])
