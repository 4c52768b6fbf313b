"""Finds traces of known feature vectors in answers, logs and files: as bytes, text that stands for them, numbers.

* bytes: any 16 bytes in a row of a vector as 16-, 32- or 64-bit floats of either byte order, or of its signs as bits
  in either order; also in Base64 and hexadecimal of any phase, escapes and compressed streams;
* numbers: any nineteen printed numbers in a row, or every second one, that go up and down as the numbers of a vector
  do, whatever their precision and scale, so that also three digits or whole numbers from -127 to 127 are found; also
  what is no text, read as numbers of one byte or as floats, if it is short;
* signs written as zeros and ones.

What is in a vector in another order, or changed by a matrix, is not found: there are the stored ones for that.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from similis.audit._views import views

Floats = NDArray[np.float64]
_WORD, _WINDOW, _BITS = 8, 16, 64
_ALIKE = 0.998  # correlation of sixteen numbers; of 10^9 pairs of unrelated ones about none comes near
_LEAST_DIFFERENT = 10  # numbers of a window: where there are fewer, much is like it
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{22,}")
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}[ :,]?){16,}")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_NUMBER = re.compile(rb"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?")
_ZEROS_AND_ONES = re.compile(rb"(?:[01][, \[\]\n]{0,3}){64,}")
_FLOATS = [np.dtype(order + kind) for order, kind in product("<>", ("f2", "f4", "f8"))]
_MOST_AS_NUMBERS = 1 << 14  # bytes; it takes long
_EVERY = 4  # fourth window of the vectors is compared with all windows of what is searched


class Traces:
    """What to look for.

    Args:
        vectors: feature vectors, each float[D] in the precision that it has where it is kept.
    """

    def __init__(self, vectors: Iterable[NDArray[np.floating]]) -> None:
        rows = [np.asarray(each) for each in vectors]
        self._words = np.unique(np.concatenate([_words(data, step) for row in rows for data, step in _written(row)]))
        signs = ["".join("01"[bit] for bit in (row > 0).tolist()) for row in rows]
        self._signs = {text[at : at + _BITS] for text in signs for at in range(len(text) - _BITS + 1)}
        self._signs |= {text.translate({48: "1", 49: "0"}) for text in self._signs}
        self._shapes = np.concatenate([_shapes(row.astype(np.float64))[::_EVERY] for row in rows])

    def find(self, data: bytes) -> set[str]:
        """The forms of traces that there are in some bytes."""
        found = set()
        for view in set(_readings(data)):
            if self._has_words(view):
                found.add("bytes")
            if self._has_signs(view):
                found.add("signs")
            if any(self._has_shape(numbers) for numbers in _numbers(view)):
                found.add("numbers")
        return found

    def _has_words(self, data: bytes) -> bool:
        if len(data) < 2 * _WORD:
            return False
        here = np.lib.stride_tricks.sliding_window_view(np.frombuffer(data, np.uint8), _WORD)
        words = np.ascontiguousarray(here).view("<u8")[:, 0]
        known = self._words[np.searchsorted(self._words, words) % len(self._words)] == words
        return bool(np.any(known[:-_WORD] & known[_WORD:]))

    def _has_signs(self, data: bytes) -> bool:
        texts = (re.sub(rb"[^01]", b"", found[0]).decode() for found in _ZEROS_AND_ONES.finditer(data))
        return any(text[at : at + _BITS] in self._signs for text in texts for at in range(len(text) - _BITS + 1))

    def _has_shape(self, numbers: Floats) -> bool:
        for each in (numbers, numbers[::2], numbers[1::2]):
            shapes = _shapes(each)
            for start in range(0, len(shapes), 1024):
                if np.any(np.abs(shapes[start : start + 1024] @ self._shapes.T) > _ALIKE):
                    return True
        return False


def _written(row: NDArray[np.floating]) -> Iterator[tuple[bytes, int]]:
    """A vector as bytes, and how many each number has: what is kept can also begin in the middle."""
    for kind in _FLOATS:
        with np.errstate(over="ignore"):
            yield row.astype(kind).tobytes(), kind.itemsize
    orders: tuple[Literal["big", "little"], ...] = ("big", "little")
    for order in orders:
        yield np.packbits(row > 0, bitorder=order).tobytes(), 1


def _words(data: bytes, step: int) -> NDArray[np.uint64]:
    """Eight bytes from each number on."""
    if len(data) < _WORD:
        return np.empty(0, np.uint64)
    windows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(data, np.uint8), _WORD)[::step]
    several = np.array([len(set(each)) > 3 for each in windows.tolist()])  # zeros are everywhere
    return np.ascontiguousarray(windows[several]).view("<u8")[:, 0]


def _shapes(numbers: Floats) -> NDArray[np.float32]:
    """All sixteen numbers in a row, brought to mean 0 and length 1, without those of few different ones."""
    if len(numbers) < _WINDOW:
        return np.empty((0, _WINDOW), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(numbers, _WINDOW)
    ordered = np.sort(windows, axis=1)
    with np.errstate(invalid="ignore", over="ignore"):
        several = np.count_nonzero(np.diff(ordered, axis=1), axis=1) + 1 >= _LEAST_DIFFERENT
        windows = windows[several & np.isfinite(windows).all(axis=1)]
        centred = windows - windows.mean(axis=1, keepdims=True)
        lengths = np.linalg.norm(centred, axis=1, keepdims=True)
        usable = np.isfinite(lengths[:, 0]) & (lengths[:, 0] > 0)
        shapes: NDArray[np.float32] = (centred[usable] / lengths[usable]).astype(np.float32)
    return shapes


def _readings(data: bytes) -> Iterator[bytes]:
    """What the bytes may stand for."""
    for view in views(data):
        plain = bytes(view.data)
        yield plain
        for found in _BASE64.finditer(plain):
            text = found[0].translate(_URL_SAFE)
            for phase in range(4):  # a run may begin in the middle of a group of four
                rest = text[phase:]
                yield base64.b64decode(rest + b"A" * (-len(rest) % 4))  # it may end in the middle of one, too
        for found in _HEX.finditer(plain):
            text = re.sub(rb"[ :,]", b"", found[0])
            for phase in range(2):
                yield bytes.fromhex(text[phase : phase + (len(text) - phase) // 2 * 2].decode())


def _numbers(data: bytes) -> Iterator[Floats]:
    """Numbers that are printed, and those that the bytes are."""
    yield np.array([float(found) for found in _NUMBER.findall(data)], np.float64)
    if len(data) > _MOST_AS_NUMBERS or _is_text(data):
        return
    yield np.frombuffer(data, np.uint8).astype(np.float64)
    yield np.frombuffer(data, np.int8).astype(np.float64)
    for kind in (each for each in _FLOATS if len(data) >= _WINDOW * each.itemsize):
        for shift in range(kind.itemsize):
            whole = (len(data) - shift) // kind.itemsize * kind.itemsize
            with np.errstate(invalid="ignore"):
                yield np.frombuffer(data[shift : shift + max(whole, 0)], kind).astype(np.float64)


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return not _CONTROL.search(data)
