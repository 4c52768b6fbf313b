"""Finds images in bytes: encoded ones by how they begin, arrays by their headers, bare rasters by their numbers."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator

import numpy as np
from numpy.lib import format as npy
from PIL import Image

from similis.audit._rasters import AnyArray, rasters

_BEGINNINGS = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|RIFF.{4}WEBP|II\*\0|MM\0\*|BM.{4}\0{4}|P[56]\s"
    rb"|\0\0\0.ftyp|\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51\0",
    re.DOTALL,
)
_ARRAY = re.compile(rb"\x93NUMPY")
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "PPM", "AVIF", "JPEG2000")
_MOST_BYTES = 16 * 1024 * 1024  # of one image
_MOST_IMAGES = 1000  # of one place
_CHANNELS = (1, 3, 4)


def images(data: bytes | memoryview) -> Iterator[tuple[int, str, AnyArray]]:
    """Every image that is found, with where it begins and what it is."""
    yield from _encoded(data)
    yield from _arrays(data)
    yield from rasters(data)


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
