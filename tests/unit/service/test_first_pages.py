"""First pages look at few hits of the index, and hold what they would hold if they looked at all."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from similis.domain import Category, InstanceSpec, InstanceType, PictureKey, SearchOptions, parse_filter
from similis.engine import FaissIndex, Hit
from similis.service import App, Featured
from similis.service import _ranking as ranking

COUNT = 700
LIKE = PictureKey("p0000", "a")


def _fill(app: App, vectors: NDArray[np.float32], kind: InstanceType = InstanceType.GENERIC) -> None:
    pipeline = app.analyst.pipeline
    app.bulk.create(InstanceSpec("g", kind), pipeline.model, pipeline.dimension)
    rows = enumerate(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    pictures = [Featured(PictureKey(f"p{row:04}", "a"), vector, _category(row)) for row, vector in rows]
    app.bulk.add("g", pictures[::-1])  # the order of keys is not that of ids


def _category(row: int) -> Category:
    return Category.BAG if row % 7 == 0 else Category.SHOES


def _drawn(app: App, count: int = COUNT) -> NDArray[np.float32]:
    random = np.random.default_rng(5)
    noise = random.normal(size=(count, app.analyst.pipeline.dimension)).astype(np.float32)
    drawn: NDArray[np.float32] = noise + 3 * noise[0]  # so that scores differ
    return drawn


def _page(app: App, start: int, num: int, tree: str | None = None) -> tuple[list[tuple[str, float]], int]:
    options = SearchOptions(num, start, filter=None if tree is None else parse_filter(tree))
    result = app.search.by_name("g", LIKE, options)
    return [(match.product_id, match.score) for match in result.matches], result.found


def _whole(app: App, monkeypatch: pytest.MonkeyPatch) -> tuple[list[tuple[str, float]], int]:
    """The first pages as one, by all hits."""
    with monkeypatch.context() as patch:
        patch.setattr(ranking, "_FIRST_PAGES", 0)
        return _page(app, 0, 40)


def test_first_pages_join_to_what_all_hits_give(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    _fill(app, _drawn(app))
    whole, found = _whole(app, monkeypatch)
    assert found == 500
    assert len(set(whole)) == 40
    for size in (1, 10, 20, 40):
        pages = [_page(app, start, size) for start in range(0, 40, size)]
        assert [match for page, _ in pages for match in page] == whole
        assert {number for _, number in pages} == {500}


def test_equal_pictures_are_ordered_by_key_however_many_there_are(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = _drawn(app)
    vectors[100:400] = vectors[0]
    _fill(app, vectors)
    whole, _ = _whole(app, monkeypatch)
    assert [product for product, _ in whole] == ["p0000", *(f"p{row:04}" for row in range(100, 139))]
    assert _page(app, 0, 10)[0] + _page(app, 10, 30)[0] == whole


@pytest.mark.parametrize("count", [20, 60])
def test_it_tells_how_many_there_are(app: App, count: int) -> None:
    _fill(app, _drawn(app, count))
    assert _page(app, 0, 10)[1] == count
    assert _page(app, 0, 10, "int_attr>1")[1] == 0


def test_in_a_category_it_tells_how_many_are_in_it(app: App) -> None:
    vectors = _drawn(app, 1000)
    _fill(app, vectors, InstanceType.PRODUCT)
    assert _page(app, 0, 10)[1] == 143


def test_few_hits_are_looked_at(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    _fill(app, _drawn(app))
    asked: list[int] = []
    scored = ranking.Ranking._scored

    def note(self: ranking.Ranking, count: int) -> object:
        asked.append(count)
        return scored(self, count)

    monkeypatch.setattr(ranking.Ranking, "_scored", note)
    for start in (0, 10, 11):
        _page(app, start, 10)
    assert asked == [30, 30, 30, 500]  # those of the first pages come first on others, too


def test_pages_fit_together_where_few_hits_are_not_the_first_of_many(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(app, _drawn(app))
    _, found = _page(app, 0, 10)
    whole = {product for start in range(0, found, 100) for product, _ in _page(app, start, 100)[0]}
    _let_search(monkeypatch, lambda hits: [*hits[:3], *hits[4:12], *hits[13:]] if len(hits) == 30 else hits)
    pages = [_page(app, start, 10) for start in range(0, found, 10)]
    products = [product for page, _ in pages for product, _ in page]
    assert len(products) == len(set(products)) == 500
    assert set(products) == whole


def test_hits_that_are_too_few_are_not_all_there_are(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    _fill(app, _drawn(app, 60))
    _let_search(monkeypatch, lambda hits: hits[:25])
    assert [_page(app, start, 10)[1] for start in (0, 10, 20)] == [60, 60, 60]


def _let_search(monkeypatch: pytest.MonkeyPatch, seen: Callable[[list[Hit]], list[Hit]]) -> None:
    """Have the index find only a part of what it finds, as an approximate one may."""
    search = FaissIndex.search

    def approximate(index: FaissIndex, *asked: Any) -> list[list[Hit]]:  # noqa: ANN401 - passed on
        return [seen(hits) for hits in search(index, *asked)]

    monkeypatch.setattr(FaissIndex, "search", approximate)
