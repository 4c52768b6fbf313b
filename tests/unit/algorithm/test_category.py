from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from similis.algorithm import CategoryHead, decided_category
from similis.algorithm._attention import Sight
from similis.algorithm._backbone import Maps
from similis.algorithm._category import POOLED_SCALE
from similis.algorithm._weights import load_figures, load_weights
from similis.domain import Category, CategoryCandidate, Region


@pytest.fixture(scope="module")
def head() -> CategoryHead:
    return CategoryHead()


def _map(seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(0, 2, (1280, 81)).astype(np.float32)


def _sight(cells: NDArray[np.float32]) -> Sight:
    evenly = np.full(cells.shape[1], 1 / cells.shape[1], np.float32)
    nothing = np.empty((0, 0, 0), np.float32)
    seen = Maps(cells[:, np.newaxis], middle=nothing, fine=nothing, detail=nothing, glance=nothing)
    pixels = np.zeros((9, 9, 3), np.uint8)
    return Sight((seen,), evenly, pixels, pixels, Region.whole(9, 9))


@pytest.mark.parametrize("seed", range(5))
def test_every_category_is_a_candidate_and_the_best_comes_first(head: CategoryHead, seed: int) -> None:
    candidates = head.predict(_sight(_map(seed)))
    shares = [candidate.probability for candidate in candidates]
    assert {candidate.category for candidate in candidates} == set(Category)
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1, abs=1e-5)
    assert min(shares) >= 0


@pytest.mark.parametrize("seed", range(3))
def test_shares_of_kinds_are_summed_into_categories(head: CategoryHead, seed: int) -> None:
    weights = {name: array.astype(np.float64) for name, array in load_weights("category").items()}
    figures, cells = load_figures("category"), _map(seed).astype(np.float64)
    root = np.sqrt((cells**2).mean(1))
    kinds = np.exp(weights["weight"] @ cells.mean(1) + weights["bias"])
    stands_out = weights["pooled"] @ (POOLED_SCALE * root / np.linalg.norm(root)) + weights["offset"]
    sums = [kinds[weights["category"] == place].sum() for place in range(len(stands_out))]
    shares = (np.array(sums) * np.exp(stands_out)) ** (1 / figures["temperature"])
    expected = dict(zip(figures["categories"], shares / shares.sum(), strict=True))
    for candidate in head.predict(_sight(_map(seed))):
        assert candidate.probability == pytest.approx(expected[candidate.category], rel=1e-2, abs=1e-6)


def test_the_best_candidate_decides_unless_all_are_unlikely() -> None:
    def candidates(best: float) -> list[CategoryCandidate]:
        rest = [each for each in Category if each is not Category.BAG]
        others = [CategoryCandidate(each, (1 - best) / len(rest)) for each in rest]
        return [CategoryCandidate(Category.BAG, best), *others]

    assert decided_category(candidates(0.9)) is Category.BAG
    assert decided_category(candidates(0.1)) is Category.OTHER


def test_the_number_of_cells_is_free(head: CategoryHead) -> None:
    one = _map(9)[:, :1]
    several = np.broadcast_to(one, (1280, 28))
    found = zip(head.predict(_sight(one)), head.predict(_sight(several)), strict=True)
    assert all(abs(a.probability - b.probability) < 1e-4 and a.category == b.category for a, b in found)
