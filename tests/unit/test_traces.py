"""The detector of traces finds every form that it says it finds, and nothing where nothing is."""

from __future__ import annotations

import base64
import csv
import io
import json
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.traces import Traces

_D = 128
_DRAWN = np.random.default_rng(3).normal(size=(6, _D)) / _D**0.5
_VECTORS = [*_DRAWN[:3].astype(np.float32), *_DRAWN[3:].astype(np.float16)]
_TRACES = Traces(_VECTORS)
Row = NDArray[np.float64]


def _csv(row: Row) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(f"{each:.4g}" for each in row)
    return text.getvalue().encode()


_NUMBERS: dict[str, Callable[[Row], bytes]] = {
    "json": lambda row: json.dumps({"v": row.tolist()}).encode(),
    "three decimals": lambda row: " ".join(f"{each:.3f}" for each in row).encode(),
    "three digits": lambda row: ", ".join(f"{each:.3g}" for each in row).encode(),
    "powers of ten": lambda row: "\n".join(f"{each:.2e}" for each in row).encode(),
    "csv": _csv,
    "repr": lambda row: repr(row).encode(),
    "numbered": lambda row: " ".join(f"{at}:{each:.5f}" for at, each in enumerate(row)).encode(),
    "whole numbers": lambda row: json.dumps([round(400 * each) for each in row]).encode(),
    "bytes": lambda row: np.round(400 * row).astype(np.int8).tobytes(),
    "other length": lambda row: (3.7 * row).astype("<f4").tobytes(),
}
_BYTES: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "base64": base64.b64encode,
    "for URLs": base64.urlsafe_b64encode,
    "hexadecimal": lambda data: data.hex().encode(),
    "hexadecimal with spaces": lambda data: data.hex(" ").upper().encode(),
}
_WHOLE: dict[str, Callable[[bytes], bytes]] = {
    "zlib": zlib.compress,
    "repr": lambda data: repr(data).encode(),
    "base64 twice": lambda data: base64.b64encode(base64.b64encode(data)),
}


@settings(max_examples=20, deadline=None)
@given(
    form=st.sampled_from(sorted(_NUMBERS)), which=st.integers(0, 5), first=st.integers(0, _D - 20), around=st.binary()
)
def test_numbers_are_found(form: str, which: int, first: int, around: bytes) -> None:
    part = _VECTORS[which][first : first + 20].astype(np.float64)
    separator = b"\n" if form not in {"bytes", "other length"} else b""
    assert _TRACES.find((around + separator if separator else b"") + _NUMBERS[form](part))


@settings(max_examples=30, deadline=None)
@given(
    form=st.sampled_from(sorted(_BYTES)),
    kind=st.sampled_from(["<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "big", "little"]),
    which=st.integers(0, 5),
    shift=st.integers(0, 5),
    around=st.tuples(st.binary(max_size=9), st.binary(max_size=9)),
)
def test_bytes_are_found(form: str, kind: str, which: int, shift: int, around: tuple[bytes, bytes]) -> None:
    row = _VECTORS[which]
    if kind in {"big", "little"}:
        data, step = np.packbits(row > 0, bitorder=kind).tobytes(), 1  # type: ignore[call-overload] # as it is
        data = data[:16]
    else:
        data, step = row.astype(kind).tobytes(), np.dtype(kind).itemsize
        data = data[shift * step : shift * step + 16 + step]
    before, after = around
    # What lies around comes into the same text: the traces begin anywhere in a group of Base64.
    assert "bytes" in _TRACES.find(_BYTES[form](before + data + after))


@pytest.mark.parametrize("form", sorted(_WHOLE))
@pytest.mark.parametrize("kind", ["<f2", ">f4", "<f8"])
def test_what_is_packed_is_found(form: str, kind: str) -> None:
    assert "bytes" in _TRACES.find(b"before " + _WHOLE[form](_VECTORS[4].astype(kind).tobytes()))


@pytest.mark.parametrize("inverted", [False, True])
def test_signs_as_digits_are_found(inverted: bool) -> None:
    signs = (_VECTORS[1][30:110] > 0) ^ inverted
    assert "signs" in _TRACES.find("".join("01"[int(bit)] for bit in signs).encode())
    assert "signs" in _TRACES.find(json.dumps(signs.astype(int).tolist()).encode())


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(data=st.binary(max_size=3000), seed=st.integers(0, 1000))
def test_nothing_is_found_in_anything_else(data: bytes, seed: int) -> None:
    random = np.random.default_rng(seed)
    other = random.normal(size=_D)
    numbers = json.dumps({"scores": sorted(random.random(50).round(6).tolist()), "other": other.tolist()}).encode()
    for each in (data, numbers, other.tobytes(), base64.b64encode(random.bytes(500)), bytes(999), b"0" * 500):
        assert _TRACES.find(each) == set()
