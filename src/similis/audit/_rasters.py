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

AnyArray = NDArray[np.generic]
Span = tuple[int, int]

SHOWN = (64, 96, 112, 128, 160, 192, 224, 240, 256, 260, 288, 299, 320, 336, 384, 448, 512)
"""Sides of what networks are shown, in pixels."""

_NUMBERS = (np.uint8, np.float32, np.float16, np.float64)
_FLOATS: dict[type[np.floating], tuple[int, int]] = {np.float32: (0x38, 0x43), np.float16: (0x14, 0x47)}
_CHANNELS = (1, 3, 4)
_MOST_SIDE = 4096
_LEAST = 8
_FEWEST = SHOWN[0] ** 2  # numbers of a part that is looked at
_SIGN = 0x7F  # without it
_MOSTLY = 0.8  # of a block of images' numbers
_ZEROS = 4  # in a row on either side
_BLOCK = 32  # bytes
_SHIFT = 7  # bytes: two pixels and a third
_LEAST_NEAR, _NEAR = 1, 28  # mean difference of neighbours in images; in noise it is 85
_DISTINCT = 24  # values of an image's bytes
_TEXT = 0.9  # share of printed characters, from which on it is a text
_FIRST_PRINTED, _LAST_PRINTED = 32, 126
_MOST_SPANS = 50


def rasters(data: bytes | memoryview) -> Iterator[tuple[int, str, AnyArray]]:
    """Every raster that could be meant: where it begins, what it is, and its numbers as an image."""
    if len(data) < _LEAST**2:
        return
    for kind in _NUMBERS:
        yield from _exact(data, 0, len(data), kind)
    flat = np.frombuffer(data, np.uint8)
    for number, limits in _FLOATS.items():
        for start, end in _float_spans(data, np.dtype(number).itemsize, *limits):
            yield from _exact(data, start, end, number)
            yield from _tiles(data, start, end, number)
    for distance in (1, 3):
        for start, end in _near_spans(flat, distance):
            # Both ends are known to a block or two, which matters to a few columns and to the colour.
            for shift in range(-_BLOCK, _BLOCK, _SHIFT):
                yield from _tiles(data, max(0, start + shift), min(len(data), end + shift + _BLOCK), np.uint8)


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


def _tiles(
    data: bytes | memoryview, start: int, end: int, kind: type[np.generic]
) -> Iterator[tuple[int, str, AnyArray]]:
    """Squares of usual sides at both ends of a span."""
    for side in SHOWN:
        size = side * side * 3 * np.dtype(kind).itemsize
        if size <= end - start:
            yield from _images(data, start, kind, (side, side, 3))
            if size < end - start:
                yield from _images(data, end - size, kind, (side, side, 3))


def _images(
    data: bytes | memoryview, start: int, kind: type[np.generic], shape: tuple[int, int, int]
) -> Iterator[tuple[int, str, AnyArray]]:
    """A raster with channels last, and with channels first."""
    height, width, channels = shape
    flat = np.frombuffer(data, kind, math.prod(shape), start)
    name = f"{np.dtype(kind)} raster {height}×{width}×{channels}"
    yield start, name, flat.reshape(height, width, channels)
    if channels > 1:
        yield start, name, flat.reshape(channels, height, width).transpose(1, 2, 0)


def _shapes(count: int) -> Iterator[tuple[int, int]]:
    side = math.isqrt(count)
    if side**2 == count and side <= _MOST_SIDE:
        yield side, side
    cell = math.isqrt(count // (ROWS * COLUMNS))
    if cell**2 * ROWS * COLUMNS == count:
        yield cell * ROWS, cell * COLUMNS


def _float_spans(data: bytes | memoryview, size: int, least: int, most: int) -> Iterator[Span]:
    """Where numbers in a row have the exponents of normalised pixels, by their last byte; a few may be zero."""
    for phase in range(size):
        numbers = np.frombuffer(data, f"<u{size}", max(0, len(data) - phase) // size, phase)
        exponents = np.frombuffer(data, np.uint8)[phase + size - 1 :: size] & _SIGN
        fitting = (exponents >= least) & (exponents <= most)
        whole = fitting[: len(fitting) // _FEWEST * _FEWEST].reshape(-1, _BLOCK)
        if not (whole.sum(1) > _BLOCK * _MOSTLY).any():
            continue
        beside = np.convolve(fitting, np.ones(2 * _ZEROS + 1, np.uint8), "same") > 0
        for first, last in _runs(fitting | beside & (numbers == 0), _FEWEST):
            yield phase + first * size, phase + last * size


def _near_spans(flat: NDArray[np.uint8], distance: int) -> Iterator[Span]:
    """Where bytes in a row are near those so many further on, and no text."""
    if len(flat) < _FEWEST + distance:
        return
    differences = np.abs(np.subtract(flat[distance:], flat[:-distance], dtype=np.int16))
    whole = len(differences) // _BLOCK * _BLOCK
    means = differences[:whole].reshape(-1, _BLOCK).mean(1)
    for first, last in _runs((means >= _LEAST_NEAR) & (means < _NEAR), _FEWEST // _BLOCK):
        start, end = first * _BLOCK, last * _BLOCK + distance
        part = flat[start:end]
        printed = ((part >= _FIRST_PRINTED) & (part <= _LAST_PRINTED)).mean()
        if printed < _TEXT and np.count_nonzero(np.bincount(part)) >= _DISTINCT:
            yield start, end


def _runs(fitting: NDArray[np.bool_], least: int) -> list[Span]:
    """The longest rows of places that fit."""
    edges = np.flatnonzero(np.diff(fitting, prepend=False, append=False))
    spans = [(int(start), int(end)) for start, end in edges.reshape(-1, 2) if end - start >= least]
    return sorted(spans, key=lambda span: span[0] - span[1])[:_MOST_SPANS]
