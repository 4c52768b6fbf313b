"""Pictures within pictures: pasted on another one, on a screenshot, in a collage, a border or between bars of text.

Where a picture ends inside another, brightness or a colour steps from one pixel to the next along its sides, which
are exactly level and upright and end in corners. Each pixel says how much likelier such a side is there than not, and
what the pixels of four sides say is summed: so a side may fade for a while where both pictures look alike, and yet is
told from the outlines of things, which are neither as straight nor as sharp. Docs/models.md says how often that errs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from similis.algorithm._backbone import Pixels
from similis.domain import Region

_SIDE = 256  # pixels that edges are looked for in, each way
_LEAST = 51  # pixels of a side of an inner picture
_BESIDE = 2  # pixels to either side of an edge, where there should be less of a step
_STEP = 9.0  # levels of brightness or colour that are as likely across an edge as elsewhere
_RATIO = 0.75  # the same, as a share of the steps beside
_CERTAINTY = 2.0  # how fast evidence grows with the step; fitted, like the two above, to pictures pasted on others
_APART = 2  # pixels between lines
_MOST_LINES = 20
_OUTER = 3  # pixels along the outer picture's sides in which no line is looked for

_NOISE = -0.02  # evidence a pixel on the fifth of all lines that have most: only noise has more
_RHYTHM = (
    0.14  # share that one frequency has in how evidence changes from line to line: only blocks of pixels have more
)
_SLOWEST = 16  # waves in a picture: fewer are things in it, not blocks
_NOTHING = 1e-9

_FEWEST = 2  # sides that must be edges
_SUPPORT = 0.35  # evidence a pixel, of 1, that each of them needs
_SUPPORT_OF_TWO = 0.6  # the same where only two are
_SUPPORT_OF_ONE = 0.2  # the same of one side that fades, where four are
_SUPPORT_OF_FOUR = 0.65  # and what they need in the mean then
_MOST_SUPPORT = 0.9  # what is needed of a picture with few pixels at most
_FEW = 160  # pixels of a side below which more evidence is needed, as each pixel is seen several times
_TOGETHER = 0.5  # evidence of all sides, each counted by its length, of 4
_MOST_TILES = 4  # pictures of a collage
_ALIKE = 0.85  # least overlap of what was found with an even share of a collage
_STRIPES = 3  # lines all the way across an inner picture that show it to be a part of a pattern
_WITHIN = 6  # pixels from its sides at which such lines begin
_LEAST_CONTRAST = 16  # standard deviation of a colour inside; an even surface is a label or covers something

Numbers = NDArray[np.int64]
Evidence = NDArray[np.float32]


def inner_picture(pixels: Pixels, width: int, height: int) -> Region | None:
    """The most certain of the pictures within a picture, or None where there is none.

    At least two of its sides are edges, the others may be the outer picture's own. The one whose sides have the most
    evidence is taken; where that is an even surface, something covers the picture, and where it is striped or
    checked, it is a part of the pattern: then there is none.

    Args:
        pixels: RGB, uint8[rows, columns, 3], some hundreds each way; the picture may be squashed.
        width: of the picture, in the pixels that the answer is given in.
        height: the same.
    """
    small = Image.fromarray(pixels).resize((_SIDE, _SIDE), Image.Resampling.BOX, reducing_gap=1.1)
    levels = np.ascontiguousarray(np.asarray(small).transpose(2, 0, 1))
    upright, level = _lines(levels), _lines(np.ascontiguousarray(levels.transpose(0, 2, 1)))
    if upright.edges + level.edges < _FEWEST or _grained([upright.profile, level.profile]):
        return None
    found = _best(upright, level, max(1.0, _FEW / min(width, height)))
    if found is None:
        return None
    x1, x2, y1, y2 = found
    region = Region(x1 * width // _SIDE, x2 * width // _SIDE, y1 * height // _SIDE, y2 * height // _SIDE)
    stripes = upright.across(x1, x2, y1, y2) + level.across(y1, y2, x1, x2)
    if stripes >= _STRIPES and not _ends_in_the_middle(region, Region.whole(width, height)):
        return None
    inside = levels[:, y1 + _OUTER : y2 - _OUTER, x1 + _OUTER : x2 - _OUTER]
    if inside.std((1, 2)).max() < _LEAST_CONTRAST:
        return None
    return region


def other_frames(frame: Region, whole: Region) -> tuple[Region, ...]:
    """What else may be meant where an inner picture was found: each picture of an even collage, else all of it.

    One that ends in the very middle is a part of one of four, where an edge in that hid one of its sides.
    """
    even = _tiles(whole, round(whole.width / frame.width), round(whole.height / frame.height))
    if any(_alike(tile, frame) for tile in even):
        return tuple(tile for tile in even if tile != frame) if 1 < len(even) <= _MOST_TILES else (whole,)
    return _tiles(whole, 2, 2) if _ends_in_the_middle(frame, whole) else (whole,)


def _tiles(whole: Region, across: int, down: int) -> tuple[Region, ...]:
    wide, high = whole.width // across, whole.height // down
    return tuple(
        Region(wide * column, wide * (column + 1), high * row, high * (row + 1))
        for row in range(down) for column in range(across)
    )  # fmt: skip


def _ends_in_the_middle(frame: Region, whole: Region) -> bool:
    """Whether one of its corners is the middle of the picture."""
    x = min(abs(2 * side - whole.width) for side in (frame.x1, frame.x2))
    y = min(abs(2 * side - whole.height) for side in (frame.y1, frame.y2))
    return max(x / whole.width, y / whole.height) <= 2 * _APART / _SIDE


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
        sums: float32[n, _SIDE + 1], how much evidence of an edge each has before each place along it.
        profile: float32[_SIDE], the evidence a pixel on every line there may be.
    """

    places: Numbers
    sums: Evidence
    profile: Evidence

    @property
    def edges(self) -> int:
        return len(self.places) - 2

    def pairs(self) -> tuple[Numbers, Numbers]:
        """Numbers of the lines that may be opposite sides of a picture."""
        first, second = np.triu_indices(len(self.places), 1)
        wide = self.places[second] - self.places[first] >= _LEAST
        return first[wide], second[wide]

    def evidence(self, lines: Numbers, start: Numbers, stop: Numbers) -> Evidence:
        """The evidence of an edge on each of the lines between each of the places: float32[lines, places].

        NaN for the outer picture's sides, which need none.
        """
        between: Evidence = self.sums[lines][:, stop] - self.sums[lines][:, start]
        between[(lines == 0) | (lines == len(self.places) - 1)] = np.nan
        return between

    def across(self, low: int, high: int, start: int, stop: int) -> int:
        """How many lines well between two places are edges from start to stop."""
        inner = (self.places > low + _WITHIN) & (self.places < high - _WITHIN)
        inner[[0, -1]] = False
        evidence = self.sums[inner, stop] - self.sums[inner, start]
        return int((evidence > _SUPPORT * (stop - start)).sum())


