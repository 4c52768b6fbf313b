"""Tells whether an image, whatever its size, colours, frame and orientation, shows a canary or a part of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from similis.audit._canaries import COLUMNS, ROWS, Canary

Numbers = NDArray[np.float64]

_LEAST_CELLS = 3  # each way, of the part of a canary that is told
_SURE = 7.0  # standard deviations from chance, by Fisher's transformation: once in 10¹² comparisons
_MOST = 1e6
_ENOUGH = 64  # pixels each way: ten and more of each cell
_WEIGHTS = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True, slots=True)
class Likeness:
    """Which canary is shown, and how surely: a correlation, at most 1."""

    owner: str
    score: float


class Looks:
    """The coarse patterns of canaries and of their parts: all rectangles of 3 × 3 cells and more."""

    def __init__(self, canaries: Sequence[Canary]) -> None:
        parts = [(canary.name, part) for canary in canaries for part in _parts(canary.pixels)]
        self._owners = [name for name, _ in parts]
        patterns = [_pattern(part.astype(np.float64)) for _, part in parts]
        cells = np.array([_cells(part, canary) for canary in canaries for part in _parts(canary.pixels)])
        self._colours = _Known(np.array([_unit(each) for each in patterns]), 3 * (cells - 1))
        self._greys = _Known(np.array([_unit(each @ _WEIGHTS) for each in patterns]), cells - 1)

    def find(self, image: NDArray[np.generic]) -> Likeness | None:
        """The canary that an image shows.

        Args:
            image: of any numbers, `[height, width]` or `[height, width, channels]`, in RGB or BGR or grey.
        """
        if not self._owners or min(image.shape[:2]) < COLUMNS:
            return None
        thin = image[:: max(1, image.shape[0] // _ENOUGH), :: max(1, image.shape[1] // _ENOUGH)]
        with np.errstate(invalid="ignore"):  # bytes that are no numbers
            numbers = np.clip(np.nan_to_num(thin.astype(np.float64)), -_MOST, _MOST)
        turned = _turned(numbers.reshape(*thin.shape[:2], -1)[:, :, :3])
        if turned[0].shape[2] < _WEIGHTS.size:
            return self._best(self._greys, [each[:, :, 0] for each in turned])
        ways = [
            self._best(self._colours, [*turned, *(each[:, :, ::-1] for each in turned)]),
            self._best(self._greys, [each @ _WEIGHTS for each in turned]),
        ]
        return max((each for each in ways if each), key=lambda each: each.score, default=None)

    def _best(self, known: _Known, seen: list[Numbers]) -> Likeness | None:
        scores = known.patterns @ np.array([_unit(each) for each in seen]).T
        best, way = np.unravel_index((scores - known.least[:, np.newaxis]).argmax(), scores.shape)
        score = float(scores[best, way])
        return Likeness(self._owners[best], score) if score >= known.least[best] else None


class _Known:
    """Patterns of unit length, and the correlation from which on each is told: the fewer its cells, the higher."""

    def __init__(self, patterns: Numbers, freedom: NDArray[np.int64]) -> None:
        self.patterns = patterns
        self.least = np.tanh(_SURE / np.sqrt(freedom - 3))


def _cells(part: NDArray[np.uint8], canary: Canary) -> int:
    return round(ROWS * COLUMNS * part.size / canary.pixels.size)


def _parts(pixels: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    down, across = pixels.shape[0] // ROWS, pixels.shape[1] // COLUMNS
    return [
        pixels[top * down : bottom * down, left * across : right * across]
        for top in range(ROWS) for bottom in range(top + _LEAST_CELLS, ROWS + 1)
        for left in range(COLUMNS) for right in range(left + _LEAST_CELLS, COLUMNS + 1)
    ]  # fmt: skip


def _pattern(image: Numbers) -> Numbers:
    """The means of 5 × 6 cells."""
    return _means(_means(image, ROWS, 0), COLUMNS, 1)


def _turned(image: Numbers) -> list[Numbers]:
    """The pattern of an image as it is, and turned and mirrored: eight in all."""
    patterns = [_pattern(image), _pattern(image.transpose(1, 0, 2))]
    return [each[::down, ::across] for each in patterns for down in (1, -1) for across in (1, -1)]


def _means(image: Numbers, count: int, axis: int) -> Numbers:
    edges = np.linspace(0, image.shape[axis], count + 1).astype(int)
    sizes = np.diff(edges)
    summed = np.add.reduceat(image, edges[:-1], axis)
    means: Numbers = summed / sizes.reshape([-1 if place == axis else 1 for place in range(image.ndim)])
    return means


def _unit(pattern: Numbers) -> Numbers:
    """A pattern as a vector of mean 0 in each colour and of length 1: brightness and contrast do not count."""
    centred = pattern - pattern.mean((0, 1))
    spread = np.sqrt((centred**2).mean((0, 1)))
    flat: Numbers = (centred / np.maximum(spread, 1e-9)).ravel()
    return flat / max(float(np.linalg.norm(flat)), 1e-9)
