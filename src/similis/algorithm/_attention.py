"""How much each part of a picture counts: its region for one half, all of it for the other.

Where the subject is, is found by a network that errs, and what surrounds a thing says something of it. Against
the subject alone this gained R@1 on groceries and changed little elsewhere; docs/models.md has the figures. A
region is pooled from the one feature map of the whole picture, unless it is so small that this map shows it in
a few cells: then the backbone looks at it once more. A region that the user gives counts as one that was found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from similis.algorithm._backbone import Backbone, FeatureMap, Maps, Pixels
from similis.domain import Region

_SMALL = 0.25  # of the picture's area


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """A picture as the backbone saw it.

    Attributes:
        looks: what the backbone gave: of the whole picture, and of the region where that was looked at by itself.
        weights: float32[n], how much each cell of the last maps counts, one look after the other; they sum to one.
        pixels: RGB, uint8[height, width, 3], of the whole picture.
        small: the same squashed to the backbone's input size.
        region: the part of it that counts for half; or all of it.
    """

    looks: tuple[Maps, ...]
    weights: NDArray[np.float32]
    pixels: Pixels
    small: Pixels
    region: Region

    @property
    def cells(self) -> NDArray[np.float32]:
        """The cells of the last maps, float32[channels, n]."""
        return side_by_side([look.feature_map for look in self.looks])

    @property
    def glance(self) -> FeatureMap:
        """The whole picture at a glance."""
        return self.looks[0].glance

    @property
    def seen(self) -> Pixels:
        """The region's pixels."""
        return self.pixels[self.region.y1 : self.region.y2, self.region.x1 : self.region.x2]

    @property
    def colours_seen(self) -> Pixels:
        """The region's pixels, fewer of them where that is enough to tell its colours."""
        if len(self.looks) > 1:
            return self.seen
        (height, width), (rows, columns) = self.pixels.shape[:2], self.small.shape[:2]
        top, bottom = self.region.y1 * rows // height, -(-self.region.y2 * rows // height)
        left, right = self.region.x1 * columns // width, -(-self.region.x2 * columns // width)
        return self.small[top:bottom, left:right]

    @property
    def whole(self) -> bool:
        """Whether the region is the whole picture."""
        return self.seen.shape == self.pixels.shape


def look(
    backbone: Backbone, pixels: Pixels, region: Region, maps: Maps | None = None, small: Pixels | None = None
) -> Sight:
    """Look at a picture with attention to a region inside it.

    Args:
        backbone: the network.
        pixels: RGB, uint8[height, width, 3].
        region: the region.
        maps: what the backbone gave for the whole picture, where it has looked at it already.
        small: the picture squashed to the backbone's input size, where that was done already.
    """
    height, width = pixels.shape[:2]
    small = backbone.squashed(pixels) if small is None else small
    first = maps or backbone.maps(small)
    seen = first.feature_map
    evenly = np.full(seen[0].size, 1 / seen[0].size, np.float32)
    sight = Sight((first,), evenly, pixels, small, region)
    if sight.whole:
        return sight
    if region.area >= _SMALL * height * width:
        return Sight((first,), _halves(evenly, region_shares(region, pixels, seen)), pixels, small, region)
    near = backbone.maps(sight.seen)
    return Sight((first, near), np.concatenate([evenly, evenly]) * np.float32(0.5), pixels, small, region)


def side_by_side(maps: Sequence[FeatureMap]) -> NDArray[np.float32]:
    """The cells of maps, float32[channels, rows, columns] each, one map after the other: float32[channels, n]."""
    cells = [each.reshape(len(each), -1) for each in maps]
    return cells[0] if len(cells) == 1 else np.concatenate(cells, axis=1)


def region_shares(region: Region, pixels: Pixels, feature_map: FeatureMap) -> NDArray[np.float32]:
    """Each cell's share of a region, float32[rows · columns], summing to one."""
    height, width = pixels.shape[:2]
    rows, columns = feature_map.shape[1:]
    shares = np.outer(_overlaps(region.y1, region.y2, height, rows), _overlaps(region.x1, region.x2, width, columns))
    found: NDArray[np.float32] = (shares / shares.sum()).ravel().astype(np.float32)
    return found


def _halves(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    return (one + other) * np.float32(0.5)


def _overlaps(start: int, stop: int, side: int, cells: int) -> NDArray[np.float64]:
    """How much of `start..stop` lies in each of the equal cells of a side."""
    edges = np.linspace(0, side, cells + 1)
    inside: NDArray[np.float64] = np.clip(np.minimum(edges[1:], stop) - np.maximum(edges[:-1], start), 0, None)
    return inside
