"""Tells where in bytes there are numbers that behave like pixels, with no header that says so."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Span = tuple[int, int]

FEWEST = 64**2
"""Numbers of a span that is looked at."""

BLOCK = 32
"""Bytes that are judged together: to so many the ends of a span of bytes are known."""

_EXPONENTS: dict[type[np.floating], tuple[int, int]] = {np.float32: (0x38, 0x43), np.float16: (0x14, 0x47)}
_SIGN = 0x7F  # without it
_MOSTLY = 0.8  # of a block of images' numbers
_ZEROS = 1024  # in a row, within an image: an even surface may be nothing else
_LEAST_NEAR, _NEAR = 1, 30  # mean difference of neighbours in images; in noise it is 48, counted as here
_EDGE = 64  # a larger difference counts as this: no edge of a surface ends an image
_TORN = 2  # blocks
_DISTINCT = 24  # values of an image's bytes
_PRINTED = np.isin(np.arange(256), [*range(32, 127), 9, 10, 13])
_TEXT = 0.9  # share of printed characters, from which on it is a text
_MOST_SPANS = 50


def float_spans(data: bytes | memoryview, kind: type[np.floating]) -> Iterator[Span]:
    """Where numbers in a row have the exponents of normalised pixels, by their last byte; zeros may lie between."""
    size, (least, most) = np.dtype(kind).itemsize, _EXPONENTS[kind]
    for phase in range(size):
        exponents = np.frombuffer(data, np.uint8)[phase + size - 1 :: size] & _SIGN
        fitting = (exponents >= least) & (exponents <= most)
        whole = fitting[: len(fitting) // FEWEST * FEWEST].reshape(-1, BLOCK)
        if not (whole.sum(1) > BLOCK * _MOSTLY).any():
            continue
        numbers = np.frombuffer(data, f"<u{size}", len(fitting), phase)
        for first, last in _longest(_bridged(fitting, numbers == 0), FEWEST):
            yield phase + first * size, phase + last * size


def near_spans(flat: NDArray[np.uint8], distance: int) -> Iterator[Span]:
    """Where bytes in a row are near those so many further on, and no text."""
    blocks = max(0, len(flat) - distance) // BLOCK
    if blocks * BLOCK < FEWEST:
        return
    means = _differences(flat[: blocks * BLOCK + distance], distance).reshape(-1, BLOCK).mean(1)
    for first, last in _longest((means >= _LEAST_NEAR) & (means < _NEAR), FEWEST // BLOCK, torn=_TORN):
        printed = _PRINTED[flat[first * BLOCK : last * BLOCK].reshape(-1, BLOCK)].all(1)
        inner = np.flatnonzero(~printed)  # the text around it is another's; within it, a surface may look like text
        if not len(inner):
            continue
        start, end = (first + int(inner[0])) * BLOCK, (first + int(inner[-1]) + 1) * BLOCK + distance
        part = flat[start:end]
        if _PRINTED[part].mean() < _TEXT and np.count_nonzero(np.bincount(part)) >= _DISTINCT:
            yield start, end


def has_rows(flat: NDArray[np.uint8], length: int) -> bool:
    """Whether bytes are near those a row of this length further on."""
    return len(flat) > length and float(_differences(flat, length).mean()) < _NEAR


def _differences(flat: NDArray[np.uint8], distance: int) -> NDArray[np.int16]:
    found: NDArray[np.int16] = np.subtract(flat[distance:], flat[:-distance], dtype=np.int16)
    return np.minimum(np.abs(found, out=found), _EDGE, out=found)


def _bridged(fitting: NDArray[np.bool_], zero: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What fits, and zeros in a row between it."""
    gaps = _runs(zero)
    gaps = gaps[(gaps[:, 0] > 0) & (gaps[:, 1] < len(zero)) & (gaps[:, 1] - gaps[:, 0] <= _ZEROS)]
    gaps = gaps[fitting[gaps[:, 0] - 1] & fitting[gaps[:, 1]]]
    changes = np.zeros(len(zero), np.int8)
    changes[gaps[:, 0]], changes[gaps[:, 1]] = 1, -1
    bridged: NDArray[np.bool_] = fitting | (np.cumsum(changes, dtype=np.int8) > 0)
    return bridged


def _longest(fitting: NDArray[np.bool_], least: int, torn: int = 0) -> list[Span]:
    """The longest rows of places that fit; a few that do not are passed over."""
    runs = _runs(fitting)
    if torn and len(runs):
        apart = np.flatnonzero(runs[1:, 0] - runs[:-1, 1] > torn)
        runs = np.stack([runs[np.append(0, apart + 1), 0], runs[np.append(apart, len(runs) - 1), 1]], axis=1)
    spans = [(int(start), int(end)) for start, end in runs if end - start >= least]
    return sorted(spans, key=lambda span: span[0] - span[1])[:_MOST_SPANS]


def _runs(fitting: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Where each row of places that fit begins and ends."""
    return np.flatnonzero(np.diff(fitting, prepend=False, append=False)).reshape(-1, 2)
