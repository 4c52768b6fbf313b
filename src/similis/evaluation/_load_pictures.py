"""Pictures to measure with, where nobody gives any: a megapixel each, with what photographs have."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from similis.domain import MAX_PICTURE_BYTES, InvalidInput
from similis.service import read_picture

WIDTH, HEIGHT = 1152, 868
_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}


def photograph(number: int) -> bytes:
    """A JPEG with soft ground, a shaded object with texture on it, and a sensor's noise; another for every number."""
    random = np.random.default_rng(number)
    ground = Image.fromarray(random.integers(90, 230, (7, 9, 3), dtype=np.uint8)).resize((WIDTH, HEIGHT))
    texture = Image.fromarray(random.integers(0, 256, (HEIGHT // 6, WIDTH // 6, 3), dtype=np.uint8))
    shape = Image.new("L", (WIDTH, HEIGHT))
    left, top = int(random.integers(150, 400)), int(random.integers(80, 220))
    ImageDraw.Draw(shape).rounded_rectangle((left, top, left + 470, top + 560), radius=90, fill=200)
    ground.paste(texture.resize((WIDTH, HEIGHT)), mask=shape.filter(ImageFilter.GaussianBlur(2)))
    noisy = np.asarray(ground, float) + random.normal(0, 4, (HEIGHT, WIDTH, 3))
    buffer = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def pictures_of(folder: Path | None, count: int) -> list[bytes]:
    """The first so many pictures of a folder, or as many made up ones.

    Raises:
        InvalidInput: there is no picture in the folder.
    """
    if folder is None:
        return [photograph(number) for number in range(count)]
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    found = [read_picture(path) for path in files if path.stat().st_size <= MAX_PICTURE_BYTES][:count]
    if not found:
        raise InvalidInput(f"There is no picture in {folder}.", "Name a folder with JPEG, PNG, WebP or BMP files.")
    return found
