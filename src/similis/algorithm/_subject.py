"""Where the subjects of a picture are: a saliency mask, cut into connected parts, turned into boxes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from similis.algorithm._backbone import Maps, Pixels, as_input
from similis.algorithm._runtime import cpu_session
from similis.algorithm._weights import load_model
from similis.algorithm.models import Manifest
from similis.domain import InvalidSubject, Region

Mask = NDArray[np.float32]

MAX_SUBJECTS = 5
_THRESHOLD = 0.5
_LEAST_SHARE = 0.005  # of the picture's area; less is a speck
_LEAST_WEIGHT = 0.1  # of the main subject's
_MARGIN = 0.05  # of the box's side, on each side


class SubjectMode(StrEnum):
    """Which finder looks for subjects."""

    FAST = "fast"
    PRECISE = "precise"


class SubjectFinder(Protocol):
    """Finds the subjects of a picture. Safe for threads; same picture, same regions."""

    def regions(self, pixels: Pixels, maps: Maps) -> tuple[Region, ...]:
        """The subjects of a picture, the main one first, and at the end always the whole picture.

        Args:
            pixels: RGB, uint8[height, width, 3].
            maps: what the backbone saw of them.
        """


class SubjectHead:
    """A small network on the maps that the backbone made anyway, trained by `training/subject_head.py`.

    Args:
        threads: threads inside one pass.
    """

    def __init__(self, threads: int = 1) -> None:
        self._session = cpu_session(load_model("subject"), threads)
        self._inputs = [each.name for each in self._session.get_inputs()]

    def regions(self, pixels: Pixels, maps: Maps) -> tuple[Region, ...]:
        """As `SubjectFinder`; of the pixels only their size matters."""
        height, width = pixels.shape[:2]
        return mask_regions(self.mask(maps), width, height)

    def mask(self, maps: Maps) -> Mask:
        """How salient each part of the picture is, 0..1, float32[65, 65], the picture squashed to a square."""
        (masks,) = self._session.run(["mask"], {name: getattr(maps, name)[np.newaxis] for name in self._inputs})
        found: Mask = masks[0, 0]
        return found


class SubjectNetwork:
    """U²-Net (Qin et al., Pattern Recognition 2020), a network of its own.

    Args:
        path: the model file, from `ModelStore.path`.
        manifest: tells how pixels enter and what the output `mask` is called.
        threads: threads inside one pass.
    """

    def __init__(self, path: Path, manifest: Manifest, threads: int = 1) -> None:
        self._session = cpu_session(path, threads)
        self._input = self._session.get_inputs()[0].name
        self._output = manifest.outputs["mask"]
        self._spec = manifest.picture_input()

    def regions(self, pixels: Pixels, maps: Maps) -> tuple[Region, ...]:  # noqa: ARG002 - it looks for itself
        """As `SubjectFinder`, from the pixels alone."""
        height, width = pixels.shape[:2]
        return mask_regions(self.mask(pixels), width, height)

    def mask(self, pixels: Pixels) -> Mask:
        """How salient each part of the picture is, 0..1, float32[rows, columns], the picture squashed to a square."""
        (masks,) = self._session.run([self._output], {self._input: as_input(pixels, self._spec)})
        found: Mask = masks[0, 0]
        return found


def mask_regions(mask: Mask, width: int, height: int) -> tuple[Region, ...]:
    """Turn a mask of any size into the regions of a picture of `width` × `height` pixels.

    Connected parts of the mask are subjects, ranked by the saliency they hold, less towards the picture's edge.
    Specks are passed over. The whole picture closes the list, alone when there is no clear subject
    or the main one fills it.
    """
    parts = sorted(_parts(mask), key=lambda part: -part.weight)
    kept = [part for part in parts[:MAX_SUBJECTS] if part.weight >= _LEAST_WEIGHT * parts[0].weight]
    whole = Region.whole(width, height)
    boxes = takewhile(lambda box: box != whole, (part.region(width, height) for part in kept))
    return (*dict.fromkeys(boxes), whole)


def chosen_subject(regions: Sequence[Region], number: int | None) -> Region:
    """The region of the subject in this place, 1 being the main one and None meaning that.

    Args:
        regions: subjects, the best first, and at the end the whole picture, which is a subject only when alone.
        number: the place.

    Raises:
        InvalidSubject: there are not so many.
    """
    subjects = regions[:-1] or regions
    if number is not None and not 1 <= number <= len(subjects):
        raise InvalidSubject(
            f"There is no subject {number}: {len(subjects)} found in the picture.",
            f"Give 1 to {len(subjects)}, or the region itself.",
        )
    return subjects[(number or 1) - 1]


@dataclass(frozen=True, slots=True)
class _Part:
    """One connected part of a mask; its box in fractions of the picture's sides."""

    left: float
    right: float
    top: float
    bottom: float
    weight: float

    def region(self, width: int, height: int) -> Region:
        """The box with a margin around it, in pixels of the picture."""
        x1, x2 = _with_margin(self.left, self.right, width)
        y1, y2 = _with_margin(self.top, self.bottom, height)
        return Region(x1, x2, y1, y2)


def _with_margin(start: float, stop: float, side: int) -> tuple[int, int]:
    margin = _MARGIN * (stop - start)
    return max(0, math.floor((start - margin) * side)), min(side, math.ceil((stop + margin) * side))


def _parts(mask: Mask) -> list[_Part]:
    labels = label_parts(mask > _THRESHOLD)
    names, sizes = np.unique(labels[labels >= 0], return_counts=True)
    return [_measure(mask, labels == name) for name in names[sizes >= _LEAST_SHARE * mask.size]]


def _measure(mask: Mask, inside: NDArray[np.bool_]) -> _Part:
    rows, columns = np.nonzero(inside)
    height, width = mask.shape
    left, right = float(columns.min()) / width, float(columns.max() + 1) / width
    top, bottom = float(rows.min()) / height, float(rows.max() + 1) / height
    off_centre = math.hypot((left + right) / 2 - 0.5, (top + bottom) / 2 - 0.5) / math.hypot(0.5, 0.5)
    saliency = float(mask[inside].sum(dtype=np.float64))
    return _Part(left, right, top, bottom, weight=saliency * (1 - off_centre / 2))


def label_parts(inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Name the 4-connected parts: every cell gets the least index in its part, -1 outside.

    Each round a cell takes the least name among its neighbours and then that name's own name ("pointer jumping"),
    so that names cross a part in few rounds.
    """
    outside = inside.size
    names = np.where(inside, np.arange(inside.size).reshape(inside.shape), outside)
    while True:
        framed = np.pad(names, 1, constant_values=outside)
        least = np.minimum.reduce([names, framed[:-2, 1:-1], framed[2:, 1:-1], framed[1:-1, :-2], framed[1:-1, 2:]])
        least = np.append(least, outside)[np.where(inside, least, outside)]
        if np.array_equal(least, names):
            return np.where(inside, names, -1)
        names = least
