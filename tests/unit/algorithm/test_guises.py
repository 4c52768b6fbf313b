from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from similis.algorithm import likeliest
from similis.algorithm._features import COLOUR_WEIGHT, Features, colour_histogram, unit
from similis.algorithm._guises import recoloured

SIDE = 6  # numbers that speak of what is seen, and as many of colours
Pixels = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]


def _colourful(seed: int) -> Pixels:
    """Four colours, neither grey nor very light or dark."""
    random = np.random.default_rng(seed)
    hues, others = random.integers(0, 256, (4, 1)), random.integers(90, 180, (4, 2))
    pixels = np.repeat(np.hstack([hues, others]).astype(np.uint8), 64, axis=0)[np.newaxis]
    return np.asarray(Image.fromarray(pixels, "HSV").convert("RGB"))


def _edited(pixels: Pixels, hue: int, contrast: float) -> Pixels:
    hues, *others = Image.fromarray(pixels).convert("HSV").split()
    turned = Image.merge("HSV", (hues.point([(level + hue) % 256 for level in range(256)]), *others))
    return np.asarray(ImageEnhance.Contrast(turned.convert("RGB")).enhance(contrast))


@pytest.mark.parametrize("hue", [-55, -30, 25, 60])
@pytest.mark.parametrize("contrast", [0.6, 1.6])
def test_one_of_the_colours_that_may_have_been_is_near_to_those_that_were(hue: int, contrast: float) -> None:
    near, far = [], []
    for original in map(_colourful, range(8)):
        edited, was = _edited(original, hue, contrast), colour_histogram(original)
        near.append(max(float(was @ colour_histogram(each)) for each in recoloured(edited)))
        far.append(float(was @ colour_histogram(edited)))
    assert np.mean(near) > np.mean(far) + 0.3


def _stored(seen: Features, colours: Features) -> Features:
    return unit(np.concatenate([unit(seen), np.float32(COLOUR_WEIGHT) * unit(colours)]))


def _parts(seen: Features, *colours: Features) -> Features:
    nothing = np.zeros(SIDE, np.float32)
    return np.stack(
        [np.concatenate([unit(seen), nothing]), *(np.concatenate([nothing, unit(each)]) for each in colours)]
    )


def _towards(one: int, other: int, share: float) -> Features:
    """A direction so near to one axis, the rest of it along another: their similarity is `share`."""
    vector = np.zeros(SIDE, np.float32)
    vector[one], vector[other] = share, np.sqrt(1 - share**2)
    return vector


AXIS = np.eye(SIDE, dtype=np.float32)


def _first(parts: Features, stored: list[Features]) -> int | None:
    """Which of stored pictures comes first with what was told to search with."""
    rows = np.stack(stored)
    query = likeliest(parts, rows @ parts.T)
    if query is None:
        return None
    assert np.linalg.norm(query) == pytest.approx(1, abs=1e-6)
    return int(np.argmax(rows @ query))


def test_the_same_colours_tell_a_copy_whose_shapes_were_changed() -> None:
    cropped = _stored(_towards(0, 1, 0.5), _towards(0, 1, 0.98))
    akin = _stored(_towards(0, 2, 0.75), _towards(0, 2, 0.3))
    rows = np.stack([akin, cropped])
    parts = _parts(AXIS[0], AXIS[0])
    plain = _stored(AXIS[0], AXIS[0])
    assert np.argmax(rows @ plain) == 0
    assert _first(parts, [akin, cropped]) == 1


def test_colours_that_are_only_alike_do_not() -> None:
    alike = _stored(_towards(0, 1, 0.5), _towards(0, 1, 0.8))
    akin = _stored(_towards(0, 2, 0.75), _towards(0, 2, 0.3))
    assert _first(_parts(AXIS[0], AXIS[0]), [akin, alike]) is None


def test_colours_that_may_have_been_tell_a_copy_that_was_recoloured() -> None:
    original = _stored(_towards(0, 1, 0.6), AXIS[3])
    akin = _stored(_towards(0, 2, 0.65), _towards(0, 2, 0.2))
    assert _first(_parts(AXIS[0], AXIS[0], AXIS[4], _towards(3, 1, 0.95)), [akin, original]) == 1
    assert _first(_parts(AXIS[0], AXIS[0], AXIS[4], _towards(3, 1, 0.4)), [akin, original]) is None


def test_nothing_is_told_where_the_copy_comes_first_anyway() -> None:
    copy = _stored(_towards(0, 1, 0.8), _towards(0, 1, 0.95))
    akin = _stored(_towards(0, 2, 0.75), _towards(0, 2, 0.3))
    assert _first(_parts(AXIS[0], AXIS[0], AXIS[4]), [copy, akin]) is None


def _closeness(similarity: Features) -> Features:
    closeness: Features = -np.log(1.01 - similarity)
    return closeness


@given(st.integers(0, 2**32 - 1))
def test_what_is_nearest_in_one_or_the_other_comes_first(seed: int) -> None:
    random = np.random.default_rng(seed)
    near = [random.uniform(0, 1, 2) for _ in range(5)]
    stored = [_stored(_towards(0, 1, seen), _towards(0, 1, colours)) for seen, colours in near]
    first = _first(_parts(AXIS[0], AXIS[0]), stored)
    if first is not None:
        closeness = [_closeness(seen) + COLOUR_WEIGHT**2 * _closeness(colours) for seen, colours in near]
        assert closeness[first] == pytest.approx(max(closeness), abs=1e-3)
