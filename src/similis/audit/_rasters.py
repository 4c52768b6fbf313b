"""Finds bare rasters: numbers that could be an image, with no header that says so.

All of the bytes may be one, or a part of them: behind a header, before a trailer, one of several. Parts are told by
what numbers of images have in common – floating-point numbers near 1, bytes that are near their neighbours – and are
taken to be square, at their whole length or at the sides that networks are shown.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from similis.audit._canaries import COLUMNS, ROWS
from similis.audit._spans import BLOCK, float_spans, has_rows, near_spans

AnyArray = NDArray[np.generic]

SHOWN = (64, 96, 112, 128, 160, 192, 224, 240, 256, 260, 288, 299, 320, 336, 384, 448, 512)
"""Sides of what networks are shown, in pixels."""

_NUMBERS = (np.uint8, np.float32, np.float16, np.float64)
_FLOATS = (np.float32, np.float16)
_CHANNELS = (1, 3, 4)
_COLOURS = 3
_MOST_SIDE = 4096
_LEAST = 8
_SLACK = BLOCK + 3  # numbers: to no better are the ends of spans known
_SHIFT = 7  # bytes: two pixels and a third, so that every third shift has the colours right


def rasters(data: bytes | memoryview) -> Iterator[tuple[int, str, AnyArray]]:
    """Every raster that could be meant: where it begins, what it is, and its numbers as an image."""
    if len(data) < _LEAST**2:
        return
    for kind in _NUMBERS:
        yield from _exact(data, 0, len(data), kind)
    for number in _FLOATS:
        for start, end in float_spans(data, number):
            yield from _exact(data, start, end, number)
            yield from _squares_of_floats(data, start, end, number)
    flat = np.frombuffer(data, np.uint8)
    for channels_last in (True, False):
        for start, end in near_spans(flat, _COLOURS if channels_last else 1):
            yield from _squares_of_bytes(flat, start, end, channels_last=channels_last)


def _exact(
    data: bytes | memoryview, start: int, end: int, kind: type[np.generic]
) -> Iterator[tuple[int, str, AnyArray]]:
    """A span as one raster, where it could be a square one or one in the canaries' proportions."""
    size = np.dtype(kind).itemsize
    for channels in _CHANNELS:
        count, rest = divmod(end - start, size * channels)
        if rest or count < _LEAST**2:
            continue
        for height, width in _shapes(count):
            yield from _images(data, start, kind, (height, width, channels))


def _squares_of_floats(
    data: bytes | memoryview, start: int, end: int, kind: type[np.generic]
) -> Iterator[tuple[int, str, AnyArray]]:
    """Squares of usual sides at both ends of a span, which ends early where the last numbers are zero."""
    one = np.dtype(kind).itemsize
    for side in SHOWN:
        size = side * side * _COLOURS * one
        if size <= end - start + _SLACK * one:
            for offset in sorted({start, end - size}):
                if 0 <= offset <= len(data) - size:
                    yield from _images(data, offset, kind, (side, side, _COLOURS))


def _squares_of_bytes(
    flat: NDArray[np.uint8], start: int, end: int, *, channels_last: bool
) -> Iterator[tuple[int, str, AnyArray]]:
    """The same, around where the span seems to begin and to end, where rows of such a square are alike."""
    for side in SHOWN:
        size = side * side * _COLOURS
        if size > end - start + 2 * _SLACK or not has_rows(
            flat[start:end], side * (_COLOURS if channels_last else 1)
        ):
            continue
        shifts = range(-_SLACK, _SLACK + 1, _SHIFT)
        for offset in sorted({place + shift for place in (start, end - size) for shift in shifts}):
            if 0 <= offset <= len(flat) - size:
                square = flat[offset : offset + size]
                name = f"uint8 raster {side}×{side}×{_COLOURS}"
                yield offset, name, _shaped(square, (side, side, _COLOURS), channels_last=channels_last)


def _images(
    data: bytes | memoryview, start: int, kind: type[np.generic], shape: tuple[int, int, int]
) -> Iterator[tuple[int, str, AnyArray]]:
    """A raster with channels last, and with channels first."""
    height, width, channels = shape
    flat = np.frombuffer(data, kind, math.prod(shape), start)
    name = f"{np.dtype(kind)} raster {height}×{width}×{channels}"
    for channels_last in (True, False) if channels > 1 else (True,):
        yield start, name, _shaped(flat, shape, channels_last=channels_last)


def _shaped(flat: AnyArray, shape: tuple[int, int, int], *, channels_last: bool) -> AnyArray:
    height, width, channels = shape
    return flat.reshape(shape) if channels_last else flat.reshape(channels, height, width).transpose(1, 2, 0)


def _shapes(count: int) -> Iterator[tuple[int, int]]:
    side = math.isqrt(count)
    if side**2 == count and side <= _MOST_SIDE:
        yield side, side
    cell = math.isqrt(count // (ROWS * COLUMNS))
    if cell**2 * ROWS * COLUMNS == count:
        yield cell * ROWS, cell * COLUMNS
