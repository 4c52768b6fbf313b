"""Pictures within pictures: pasted on another one, on a screenshot, in a collage, a border or between bars of text.

Where a picture ends inside another, straight sharp edges run along its sides, exactly level and upright, and meet in
corners. Things in photographs hardly ever have such edges; where they do (a parcel seen from the front), the thing
itself is what is found. Docs/models.md says how often either happens.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from similis.algorithm._backbone import Pixels
from similis.domain import Region

_SIDE = 160  # pixels that edges are looked for in, each way
_LEAST = 40  # pixels of a side of an inner picture
_STEP = 20  # levels of brightness or colour across an edge
_SHARP = 2.0  # how much higher the step is than three pixels to either side
_NEIGHBOURS = 3
_SUPPORT = 0.85  # share of a side along which there is an edge
_APART = 3  # pixels between lines
_MOST_LINES = 14

_FEWEST = 2  # sides that must be edges
_MOST_TILES = 4  # pictures of a collage
_ALIKE = 0.85  # least overlap of what was found with an even share of a collage
_LEAST_CONTRAST = 16  # standard deviation of a colour inside; an even surface is a label or covers something

Numbers = NDArray[np.int64]


def inner_picture(pixels: Pixels, width: int, height: int) -> Region | None:
    """The most certain of the pictures within a picture, or None where there is none.

    At least two of its sides are edges, the others may be the outer picture's own. Of those with as many edges the
    larger one is taken; where that is an even surface, something covers the picture, and there is none.

    Args:
        pixels: RGB, uint8[rows, columns, 3], some hundreds each way; the picture may be squashed.
        width: of the picture, in the pixels that the answer is given in.
        height: the same.
    """
    small = Image.fromarray(pixels).resize((_SIDE, _SIDE), Image.Resampling.BOX, reducing_gap=1.1)
    levels = np.asarray(small, np.int16)
    upright, level = _lines(levels), _lines(levels.transpose(1, 0, 2))
    if upright.edges + level.edges < _FEWEST:
        return None
    found = _best(upright, level)
    if found is None:
        return None
    x1, x2, y1, y2 = found
    inside = levels[y1 + _APART : y2 - _APART, x1 + _APART : x2 - _APART]
    if inside.std((0, 1)).max() < _LEAST_CONTRAST:
        return None
    return Region(x1 * width // _SIDE, x2 * width // _SIDE, y1 * height // _SIDE, y2 * height // _SIDE)


def other_frames(frame: Region, whole: Region) -> tuple[Region, ...]:
    """What else may be meant where an inner picture was found: each picture of an even collage, else all of it."""
    across, down = round(whole.width / frame.width), round(whole.height / frame.height)
    wide, high = whole.width // across, whole.height // down
    tiles = [
        Region(wide * column, wide * (column + 1), high * row, high * (row + 1))
        for row in range(down) for column in range(across)
    ]  # fmt: skip
    if not 1 < len(tiles) <= _MOST_TILES or not any(_alike(tile, frame) for tile in tiles):
        return (whole,)
    return tuple(tile for tile in tiles if tile != frame)


def _alike(one: Region, other: Region) -> bool:
    width = min(one.x2, other.x2) - max(one.x1, other.x1)
    height = min(one.y2, other.y2) - max(one.y1, other.y1)
    common = max(0, width) * max(0, height)
    return common >= _ALIKE * (one.area + other.area - common)


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """Parallel lines with edges along them, and the outer picture's two sides around them.

    Attributes:
        places: int64[n], where they cross the axis; the first and the last are the outer sides.
        sums: int64[n, _SIDE + 1], how many edge pixels each has before each place along it.
    """

    places: Numbers
    sums: Numbers

    @property
    def edges(self) -> int:
        return len(self.places) - 2

    def pairs(self) -> tuple[Numbers, Numbers]:
        """Numbers of the lines that may be opposite sides of a picture."""
        first, second = np.triu_indices(len(self.places), 1)
        wide = self.places[second] - self.places[first] >= _LEAST
        return first[wide], second[wide]

    def support(self, lines: Numbers, start: Numbers, stop: Numbers) -> NDArray[np.float64]:
        """The share of edge pixels on each of the lines between each of the places: float64[lines, places].

        NaN for the outer picture's sides, which need none.
        """
        share: NDArray[np.float64] = (self.sums[lines][:, stop] - self.sums[lines][:, start]) / (stop - start)
        share[(lines == 0) | (lines == len(self.places) - 1)] = np.nan
        return share


def _lines(levels: NDArray[np.int16]) -> _Lines:
    """The upright lines of int16[rows, columns, 3]."""
    edges = _edges(levels)
    sums = np.cumsum(np.pad(edges, ((0, 0), (1, 0))), axis=1, dtype=np.int64)
    longest = (sums[:, _LEAST:] - sums[:, :-_LEAST]).max(1) / _LEAST
    kept: list[int] = []
    for place in np.argsort(-(longest * _SIDE + sums[:, -1] / _SIDE), kind="stable"):
        if longest[place] < _SUPPORT or len(kept) == _MOST_LINES:
            break
        if all(abs(place - other) > _APART for other in kept):
            kept.append(int(place))
    places = np.array([0, *sorted(kept), _SIDE])
    return _Lines(places, sums[np.minimum(places, _SIDE - 1)])


def _edges(levels: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Where brightness or a colour steps from one column to the next, bool[columns, rows]."""
    step = np.zeros(levels.shape[:2], np.int16)
    step[:, 1:-1] = np.abs(levels[:, 2:] - levels[:, :-2]).max(2)
    padded = np.pad(step, ((0, 0), (_NEIGHBOURS, _NEIGHBOURS)))
    beside = np.minimum(padded[:, :_SIDE], padded[:, 2 * _NEIGHBOURS :])
    return ((step > _STEP) & (step >= _SHARP * beside)).T


def _best(upright: _Lines, level: _Lines) -> tuple[int, int, int, int] | None:
    """Corners x1, x2, y1, y2 of what is most certain to be an inner picture."""
    left, right = upright.pairs()
    top, bottom = level.pairs()
    x1, x2, y1, y2 = upright.places[left], upright.places[right], level.places[top], level.places[bottom]
    support = np.stack(
        [
            upright.support(left, y1, y2),
            upright.support(right, y1, y2),
            level.support(top, x1, x2).T,
            level.support(bottom, x1, x2).T,
        ]
    )
    edges = (~np.isnan(support)).sum(0)
    good = (edges >= _FEWEST) & ~(support < _SUPPORT).any(0)
    if not good.any():
        return None
    area = np.outer(x2 - x1, y2 - y1) / _SIDE**2
    across, down = np.unravel_index(np.argmax(np.where(good, edges + area / 2, 0)), good.shape)
    return int(x1[across]), int(x2[across]), int(y1[down]), int(y2[down])
