from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from similis.algorithm import Backbone, Describer, binary_code, hamming_distances
from similis.algorithm._attention import look
from similis.algorithm._features import Features, colour_histogram, pool
from similis.algorithm._features import _lab as lab
from similis.algorithm.models import ModelStore
from similis.domain import Region

NAME = "efficientnet-lite2"
Pixels = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]


@pytest.fixture(scope="module")
def backbone(models: ModelStore) -> Backbone:
    return Backbone(models.path(NAME), models.manifest(NAME))


@pytest.fixture(scope="module")
def describer() -> Describer:
    return Describer()


def _picture(seed: int, height: int = 120, width: int = 160) -> Pixels:
    """Soft blobs of colour."""
    rough = np.random.default_rng(seed).integers(0, 256, (5, 6, 3), np.uint8)
    return np.asarray(Image.fromarray(rough).resize((width, height), Image.Resampling.BICUBIC))


def _describe(backbone: Backbone, describer: Describer, pixels: Pixels) -> Features:
    return describer.describe(look(backbone, pixels, Region.whole(pixels.shape[1], pixels.shape[0])))


def test_features_have_unit_length_and_the_stated_dimension(backbone: Backbone, describer: Describer) -> None:
    features = _describe(backbone, describer, _picture(1))
    assert features.shape == (describer.dimension,) == (512,)
    assert features.dtype == np.float32
    assert np.linalg.norm(features) == pytest.approx(1, abs=1e-6)


def test_the_same_pixels_give_the_same_bits(models: ModelStore, backbone: Backbone, describer: Describer) -> None:
    first = _describe(backbone, describer, _picture(2))
    other = Backbone(models.path(NAME), models.manifest(NAME))
    assert np.array_equal(first, _describe(backbone, describer, _picture(2)))
    assert np.array_equal(first, _describe(other, Describer(), _picture(2)))


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("size", [(1, 1), (1, 300), (100, 100)])
def test_plain_pictures_have_features(
    backbone: Backbone, describer: Describer, value: int, size: tuple[int, int]
) -> None:
    features = _describe(backbone, describer, np.full((*size, 3), value, np.uint8))
    assert np.isfinite(features).all()
    assert np.linalg.norm(features) == pytest.approx(1, abs=1e-6)


def test_an_edited_picture_is_nearer_than_others(backbone: Backbone, describer: Describer) -> None:
    gallery = np.array([_describe(backbone, describer, _picture(seed)) for seed in range(12)])
    for seed in range(0, 12, 3):
        small = np.asarray(Image.fromarray(_picture(seed)).resize((70, 90)))
        mirrored = _picture(seed)[:, ::-1]
        for edited in (small, mirrored):
            assert (gallery @ _describe(backbone, describer, np.ascontiguousarray(edited))).argmax() == seed


def test_pooling_is_the_weighted_root_mean_square() -> None:
    cells = np.random.default_rng(3).uniform(0, 6, (7, 12)).astype(np.float32)
    weights = np.random.default_rng(4).dirichlet(np.ones(12)).astype(np.float32)
    pairs = [zip(channel, weights, strict=True) for channel in cells]
    naive = np.array([np.sqrt(sum(weight * value**2 for value, weight in channel)) for channel in pairs])
    np.testing.assert_allclose(pool(cells, weights), naive / np.linalg.norm(naive), rtol=1e-5)


@pytest.mark.parametrize(
    ("colour", "wanted"),
    [
        ((0, 0, 0), (0, 0, 0)),
        ((255, 255, 255), (100, 0, 0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((119, 119, 119), (50.03, 0, 0)),
    ],
)
def test_lab_has_the_published_values(colour: tuple[int, int, int], wanted: tuple[float, float, float]) -> None:
    np.testing.assert_allclose(lab(np.array([colour], np.uint8))[0], wanted, atol=0.05)


def test_the_histogram_counts_colours_not_places() -> None:
    pixels = _picture(5, 64, 64)
    shuffled = np.random.default_rng(5).permutation(pixels.reshape(-1, 3)).reshape(pixels.shape)
    np.testing.assert_allclose(colour_histogram(pixels), colour_histogram(shuffled), atol=1e-4)
    assert colour_histogram(pixels).shape == (6 * 12 * 12,)


@given(arrays.arrays(np.uint8, (4, 3)))
def test_every_pixel_is_shared_out_among_the_bins_by_how_near_they_are(colours: Pixels) -> None:
    wanted = np.zeros((6, 12, 12))
    for colour in lab(colours):
        places = [np.clip(colour[0] / 100 * 5, 0, 5), *np.clip((colour[1:] + 40) / 80 * 11, 0, 11)]
        near = [np.maximum(1 - abs(place - np.arange(n)), 0) for place, n in zip(places, wanted.shape, strict=True)]
        wanted += np.einsum("l,a,b->lab", *near)
    tiles = np.repeat(np.repeat(colours.reshape(2, 2, 3), 32, axis=0), 32, axis=1)
    np.testing.assert_allclose(np.square(colour_histogram(tiles)), wanted.ravel() / wanted.sum(), atol=1e-5)


def test_near_colours_are_nearer_than_far_ones() -> None:
    red, dark_red, blue = (
        colour_histogram(np.full((8, 8, 3), colour, np.uint8))
        for colour in ((200, 30, 40), (180, 30, 40), (30, 40, 200))
    )
    assert red @ dark_red > 2 * (red @ blue)


@given(arrays.arrays(np.float32, st.integers(1, 100), elements=st.floats(-1, 1, width=32)))
def test_codes_hold_the_signs(features: Features) -> None:
    code = binary_code(features)
    assert len(code) == -(-len(features) // 8)
    assert [bool(bit) for bit in np.unpackbits(code)[: len(features)]] == [bool(value > 0) for value in features]


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_the_distance_counts_bits(first: bytes, second: bytes) -> None:
    codes = np.stack([np.frombuffer(code, np.uint8) for code in (first, second)])
    naive = (int.from_bytes(first, "big") ^ int.from_bytes(second, "big")).bit_count()
    assert hamming_distances(codes, codes[0]).tolist() == [0, naive]
    assert hamming_distances(codes, codes[1]).tolist() == [naive, 0]


def test_nearer_features_have_nearer_codes(backbone: Backbone, describer: Describer) -> None:
    pictures = _picture(6), np.clip(_picture(6).astype(int) + 4, 0, 255).astype(np.uint8), _picture(7)
    codes = binary_code(np.stack([_describe(backbone, describer, pixels) for pixels in pictures]))
    _, same, other = hamming_distances(codes, codes[0])
    assert same < other


@pytest.mark.parametrize("times", [1.0, 2.0, 4.0])
def test_colours_can_have_more_say(backbone: Backbone, describer: Describer, times: float) -> None:
    vector = _describe(backbone, describer, _picture(6))
    shifted = describer.by_colour(vector, times)
    assert np.linalg.norm(shifted) == pytest.approx(1, abs=1e-6)
    share = float(np.linalg.norm(shifted[-128:]) / np.linalg.norm(shifted[:-128]))
    assert share == pytest.approx(times * np.linalg.norm(vector[-128:]) / np.linalg.norm(vector[:-128]), rel=1e-4)
    assert np.array_equal(np.sign(shifted), np.sign(vector))
