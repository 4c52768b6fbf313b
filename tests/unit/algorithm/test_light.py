from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from similis.algorithm import ModelStore, Pipeline
from similis.algorithm._light import lit


def photograph(seed: int, high: int = 256) -> NDArray[np.uint8]:
    blots = np.random.default_rng(seed).integers(0, high, (9, 12, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(blots).resize((240, 180), Image.Resampling.BICUBIC))


@given(seed=st.integers(0, 50), high=st.integers(130, 256))
def test_a_picture_that_is_not_dark_stays_as_it_is(seed: int, high: int) -> None:
    pixels = photograph(seed, high)
    assert lit(pixels) is pixels


@given(seed=st.integers(0, 50), divisor=st.integers(4, 8))
def test_a_dark_picture_is_lit_up_to_white_and_keeps_the_order_of_its_levels(seed: int, divisor: int) -> None:
    dark = photograph(seed) // divisor
    light = lit(dark)
    assert light.dtype == np.uint8
    assert np.percentile(light.max(2), 99) >= 240
    order = np.argsort(dark.ravel(), kind="stable")
    assert (np.diff(light.ravel()[order].astype(int)) >= 0).all()


@pytest.mark.parametrize("level", [0, 1, 255])
def test_even_pictures_will_do(level: int) -> None:
    assert lit(np.full((20, 30, 3), level, np.uint8)).shape == (20, 30, 3)


def test_a_copy_at_a_quarter_of_the_brightness_is_known_again(models: ModelStore) -> None:
    pipeline, pixels = Pipeline.load(models), photograph(7)
    original, dark, other = (
        pipeline.analyse_pixels(each, crop=False).vector for each in (pixels, pixels // 4, photograph(8))
    )
    assert float(original @ dark) > 0.95
    assert float(original @ dark) > float(original @ other) + 0.1
