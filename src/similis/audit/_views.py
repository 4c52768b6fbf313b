"""What bytes may stand for: encodings and escapes of texts, numbers in print, and compressed streams."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

import numpy as np
from numpy.typing import NDArray

from similis.audit._packed import unpacked

_DEPTH = 3  # a compressed stream in Base64 in an escaped text
_LEAST_TEXT = 88  # characters of Base64 for 64 bytes
_LEAST_UNPACKED = 64
_FEW = 16  # escapes; a text with fewer hides no picture

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_\r\n"
_BASE32 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_LEAST_BASE32 = 112  # characters for 64 bytes and a beginning in the middle
_HEX = b"0123456789abcdefABCDEF"
_PRINTED = bytes([*range(32, 127), 9, 10, 13])
_NUMBERS = b"0123456789 ,[]\n"
_NUMBER = re.compile(rb"[0-9]{1,3}")
_FLOATS = b"0123456789 ,[]\n.-+e"
_FLOAT = re.compile(rb"[-+]?[0-9]+\.[0-9]*(?:e[-+]?[0-9]+)?")
_WHITE = 255
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_ESCAPE = re.compile(rb"\\x([0-9a-fA-F]{2})|\\u00([0-9a-fA-F]{2})|\\([0-7]{3})|\\([nrt0'\"\\/bf])")
_SINGLE = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"0": b"\0", b"b": b"\b", b"f": b"\f"}
_LATIN = re.compile(rb"[\xc2\xc3][\x80-\xbf]")


@dataclass(frozen=True, slots=True)
class View:
    """One reading of bytes.

    Attributes:
        how: the steps that led to it, such as `base64`; empty for the bytes themselves.
        offset: where in the bytes it begins.
        data: what was read.
    """

    how: tuple[str, ...]
    offset: int
    data: bytes | memoryview


def views(data: bytes | memoryview) -> Iterator[View]:
    """The bytes themselves and all that they may stand for, steps upon steps."""
    yield from _views(View((), 0, data))


def _views(view: View) -> Iterator[View]:
    yield view
    if len(view.how) == _DEPTH:
        return
    for name, read in _READERS.items():
        if view.how[-1:] == (name,) and name != "compressed":
            continue  # hexadecimal is Base64 and so on: one step of each kind at a time
        for offset, found in read(view.data):
            yield from _views(View((*view.how, name), view.offset if view.how else offset, found))


def _base64(data: bytes | memoryview) -> Iterator[tuple[int, bytes]]:
    for start, end in _runs(data, _BASE64, _LEAST_TEXT):
        text = bytes(data[start:end]).translate(_URL_SAFE, b"\r\n")
        for phase in range(4):  # a run may begin in the middle of a group of four
            whole = text[phase : phase + (len(text) - phase) // 4 * 4]
            yield start + phase, base64.b64decode(whole)


def _base32(data: bytes | memoryview) -> Iterator[tuple[int, bytes]]:
    for start, end in _runs(data, _BASE32, _LEAST_BASE32):
        text = bytes(data[start:end])
        for phase in range(8):
            yield start + phase, base64.b32decode(text[phase : phase + (len(text) - phase) // 8 * 8])


def _hexadecimal(data: bytes | memoryview) -> Iterator[tuple[int, bytes]]:
    for start, end in _runs(data, _HEX, 2 * _LEAST_UNPACKED):
        text = bytes(data[start:end]).decode("ascii")
        for phase in range(2):
            yield start + phase, bytes.fromhex(text[phase : phase + (len(text) - phase) // 2 * 2])


def _escapes(data: bytes | memoryview) -> Iterator[tuple[int, bytes]]:
    for start, end in _runs(data, _PRINTED, _LEAST_TEXT):
        text = bytes(data[start:end])
        if len(_ESCAPE.findall(text)) >= _FEW:
            yield start, _ESCAPE.sub(_unescaped, text)
        if text.count(b"%") >= _FEW:
            yield start, unquote_to_bytes(text)


def _latin(data: bytes | memoryview) -> Iterator[tuple[int, bytes]]:
    """Bytes that were taken for Latin-1 and written in UTF-8."""
    text = bytes(data)
    if text.count(b"\xc2") + text.count(b"\xc3") > len(text) // _FEW:
        yield 0, _LATIN.sub(lambda pair: bytes([(pair[0][0] & 3) << 6 | pair[0][1] & 63]), text)


def _decimals(data: bytes | memoryview) -> Iterator[tuple[int, bytes]]:
    """Numbers as Python and JSON print them."""
    for start, end in _runs(data, _NUMBERS, 2 * _LEAST_UNPACKED):
        numbers = map(int, _NUMBER.findall(bytes(data[start:end])))
        yield start, bytes(number for number in numbers if number < 256)  # noqa: PLR2004 - what a byte holds


def _unescaped(found: re.Match[bytes]) -> bytes:
    if code := found[1] or found[2]:
        return bytes([int(code, 16)])
    if found[3]:
        return bytes([int(found[3], 8) & 0xFF])
    return _SINGLE.get(found[4], found[4])


def _floats(data: bytes | memoryview) -> Iterator[tuple[int, bytes]]:
    """Numbers with a point, as they are; and as bytes, where all are from 0 to 1."""
    for start, end in _runs(data, _FLOATS, 4 * _LEAST_UNPACKED):
        found = _FLOAT.findall(bytes(data[start:end]))
        if len(found) < _LEAST_UNPACKED:
            continue
        numbers = np.array(found).astype(np.float64)
        yield start, numbers.astype(np.float32).tobytes()
        if numbers.min() >= 0 and numbers.max() <= 1:
            yield start, np.rint(numbers * _WHITE).astype(np.uint8).tobytes()


def _wide(data: bytes | memoryview) -> Iterator[tuple[int, bytes]]:
    """Texts in UTF-16, of either order of bytes."""
    if bytes(data).count(b"\0") < _LEAST_TEXT:
        return
    flat = np.frombuffer(data, np.uint8)
    for phase in range(2):
        even, odd = flat[phase::2], flat[phase + 1 :: 2]
        for start, end in _rows(_among(even[: len(odd)], _PRINTED) & (odd[: len(even)] == 0), _LEAST_TEXT):
            yield phase + 2 * start, even[start:end].tobytes()


def _runs(data: bytes | memoryview, alphabet: bytes, least: int) -> Iterator[tuple[int, int]]:
    """Where at least so many characters of an alphabet stand in a row."""
    yield from _rows(_among(np.frombuffer(data, np.uint8), alphabet), least)


def _among(data: NDArray[np.uint8], alphabet: bytes) -> NDArray[np.bool_]:
    known = np.zeros(256, np.bool_)
    known[list(alphabet)] = True
    return known[data]


def _rows(inside: NDArray[np.bool_], least: int) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(inside, prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    long = ends - starts >= least
    yield from zip(starts[long].tolist(), ends[long].tolist(), strict=True)


_READERS: dict[str, Callable[[bytes | memoryview], Iterator[tuple[int, bytes]]]] = {
    "base64": _base64,
    "base32": _base32,
    "hexadecimal": _hexadecimal,
    "escaped": _escapes,
    "Latin-1": _latin,
    "decimal": _decimals,
    "decimal fractions": _floats,
    "UTF-16": _wide,
    "compressed": unpacked,
}
