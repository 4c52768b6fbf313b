from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from similis.algorithm._clarity import say_of_colours


def scene(seed: int, side: int = 400) -> Image.Image:
    """Many round things, large and small, before a calm ground."""
    random = np.random.default_rng(seed)
    picture = Image.new("RGB", (side, side), (200, 196, 188))
    pen = ImageDraw.Draw(picture)
    for _ in range(25):
        x, y, size = (int(random.integers(low, high)) for low, high in ((0, side), (0, side), (8, side // 3)))
        pen.ellipse((x, y, x + size, y + size), fill=(*(int(level) for level in random.integers(0, 256, 3)),))
    return picture


def noisy(picture: Image.Image, levels: float) -> Image.Image:
    noise = np.random.default_rng(1).normal(0, levels, (picture.height, picture.width, 3))
    return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))


def told(picture: Image.Image) -> float:
    return say_of_colours(np.asarray(picture.resize((260, 260), Image.Resampling.BICUBIC, reducing_gap=1.5)))


@pytest.mark.parametrize("seed", range(6))
def test_colours_have_more_say_in_blurred_and_noisy_pictures(seed: int) -> None:
    picture = scene(seed, 300)
    assert told(picture) == 1.0
    assert told(picture.filter(ImageFilter.GaussianBlur(picture.width / 25))) == 4.0
    assert told(noisy(picture, 40)) == 2.0


@pytest.mark.parametrize("seed", range(6))
def test_a_little_blur_or_noise_or_a_miniature_enlarged_is_clear(seed: int) -> None:
    picture = scene(seed)
    assert told(picture.filter(ImageFilter.GaussianBlur(2))) == 1.0
    assert told(noisy(picture, 8)) == 1.0
    miniature = picture.resize((64, 64), Image.Resampling.BICUBIC)
    assert told(miniature.resize((110, 110), Image.Resampling.BICUBIC)) == 1.0


@pytest.mark.parametrize("level", [0, 128, 255])
def test_an_even_surface_has_only_its_colour(level: int) -> None:
    assert told(Image.new("RGB", (300, 200), (level, 90, level))) == 4.0
