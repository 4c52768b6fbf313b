"""Features that were computed elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from similis.algorithm import TunedSpace
from similis.domain import (
    Attributes,
    CapacityReached,
    Category,
    Instance,
    InstanceNotFound,
    InstanceSpec,
    InvalidInput,
    PictureKey,
    matches,
    parse_filter,
)
from similis.engine import VectorIndex
from similis.service import App, Featured, Settings

Floats = NDArray[np.float32]
DIMENSION, COUNT = 16, 600
CATEGORIES = (Category.BAG, Category.TOY)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with which a few hundred pictures are many."""
    return Settings(data=tmp_path / "data", exact_below=200)


@pytest.fixture
def app(settings: Settings) -> Iterator[App]:
    """A service without models, with an empty instance `b`."""
    with App.open(settings) as opened:
        opened.bulk.create(InstanceSpec("b", capacity=COUNT), "elsewhere", DIMENSION)
        yield opened


def unit(rows: Floats) -> Floats:
    normed: Floats = rows / np.linalg.norm(rows, axis=-1, keepdims=True)
    return normed


@pytest.fixture(scope="module")
def vectors() -> Floats:
    return unit(np.random.default_rng(7).standard_normal((COUNT, DIMENSION), np.float32))


def featured(vectors: Floats, first: int = 0) -> list[Featured]:
    return [
        Featured(PictureKey(f"p{row}", "a"), vector, CATEGORIES[row % 2], Attributes(int_attr=row % 10))
        for row, vector in enumerate(vectors, first)
    ]


def similarities(found: list[list[tuple[int, float]]]) -> NDArray[np.float64]:
    return np.array([[similarity for _, similarity in hits] for hits in found])


def test_nearest_are_those_of_a_naive_search(app: App, vectors: Floats) -> None:
    assert app.bulk.add("b", featured(vectors)) == [False] * COUNT
    app.bulk.settle("b")
    assert app.bulk.unsealed("b") == 0
    queries = unit(vectors[:20] + 0.2 * vectors[20:40])
    cosines = queries @ vectors.T
    rows = np.arange(COUNT)
    found = app.bulk.nearest("b", queries, 10, exact=True)
    assert similarities(found) == pytest.approx(-np.sort(-cosines, axis=1)[:, :10], abs=2e-3)
    found = app.bulk.nearest("b", queries, 5, parse_filter("int_attr<3"), Category.TOY, exact=True)
    fits = [matches(parse_filter("int_attr<3"), Attributes(int_attr=int(row % 10))) and row % 2 == 1 for row in rows]
    assert similarities(found) == pytest.approx(-np.sort(-cosines[:, fits], axis=1)[:, :5], abs=2e-3)


def test_what_was_committed_is_seen_at_once_and_replayed_after_reopening(
    app: App, settings: Settings, vectors: Floats
) -> None:
    app.bulk.add("b", featured(vectors[:-50]))
    app.bulk.settle("b")
    app.bulk.add("b", featured(vectors[-50:], COUNT - 50))
    assert app.bulk.unsealed("b") == 50
    before = app.bulk.nearest("b", vectors[-5:], 1)
    assert similarities(before) == pytest.approx(1, abs=2e-3)
    app.close()
    with App.open(settings) as again:
        assert again.bulk.unsealed("b") == 50
        assert again.bulk.nearest("b", vectors[-5:], 1) == before


def test_an_index_that_many_open_at_once_still_goes_to_disk(app: App, settings: Settings, vectors: Floats) -> None:
    app.bulk.add("b", featured(vectors[:100]))
    for first in range(100, COUNT, 100):
        app.close()
        app = App.open(settings)
        with ThreadPoolExecutor(8) as threads:
            searches = [threads.submit(app.bulk.nearest, "b", vectors[:1], 1) for _ in range(8)]
            assert len({str(search.result()) for search in searches}) == 1
        app.bulk.add("b", featured(vectors[first : first + 100], first))
        app.bulk.settle("b")
        assert app.bulk.unsealed("b") == 0
    app.close()


def test_an_index_that_is_first_searched_while_it_is_rebuilt_still_goes_to_disk(
    app: App, settings: Settings, vectors: Floats, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.bulk.add("b", featured(vectors[:300]))
    app.close()
    with App.open(settings) as again:
        adopt = again._embedded.adopt

        def searched_afterwards(instance: Instance, space: TunedSpace | None, index: VectorIndex) -> None:
            adopt(instance, space, index)
            again.bulk.nearest("b", vectors[:1], 1)

        monkeypatch.setattr(again._embedded, "adopt", searched_afterwards)
        again.instances.rebuild("b")
        again.bulk.add("b", featured(vectors[300:], 300))
        again.bulk.settle("b")
        instance = again.instances.get("b")
        state = again._catalogue.index_states.get(instance, f"{again._embedded._holder} features")
        assert state is not None
        assert state.applied_seq == again._catalogue.last_seq(instance)


def test_an_existing_key_is_replaced(app: App, vectors: Floats) -> None:
    app.bulk.add("b", featured(vectors[:1]))
    assert app.bulk.add("b", featured(-vectors[:1])) == [True]
    assert similarities(app.bulk.nearest("b", vectors[:1], 3)) == pytest.approx(-1, abs=2e-3)


def test_vectors_are_kept_as_the_instances_key_turns_them(app: App, vectors: Floats) -> None:
    app.bulk.create(InstanceSpec("c"), "elsewhere", DIMENSION)
    for name in ("b", "c"):
        app.bulk.add(name, featured(vectors[:1]))
    kept = [next(app._catalogue.changes(app.instances.get(name), 0)).vector for name in ("b", "c")]
    assert kept[0] is not None
    assert kept[1] is not None
    turned = np.stack([kept[0], kept[1], vectors[0]]).astype(np.float32)
    assert np.abs(turned @ turned.T - np.eye(3)).max(initial=0, where=~np.eye(3, dtype=bool)) < 0.9


@pytest.mark.parametrize("wrong", [np.ones(DIMENSION - 1, np.float32), np.full(DIMENSION, np.nan, np.float32)])
def test_other_vectors_are_refused_and_none_is_kept(app: App, vectors: Floats, wrong: Floats) -> None:
    with pytest.raises(InvalidInput, match=str(DIMENSION)):
        app.bulk.add("b", [*featured(vectors[:1]), Featured(PictureKey("w", "a"), wrong)])
    with pytest.raises(InvalidInput, match=str(DIMENSION)):
        app.bulk.nearest("b", wrong[np.newaxis], 1)
    assert app.instances.get("b").picture_count == 0


def test_the_instance_must_be_there_and_have_room(app: App, vectors: Floats) -> None:
    for call in (lambda: app.bulk.add("nobody", featured(vectors[:1])), lambda: app.bulk.settle("nobody")):
        with pytest.raises(InstanceNotFound):
            call()
    with pytest.raises(CapacityReached):
        app.bulk.add("b", featured(np.concatenate([vectors, vectors[:1]])))
    assert app.bulk.add("b", []) == []
