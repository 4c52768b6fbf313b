"""Whatever its pixels are – transparent, of a palette, of other depths or colours –, a picture becomes 8-bit RGB."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.unit.algorithm.encoding import difference, encode, gradient, palette_picture, png_chunk

from similis.algorithm import decode


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("name", ["PNG", "TIFF", "WEBP"])
def test_alpha_lies_over_white(mode: str, name: str) -> None:
    alpha = np.zeros((120, 160), np.uint8)
    alpha[:, 80:] = 255
    alpha[60:, :80] = 128
    image = Image.new("RGB", (160, 120), (40, 40, 40)).convert(mode)
    image.putalpha(Image.fromarray(alpha))
    pixels = decode(encode(image, name, **({"lossless": True} if name == "WEBP" else {})))
    assert (pixels[:60, :80] == 255).all()
    assert (pixels[:, 80:] == 40).all()
    assert np.abs(pixels[60:, :80].astype(int) - 148).max() <= 1


@pytest.mark.parametrize(("name", "transparency"), [("PNG", 0), ("PNG", b"\x00\xff"), ("GIF", 0)])
def test_palette_transparency_lies_over_white(name: str, transparency: int | bytes) -> None:
    pixels = decode(encode(palette_picture(), name, transparency=transparency))
    assert (pixels[:, :80] == 255).all()
    assert (pixels[:, 80:] == (200, 100, 50)).all()


@pytest.mark.parametrize("mode", ["1", "L", "RGB"])
def test_one_transparent_colour_lies_over_white(mode: str) -> None:
    image = Image.new("RGB", (160, 120), "white").convert(mode)
    black = (0, 0, 0) if mode == "RGB" else 0
    image.paste(black, (0, 0, 80, 120))
    pixels = decode(encode(image, "PNG", transparency=black))
    assert (pixels == 255).all()


@pytest.mark.parametrize("name", ["PNG", "BMP", "GIF", "TIFF"])
def test_palette_pictures(name: str) -> None:
    pixels = decode(encode(palette_picture(), name))
    assert (pixels[:, :80] == (10, 20, 30)).all()
    assert (pixels[:, 80:] == (200, 100, 50)).all()


@pytest.mark.parametrize("name", ["PNG", "TIFF", "PPM", "BMP"])
def test_one_bit(name: str) -> None:
    image = Image.new("1", (160, 120), 0)
    image.paste(1, (80, 0, 160, 120))
    pixels = decode(encode(image, name))
    assert (pixels[:, :80] == 0).all()
    assert (pixels[:, 80:] == 255).all()


@pytest.mark.parametrize("name", ["PNG", "TIFF", "PPM"])
def test_sixteen_bit_grey_is_scaled(name: str) -> None:
    deep = np.linspace(0, 65535, 160 * 120).reshape(120, 160).astype(np.uint16)
    expected = np.rint(deep / 257).astype(np.uint8)
    assert difference(decode(encode(Image.fromarray(deep), name)), np.stack([expected] * 3, axis=-1)) < 0.01


def sixteen_bit_png(pixels: NDArray[np.uint16]) -> bytes:
    """Pillow writes no 48-bit PNG, so it is put together here."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0),
        b"IDAT": zlib.compress(rows),
        b"IEND": b"",
    }
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, body) for kind, body in chunks.items())


def test_sixteen_bit_colour_is_scaled() -> None:
    assert np.array_equal(decode(sixteen_bit_png(gradient().astype(np.uint16) * 257)), gradient())


@pytest.mark.parametrize(("highest", "white"), [(1.0, 1.0), (255.0, 255.0), (60000.0, 65535.0), (1e9, 1e9)])
def test_floating_point_is_scaled(highest: float, white: float) -> None:
    samples = np.linspace(0, highest, 160 * 120, dtype=np.float32).reshape(120, 160)
    expected = np.rint(samples.astype(float) / white * 255).astype(np.uint8)
    assert difference(decode(encode(Image.fromarray(samples), "TIFF")), np.stack([expected] * 3, axis=-1)) < 0.01


def test_floating_point_without_sense_is_still_a_picture() -> None:
    samples = np.full((120, 160), np.nan, np.float32)
    samples[0] = [np.inf, -np.inf, -5.0, 0.0] * 40
    assert (decode(encode(Image.fromarray(samples), "TIFF")) == 0).all()


@pytest.mark.parametrize("name", ["JPEG", "TIFF"])
def test_cmyk(name: str) -> None:
    pixels = decode(encode(Image.fromarray(gradient()).convert("CMYK"), name))
    assert difference(pixels, gradient()) < 4
