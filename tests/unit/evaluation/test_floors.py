from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from similis.evaluation import Floor
from similis.evaluation._floors import best_first, colour_histogram, describe, perceptual_hash
from similis.service import App


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def test_the_colour_histogram_sees_colours_and_nothing_else(draw: Callable[..., bytes]) -> None:
    picture = opened(draw(1))
    histogram = colour_histogram(picture)
    assert histogram.shape == (256,)
    assert float(histogram @ colour_histogram(picture.transpose(Image.Transpose.ROTATE_90))) > 0.99
    red, green = (colour_histogram(Image.new("RGB", (100, 100), name)) for name in ("red", "green"))
    assert np.count_nonzero(red) == 1
    assert float(red @ green) == 0.0


def test_equal_bits_of_the_hash_are_counted(draw: Callable[..., bytes]) -> None:
    picture, other = opened(draw(1)), opened(draw(2))
    bits = perceptual_hash(picture)
    assert set(np.abs(bits).tolist()) == {0.125}
    assert float(bits @ perceptual_hash(picture.resize((500, 300)))) > 0.9
    assert float(bits @ perceptual_hash(other)) < 0.8


def test_every_floor_describes_by_unit_vectors(app: App, draw: Callable[..., bytes]) -> None:
    described = describe(app, app.analyst.pixels(draw(3)))
    assert set(described) == set(Floor)
    assert [float(np.linalg.norm(vector)) for vector in described.values()] == pytest.approx([1.0] * len(Floor))
    assert described[Floor.GEM_COLOUR].shape == (1280 + 256,)


def test_the_generalised_mean_lies_between_mean_and_maximum(app: App, draw: Callable[..., bytes]) -> None:
    mean, gem, high = app.analyst.pipeline.plain_pools(app.analyst.pixels(draw(3)), [1.0, 3.0, 16.0])
    assert float(mean @ high) < float(gem @ high)
    assert float(mean @ high) < float(mean @ gem)


@given(st.lists(st.lists(st.integers(0, 3), min_size=6, max_size=6), min_size=1, max_size=5), st.integers(1, 6))
def test_ranking_is_a_stable_sort(rows: list[list[int]], depth: int) -> None:
    similarities = np.array(rows, np.float32)
    found = best_first(similarities, depth)
    ranked = np.take_along_axis(similarities, found, axis=1)
    expected = -np.sort(-similarities, axis=1)[:, :depth]
    assert np.array_equal(ranked, expected)
    assert all(
        a < b
        for row, score in zip(found, ranked, strict=True)
        for a, b, s, t in zip(row, row[1:], score, score[1:], strict=False)
        if s == t
    )
