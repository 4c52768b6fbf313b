"""How near a rebuilt picture is to the original: SSIM, PSNR, and whether it finds the original among others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_SIGMA, _RADIUS = 1.5, 5
_C1, _C2 = 0.01**2, 0.03**2  # of pictures in 0..1
_RESAMPLES = 1000
_BATCH = 100


@dataclass(frozen=True)
class Mean:
    """A mean with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f}–{self.high:.3f})"


def mean(values: NDArray[np.generic], seed: int = 0) -> Mean:
    """The mean over pictures, float[n], and in which interval it lies for 95 % of resampled pictures."""
    numbers = np.asarray(values, np.float64)
    chosen = np.random.default_rng(seed).integers(0, len(numbers), (_RESAMPLES, len(numbers)))
    low, high = np.quantile(numbers[chosen].mean(1), [0.025, 0.975])
    return Mean(float(numbers.mean()), float(low), float(high))


def psnr(originals: Floats, rebuilt: Floats) -> Doubles:
    """Peak signal-to-noise ratio of each picture in dB, float64[n]; pictures as in `ssim`."""
    errors = np.square(originals.astype(np.float64) - rebuilt).mean((1, 2, 3))
    ratios: Doubles = -10 * np.log10(np.maximum(errors, 1e-10))
    return ratios


def ssim(originals: Floats, rebuilt: Floats) -> Doubles:
    """Structural similarity of each picture, mean over channels, float64[n].

    With a Gaussian window of 11 × 11 pixels (σ = 1.5) wherever it fits into the picture, as Wang, Bovik, Sheikh and
    Simoncelli, "Image quality assessment" (IEEE TIP 2004) have it.

    Args:
        originals: float32[n, rows, columns, channels] in 0..1.
        rebuilt: the same shape.
    """
    starts = range(0, len(originals), _BATCH)
    parts = [_ssim(originals[at : at + _BATCH], rebuilt[at : at + _BATCH]) for at in starts]
    return np.concatenate(parts)


def ranks(queries: Floats, wanted: Floats) -> NDArray[np.int64]:
    """The place at which each query finds its own row of `wanted` by cosine, 0 being the first; int64[n].

    Args:
        queries: descriptors of rebuilt pictures, float32[n, D], of unit length.
        wanted: those of the originals, in the same order.
    """
    similarity = queries @ wanted.T
    own = np.diagonal(similarity)[:, np.newaxis]
    ahead: NDArray[np.int64] = ((similarity > own).sum(1) + (similarity == own).sum(1) - 1).astype(np.int64)
    return ahead


def _ssim(first: Floats, second: Floats) -> Doubles:
    x, y = first.astype(np.float64), second.astype(np.float64)
    mean_x, mean_y = _blurred(x), _blurred(y)
    variance_x = _blurred(x * x) - mean_x**2
    variance_y = _blurred(y * y) - mean_y**2
    covariance = _blurred(x * y) - mean_x * mean_y
    light = (2 * mean_x * mean_y + _C1) / (mean_x**2 + mean_y**2 + _C1)
    structure = (2 * covariance + _C2) / (variance_x + variance_y + _C2)
    result: Doubles = (light * structure).mean((1, 2, 3))
    return result


def _blurred(pictures: Doubles) -> Doubles:
    """Gaussian means, float64[n, rows − 10, columns − 10, channels]."""
    weights = np.exp(-np.square(np.arange(-_RADIUS, _RADIUS + 1) / _SIGMA) / 2)
    weights /= weights.sum()
    for axis in (1, 2):
        windows = np.lib.stride_tricks.sliding_window_view(pictures, len(weights), axis)
        pictures = windows @ weights
    return pictures
