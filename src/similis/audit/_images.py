"""Finds images in bytes: encoded ones by how they begin, arrays by their headers, bare rasters by their size."""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Iterator

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from PIL import Image

from similis.audit._canaries import COLUMNS, ROWS

_BEGINNINGS = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF.{4}WEBP|II\*\0|MM\0\*|BM.{4}\0{4}|P[56]\s", re.DOTALL
)
_ARRAY = re.compile(rb"\x93NUMPY")
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "PPM")
_MOST_BYTES = 16 * 1024 * 1024  # of one image
_MOST_IMAGES = 1000  # of one place
_NUMBERS = (np.uint8, np.float32, np.float16, np.float64)
_CHANNELS = (1, 3, 4)
_SIDES = range(16, 4097)
_MOST_SIDE = 4096
_FEWEST, _LEAST = 2, 8

AnyArray = NDArray[np.generic]


def images(data: bytes | memoryview) -> Iterator[tuple[int, str, AnyArray]]:
    """Every image that is found, with where it begins and what it is."""
    yield from _encoded(data)
    yield from _arrays(data)
    yield from _rasters(data)


def _encoded(data: bytes | memoryview) -> Iterator[tuple[int, str, AnyArray]]:
    for number, found in enumerate(_BEGINNINGS.finditer(data)):
        if number == _MOST_IMAGES:
            return
        try:
            with (
                warnings.catch_warnings(action="ignore"),
                Image.open(io.BytesIO(data[found.start() : found.start() + _MOST_BYTES]), formats=_FORMATS) as image,
            ):
                yield found.start(), f"{image.format} image", np.asarray(image.convert("RGB"))
        except Exception:  # noqa: S112 - Pillow raises nearly everything on what is no image
            continue


def _arrays(data: bytes | memoryview) -> Iterator[tuple[int, str, AnyArray]]:
    for found in _ARRAY.finditer(data):
        file = io.BytesIO(data[found.start() : found.start() + _MOST_BYTES])
        try:
            array = npy.read_array(file, allow_pickle=False)
        except Exception:  # noqa: S112 - as above
            continue
        for image in _as_images(array):
            yield found.start(), f"{array.dtype} array", image


def _as_images(array: AnyArray) -> Iterator[AnyArray]:
    """An array as images: one or a batch of them, channels first or last."""
    if array.dtype.kind not in "uif" or array.size == 0:
        return
    squeezed = array.reshape([side for side in array.shape if side > 1] or [1])
    if squeezed.ndim == 4:  # noqa: PLR2004 - a batch
        for each in squeezed[:_MOST_IMAGES]:
            yield from _as_images(each)
    elif squeezed.ndim == 3:  # noqa: PLR2004 - one picture
        yield squeezed.transpose(1, 2, 0) if squeezed.shape[0] in _CHANNELS else squeezed
    elif squeezed.ndim == 2:  # noqa: PLR2004 - one channel
        yield squeezed


def _rasters(data: bytes | memoryview) -> Iterator[tuple[int, str, AnyArray]]:
    """All of the bytes as one raster, where it could be a square one or one in the canaries' proportions."""
    for kind in _NUMBERS:
        size = np.dtype(kind).itemsize
        for channels in _CHANNELS:
            count, rest = divmod(len(data), size * channels)
            if rest or count < _LEAST**2:
                continue
            for height, width in _shapes(count):
                flat = np.frombuffer(data, kind)
                name = f"{np.dtype(kind)} raster {height}×{width}×{channels}"
                yield 0, name, flat.reshape(height, width, channels)
                if channels > 1:
                    yield 0, name, flat.reshape(channels, height, width).transpose(1, 2, 0)


def _shapes(count: int) -> Iterator[tuple[int, int]]:
    side = math.isqrt(count)
    if side**2 == count and side <= _MOST_SIDE:
        yield side, side
    cell = math.isqrt(count // (ROWS * COLUMNS))
    if cell**2 * ROWS * COLUMNS == count:
        yield cell * ROWS, cell * COLUMNS