def _lines(levels: Pixels) -> _Lines:
    """The upright lines of uint8[3, rows, columns], those with the most evidence in one stretch."""
    sums = np.zeros((_SIDE, _SIDE + 1), np.float32)
    np.cumsum(np.ascontiguousarray(_edges(levels).T), axis=1, out=sums[:, 1:])
    stretch = (sums - np.minimum.accumulate(sums, axis=1)).max(1)
    kept: list[int] = []
    for place in np.argsort(-stretch, kind="stable"):
        if stretch[place] < _SUPPORT * _LEAST or len(kept) == _MOST_LINES:
            break
        if all(abs(place - other) > _APART for other in kept):
            kept.append(int(place))
    places = np.array([0, *sorted(kept), _SIDE])
    return _Lines(places, sums[np.minimum(places, _SIDE - 1)], sums[:, -1] / np.float32(_SIDE))


def _grained(profiles: Sequence[Evidence]) -> bool:
    """Whether there are edges everywhere, as in noise, or in one rhythm both ways, as between blocks of pixels."""
    inner = [profile[_OUTER:-_OUTER] for profile in profiles]
    if max(float(np.quantile(profile, 0.8)) for profile in inner) > _NOISE:
        return True
    powers = [np.square(np.abs(np.fft.rfft(profile - profile.mean())))[_SLOWEST:] for profile in inner]
    return min(float(power.max() / max(power.sum(), _NOTHING)) for power in powers) > _RHYTHM


