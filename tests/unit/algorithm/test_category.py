from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from similis.algorithm import CategoryHead
from similis.algorithm._attention import Sight
from similis.algorithm._weights import load_figures, load_weights
from similis.domain import Category, Region


@pytest.fixture(scope="module")
def head() -> CategoryHead:
    return CategoryHead()


def _map(seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(0, 2, (1280, 81)).astype(np.float32)


def _sight(cells: NDArray[np.float32]) -> Sight:
    evenly = np.full(cells.shape[1], 1 / cells.shape[1], np.float32)
    return Sight(cells, evenly, np.zeros((9, 9, 3), np.uint8), Region.whole(9, 9))


@pytest.mark.parametrize("seed", range(5))
def test_every_category_is_a_candidate_and_the_best_comes_first(head: CategoryHead, seed: int) -> None:
    candidates = head.predict(_sight(_map(seed)))
    shares = [candidate.probability for candidate in candidates]
    assert {candidate.category for candidate in candidates} == set(Category)
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1)
    assert min(shares) >= 0


def test_cells_along_a_categorys_weights_is_of_that_category(head: CategoryHead) -> None:
    weight, numbers = load_weights("category")["weight"].astype(np.float32), load_figures("category")["categories"]
    for row, number in zip(weight, numbers, strict=True):
        channels = 20 * (row - weight.mean(0))
        cells = np.broadcast_to(channels[:, None], (1280, 81))
        assert head.predict(_sight(cells))[0].category == number


def test_the_number_of_cells_is_free(head: CategoryHead) -> None:
    one = _map(9)[:, :1]
    several = np.broadcast_to(one, (1280, 28))
    found = zip(head.predict(_sight(one)), head.predict(_sight(several)), strict=True)
    assert all(abs(a.probability - b.probability) < 1e-4 and a.category == b.category for a, b in found)
