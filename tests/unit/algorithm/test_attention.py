"""Attention: half to the region, half to the whole, whatever the region's size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from similis.algorithm import Backbone
from similis.algorithm._attention import look, region_shares
from similis.algorithm.models import ModelStore
from similis.domain import Region

NAME = "efficientnet-lite2"
PICTURE = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)


@pytest.fixture(scope="module")
def backbone(models: ModelStore) -> Backbone:
    return Backbone(models.path(NAME), models.manifest(NAME))


@given(st.data())
def test_shares_are_the_pixels_of_the_region_in_each_cell(data: st.DataObject) -> None:
    x1, y1 = data.draw(st.integers(0, 158)), data.draw(st.integers(0, 118))
    region = Region(x1, data.draw(st.integers(x1 + 1, 160)), y1, data.draw(st.integers(y1 + 1, 120)))
    inside = np.zeros((120, 160))
    inside[region.y1 : region.y2, region.x1 : region.x2] = 1
    counted = inside.reshape(4, 30, 8, 20).sum(axis=(1, 3)) / region.area
    shares = region_shares(region, PICTURE, np.empty((1, 4, 8), np.float32))
    np.testing.assert_allclose(shares, counted.ravel(), atol=1e-6)


def test_the_whole_picture_counts_evenly(backbone: Backbone) -> None:
    sight = look(backbone, PICTURE, Region.whole(160, 120))
    assert sight.whole
    np.testing.assert_allclose(sight.weights, 1 / 81)


def test_half_of_the_attention_is_inside_a_region(backbone: Backbone) -> None:
    sight = look(backbone, PICTURE, Region(0, 80, 0, 120))
    weights = sight.weights.reshape(9, 9)
    assert sight.cells.shape[1] == 81
    assert weights.sum() == pytest.approx(1)
    assert weights[:, :4].sum() == pytest.approx(4 / 9 * (0.5 + 0.5 * 9 / 4.5))
    assert weights[:, 5:].sum() == pytest.approx(4 / 9 * 0.5)


def test_a_small_region_is_looked_at_closely(backbone: Backbone) -> None:
    region = Region(100, 150, 20, 70)
    sight = look(backbone, PICTURE, region)
    closely = look(backbone, np.ascontiguousarray(sight.seen), Region.whole(50, 50))
    np.testing.assert_array_equal(sight.cells[:, 81:], closely.cells)
    assert sight.weights[81:].sum() == pytest.approx(0.5)
