"""The measures of the red team, beside their definitions taken literally."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.inversion._judges import Layout
from benchmarks.inversion._measures import mean, psnr, ranks, ssim
from hypothesis import given, settings
from hypothesis import strategies as st


def _pictures(seed: int, count: int = 3, side: int = 14) -> np.ndarray:
    return np.random.default_rng(seed).random((count, side, side, 3), np.float32)


def _literal_ssim(first: np.ndarray, second: np.ndarray) -> float:
    """Wang et al. (2004), equation 13 at every place of an 11 × 11 window, for one picture of one channel."""
    places = np.arange(-5, 6)
    window = np.exp(-(places[:, None] ** 2 + places**2) / (2 * 1.5**2))
    window /= window.sum()
    values = []
    for row in range(first.shape[0] - 10):
        for column in range(first.shape[1] - 10):
            x, y = (each[row : row + 11, column : column + 11].astype(float) for each in (first, second))
            mx, my = (window * x).sum(), (window * y).sum()
            vx, vy = (window * (x - mx) ** 2).sum(), (window * (y - my) ** 2).sum()
            both = (window * (x - mx) * (y - my)).sum()
            values.append((2 * mx * my + 1e-4) * (2 * both + 9e-4) / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4)))
    return float(np.mean(values))


def test_ssim_is_what_its_definition_says() -> None:
    first, second = _pictures(0), _pictures(1)
    literal = [
        np.mean([_literal_ssim(a[..., channel], b[..., channel]) for channel in range(3)])
        for a, b in zip(first, second, strict=True)
    ]
    assert ssim(first, second) == pytest.approx(np.array(literal))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_ssim_is_one_for_the_same_and_less_for_another_picture(seed: int) -> None:
    pictures = _pictures(seed)
    assert ssim(pictures, pictures) == pytest.approx(np.ones(len(pictures)))
    assert (ssim(pictures, 1 - pictures) < 1).all()
    assert ssim(pictures, 1 - pictures) == pytest.approx(ssim(1 - pictures, pictures))


def test_psnr_of_a_known_error() -> None:
    black = np.zeros((2, 12, 12, 3), np.float32)
    assert psnr(black, black + np.float32(0.1)) == pytest.approx(np.array([20.0, 20.0]), abs=1e-5)


def test_a_rebuilt_picture_is_ranked_by_how_many_others_are_as_near() -> None:
    wanted = np.eye(3, dtype=np.float32)
    queries = np.array([[1, 0, 0], [0.8, 0.6, 0], [0.6, 0.6, 0.5]], np.float32)
    assert ranks(queries, wanted).tolist() == [0, 1, 2]


def test_pictures_that_are_all_the_same_find_nothing() -> None:
    wanted = np.eye(5, dtype=np.float32)
    assert ranks(np.full((5, 5), 0.4, np.float32), wanted).min() == 4


def test_the_interval_of_a_mean_holds_it_and_shrinks_with_the_number() -> None:
    few, many = (mean(np.random.default_rng(3).random(count)) for count in (20, 2000))
    assert few.low < few.value < few.high
    assert many.high - many.low < (few.high - few.low) / 4


def test_layout_tells_where_colours_are() -> None:
    pictures = np.zeros((3, 32, 32, 3), np.float32)
    pictures[0, :16], pictures[1, 16:], pictures[2, :15] = 1, 1, 1
    described = Layout(np.full((32, 32, 3), 0.5, np.float32)).describe(pictures)
    assert described[0] @ described[2] > 0.9
    assert described[0] @ described[1] == pytest.approx(-1, abs=1e-3)
