"""Guises: what a picture may have been before somebody edited it, told by what is stored, without another look at it.

A copy whose hue and contrast were changed keeps its shapes: with the colours that it may have had it is nearer to
what is stored. One that was turned, cropped or coarsened keeps its colours: the stored picture is near in these and
far in what is seen. The sum of both similarities hides that; the sum of their closeness, −log(1 − similarity), shows
it. As this is convex, what has most of it comes first in a plain search with some weight of the colours, too: that
search is the answer, page by page. Docs/models.md says what it finds.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from similis.algorithm._backbone import Pixels
from similis.algorithm._features import COLOUR_WEIGHT, Features, unit

_HUES = (-60, -40, -20, 20, 40, 60)  # by how much of 256 the hue is turned back
_CONTRASTS = (0.625, 1.6)

_SAY = COLOUR_WEIGHT**2  # of colours in a similarity, where what is seen has 1
_NEAREST = 0.01  # distances below are as good as none
_SAME_COLOURS = 0.9  # the similarity from which on colours tell a copy that does not come first anyway
_OTHER_COLOURS = 0.07  # by how much similarity must grow with colours that are not those of the picture


def recoloured(palette: Pixels) -> list[Pixels]:
    """The colours that a picture may have had before its hue and contrast were changed.

    Args:
        palette: some of its pixels, RGB, uint8[rows, columns, 3].
    """
    return [_turned(palette, hue, contrast) for hue, contrast in product(_HUES, _CONTRASTS)]


def likeliest(parts: Features, similarities: Features) -> Features | None:
    """What finds the stored picture that the query is most likely a copy of, or None where it comes first anyway.

    Args:
        parts: float32[n, dimension]: what is seen, the colours as they are, and as they may have been.
        similarities: float32[stored, n], cosines of stored features and these.
    """
    length = np.sqrt(1 + _SAY)
    seen, colours = similarities[:, 0] * length, similarities[:, 1:] * (length / COLOUR_WEIGHT)
    whole = (seen[:, np.newaxis] + _SAY * colours) / (1 + _SAY)
    first = int(np.argmax(whole[:, 0]))
    copy, guise = np.unravel_index(np.argmax(whole), whole.shape)
    if whole[copy, guise] >= whole[first, 0] + _OTHER_COLOURS:
        return unit(parts[0] + COLOUR_WEIGHT * parts[1 + guise])
    copy = np.argmax(_closeness(seen) + _SAY * _closeness(colours[:, 0]))
    if copy == first or colours[copy, 0] < _SAME_COLOURS:
        return None
    return unit(parts[0] + COLOUR_WEIGHT * _distance(seen[copy]) / _distance(colours[copy, 0]) * parts[1])


def _turned(palette: Pixels, hue: int, contrast: float) -> Pixels:
    picture = ImageEnhance.Contrast(Image.fromarray(palette)).enhance(contrast)
    hues, *others = picture.convert("HSV").split()
    turned = Image.merge("HSV", (hues.point([(level + hue) % 256 for level in range(256)]), *others))
    return np.asarray(turned.convert("RGB"))


def _distance(similarity: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 − similarity, but not below what is as good as none."""
    return np.maximum(1 - similarity, 0) + np.float32(_NEAREST)


def _closeness(similarity: NDArray[np.float32]) -> NDArray[np.float32]:
    closeness: NDArray[np.float32] = -np.log(_distance(similarity))
    return closeness