def _edges(levels: Pixels) -> Evidence:
    """The evidence, -1..1, that a picture begins or ends between each column and the one before: [rows, columns]."""
    before, after = levels[:, :, :-1], levels[:, :, 1:]
    step = np.pad((np.maximum(before, after) - np.minimum(before, after)).max(0), ((0, 0), (1, 0)))
    padded = np.pad(step, ((0, 0), (_BESIDE, _BESIDE)), mode="edge")
    beside = np.maximum(padded[:, :_SIDE], padded[:, 2 * _BESIDE :])
    evidence: Evidence = np.take(_EVIDENCE, step.astype(np.uint16) * 256 + beside)
    evidence[:, :_OUTER] = evidence[:, -_OUTER:] = -1
    return evidence


def _evidence() -> Evidence:
    """By 256 times the levels of the step and those of the larger one beside: float32[65536]."""
    levels = np.arange(256, dtype=np.float32)
    needed = np.maximum(_STEP, _RATIO * levels)
    ratio = np.log(np.maximum(levels, 1)[:, None] / needed)
    evidence: Evidence = np.clip(np.float32(_CERTAINTY) * ratio, -1, 1).astype(np.float32)
    return evidence.ravel()


_EVIDENCE = _evidence()


def _best(upright: _Lines, level: _Lines, enlarged: float) -> tuple[int, int, int, int] | None:
    """Corners x1, x2, y1, y2 of what is most certain to be an inner picture.

    Each side needs evidence, so many times as much in a picture that is seen enlarged.
    """
    left, right = upright.pairs()
    top, bottom = level.pairs()
    x1, x2, y1, y2 = upright.places[left], upright.places[right], level.places[top], level.places[bottom]
    evidence = np.stack(
        [
            upright.evidence(left, y1, y2),
            upright.evidence(right, y1, y2),
            level.evidence(top, x1, x2).T,
            level.evidence(bottom, x1, x2).T,
        ]
    )
    high, wide = (y2 - y1)[np.newaxis], (x2 - x1)[:, np.newaxis]
    lengths = np.stack(np.broadcast_arrays(high, high, wide, wide))
    together = np.nansum(evidence, 0) / _SIDE
    good = (together >= _TOGETHER) & _supported(evidence / lengths, enlarged)
    if not good.any():
        return None
    across, down = np.unravel_index(np.argmax(np.where(good, together, 0)), good.shape)
    return int(x1[across]), int(x2[across]), int(y1[down]), int(y2[down])


def _supported(sides: Evidence, enlarged: float) -> NDArray[np.bool_]:
    """Where there is enough evidence a pixel on each of four sides; NaN for those that need none: bool[pairs, pairs].

    Of four edges one may fade, where both pictures look alike for most of it, if the others are the more certain.
    """
    edges = (~np.isnan(sides)).sum(0)
    needed = np.minimum(enlarged * np.where(edges == _FEWEST, _SUPPORT_OF_TWO, _SUPPORT), _MOST_SUPPORT)
    lacking = (sides < needed).sum(0)
    faded = ~(sides < enlarged * _SUPPORT_OF_ONE).any(0) & (sides.mean(0) >= np.sqrt(enlarged) * _SUPPORT_OF_FOUR)
    supported: NDArray[np.bool_] = (edges >= _FEWEST) & ((lacking == 0) | (lacking == 1) & faded)
    return supported
