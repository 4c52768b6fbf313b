"""Canaries: pictures whose every trace can be told, however it was encoded, cut or made smaller."""

from __future__ import annotations

import io
import secrets
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

Pixels = NDArray[np.uint8]

COLUMNS, ROWS = 6, 5
"""Cells of the coarse pattern, which thumbnails keep."""

FORMS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
_CELL = 30
_LEVELS = (24, 128, 232)
_NOISE = 14  # either way: no two rows of pixels are alike
_QUALITY = 92


@dataclass(frozen=True, slots=True, eq=False)
class Canary:
    """One picture.

    Attributes:
        name: told in findings.
        form: how it is encoded, as Pillow names it.
        data: the encoded picture.
        pixels: RGB as everyone decodes it, uint8[height, width, 3].
        mark: text in its metadata, where its form has any.
    """

    name: str
    form: str
    data: bytes = field(repr=False)
    pixels: Pixels = field(repr=False)
    mark: bytes = field(repr=False)

    def repeated(self, size: int) -> bytes:
        """The file over and over, until there are so many bytes: decoders see the first, every other is found too."""
        return self.data * (size // len(self.data) + 1)


def draw(name: str, form: str = "JPEG", cell: int = _CELL, seed: int | None = None) -> Canary:
    """Draw a canary that nobody has ever seen: a pattern of coloured cells under noise.

    Args:
        name: what to call it.
        form: one of `FORMS`.
        cell: pixels of a cell each way; the picture has 6 × 5 cells.
        seed: draws the same canary each time, which is for tests; a hunt has others each time.
    """
    rng = np.random.default_rng(secrets.randbits(64) if seed is None else seed)
    colours = rng.choice(np.array(_LEVELS), (ROWS, COLUMNS, 3))
    even = colours.repeat(cell, axis=0).repeat(cell, axis=1)
    pixels = (even + rng.integers(-_NOISE, _NOISE + 1, even.shape)).astype(np.uint8)
    mark = rng.bytes(64).hex()
    data = _encoded(pixels, form, mark)
    return Canary(name, form, data, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")), mark.encode())


def _encoded(pixels: Pixels, form: str, mark: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form, **_options(form, mark))
    return buffer.getvalue()


def _options(form: str, mark: str) -> dict[str, Any]:
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = mark
    if form == "JPEG":
        return {"quality": _QUALITY, "exif": exif, "comment": mark}
    if form == "PNG":
        text = PngInfo()
        text.add_text("Comment", mark)
        return {"pnginfo": text}
    if form == "WEBP":
        return {"quality": _QUALITY, "exif": exif}
    return {}
