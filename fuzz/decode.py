"""Decoding: any bytes become pixels within the limits, the same every time, or are refused as a picture."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image

from similis.algorithm import Orientation, PictureLimits, decode
from similis.domain import IncorrectOrientation, InvalidPicture

LIMITS = PictureLimits(max_bytes=1 << 16, min_side=1, max_side=256)
_PNG = b"\x89PNG\r\n\x1a\n"
_ORIENTATION = 0x0112


def check(data: bytes) -> None:
    """Decode a picture in both ways of reading its orientation, and compare."""
    data = _with_right_sums(data)
    try:
        pixels = decode(data, LIMITS)
    except InvalidPicture as error:
        assert error.message
        assert error.hint
        return
    assert pixels.dtype == np.uint8
    assert pixels.shape[2:] == (3,)
    assert all(LIMITS.min_side <= side <= LIMITS.max_side for side in pixels.shape[:2])
    assert not pixels.flags.writeable
    try:
        assert np.array_equal(decode(data, LIMITS, Orientation.REFUSE), pixels)
    except IncorrectOrientation:
        assert decode(data, LIMITS).shape == pixels.shape


def seeds() -> Iterator[bytes]:
    """Small pictures of every format, and of every way in which Pillow can write it that is read by other code."""
    colours = Image.linear_gradient("L").resize((16, 12)).convert("RGB")
    exif = Image.Exif()
    exif[_ORIENTATION] = 6
    for mode in ("1", "L", "P", "RGB", "RGBA", "I;16"):
        image = colours.convert("I").convert(mode) if mode == "I;16" else colours.convert(mode)
        yield _written(image, "PNG")
        yield _written(image, "TIFF")
    yield _written(colours, "PNG", exif=exif)
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        yield _written(colours, "TIFF", compression=compression)
    yield _written(colours.convert("1"), "TIFF", compression="group4")
    yield _written(colours.convert("F"), "TIFF")
    yield _written(colours.convert("CMYK"), "JPEG")
    for name in ("JPEG", "WEBP"):
        yield _written(colours, name)
        yield _written(colours, name, exif=exif)
    yield _written(colours, "JPEG", progressive=True)
    yield _written(colours, "WEBP", lossless=True)
    yield _written(colours, "WEBP", save_all=True, append_images=[colours.rotate(90)])
    yield _written(Image.merge("RGBA", (*colours.split(), colours.getchannel("R"))), "WEBP")
    for name in ("GIF", "BMP", "PPM"):
        yield _written(colours, name)
    yield _written(colours.convert("P"), "BMP")
    yield _written(colours.convert("1"), "PPM")
    yield _written(colours, "GIF", save_all=True, append_images=[colours.rotate(90)], transparency=0)


def _written(image: Image.Image, name: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def _with_right_sums(data: bytes) -> bytes:
    """A PNG whose chunks have the right checksums: else nothing that is changed in one would ever be looked at."""
    if not data.startswith(_PNG):
        return data
    whole, place = bytearray(data), len(_PNG)
    while place + 12 <= len(whole):
        end = place + 8 + int.from_bytes(whole[place : place + 4])
        if end + 4 > len(whole):
            break
        whole[end : end + 4] = struct.pack(">I", zlib.crc32(whole[place + 4 : end]))
        place = end + 4
    return bytes(whole)
