"""Pictures so dark that hardly anything of their range is used are lit as if they had been taken well."""

from __future__ import annotations

import numpy as np

from similis.algorithm._backbone import Pixels

_DARK = 96  # of 255: the level that all but a hundredth of the pixels stay below
_WHITE = 255
_STRIDE = 3  # one pixel in nine is looked at


def lit(pixels: Pixels) -> Pixels:
    """A dark picture with its levels spread so that the brightest hundredth is white; any other as it is.

    Args:
        pixels: RGB, uint8[height, width, 3].
    """
    red, green, blue = np.moveaxis(pixels[::_STRIDE, ::_STRIDE], 2, 0)
    brightness = np.maximum(np.maximum(red, green), blue)  # an axis of three would take twenty times as long
    counts = np.bincount(brightness.ravel(), minlength=_WHITE + 1).cumsum()
    highest = int(np.searchsorted(counts, 0.99 * counts[-1]))
    if not 0 < highest < _DARK:
        return pixels
    levels = np.minimum(np.arange(_WHITE + 1) * _WHITE // highest, _WHITE).astype(np.uint8)
    return levels[pixels]
