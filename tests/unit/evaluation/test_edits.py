from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from similis.domain import MAX_SIDE, MIN_SIDE
from similis.evaluation import EDITS
from similis.evaluation._edits import edited


@pytest.fixture(scope="module")
def drawn(draw: Callable[..., bytes]) -> list[Image.Image]:
    return [Image.open(io.BytesIO(draw(product))).convert("RGB") for product in range(4)]


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_fixed_and_changes_the_picture(name: str, drawn: list[Image.Image]) -> None:
    picture, *others = drawn
    copy = edited(name, picture, others, [7])
    assert edited(name, picture, others, [7]) == copy
    found = opened(copy)
    assert found.size != picture.size or np.abs(np.asarray(found, int) - np.asarray(picture, int)).mean() > 2


@pytest.mark.parametrize("name", EDITS)
@pytest.mark.parametrize("size", [(1, 1), (100, 130), (900, 40), (30, 2000)])
def test_pictures_of_any_shape_become_usable_ones(name: str, size: tuple[int, int]) -> None:
    picture = Image.new("RGB", size, (90, 120, 40))
    found = opened(edited(name, picture, [picture] * 3, [1]))
    assert min(found.size) >= MIN_SIDE
    assert max(found.size) <= MAX_SIDE


def test_known_edits(drawn: list[Image.Image]) -> None:
    picture, *others = drawn
    turned, dark, third = (
        opened(edited(name, picture, others, [3])) for name in ("half turn", "quarter brightness", "crop to a third")
    )
    back = np.asarray(turned.transpose(Image.Transpose.ROTATE_180), int)
    assert np.abs(back - np.asarray(picture, int)).mean() < 4
    assert np.asarray(dark).mean() == pytest.approx(np.asarray(picture).mean() / 4, rel=0.1)
    assert third.width * third.height == pytest.approx(picture.width * picture.height / 3, rel=0.05)


def test_other_seeds_make_other_copies(drawn: list[Image.Image]) -> None:
    picture, *others = drawn
    assert edited("occluded", picture, others, [1]) != edited("occluded", picture, others, [2])
