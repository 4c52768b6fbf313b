"""Pictures to decode: drawn, and encoded in any format."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def gradient(width: int = 160, height: int = 120) -> NDArray[np.uint8]:
    """Smooth, so that lossy formats and palettes stay close; no two corners alike."""
    x, y = np.linspace(0, 255, width), np.linspace(0, 255, height)
    red, green = np.broadcast_to(x, (height, width)), np.broadcast_to(y[:, None], (height, width))
    return np.stack([red, green, 255 - (red + green) / 2], axis=-1).astype(np.uint8)


def encode(pixels: NDArray[np.uint8] | Image.Image, name: str, **options: object) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def difference(left: NDArray[np.uint8], right: NDArray[np.uint8]) -> float:
    assert left.shape == right.shape
    return float(np.abs(left.astype(int) - right.astype(int)).mean())


def palette_picture() -> Image.Image:
    image = Image.new("P", (160, 120), 1)
    image.putpalette([10, 20, 30, 200, 100, 50] + [0] * 762)
    image.paste(0, (0, 0, 80, 120))
    return image


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
