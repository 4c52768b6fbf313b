"""What a process that only searches answers is what the service would; it is asked here inside this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.unit.service.tunings import ADOPTED

from similis.algorithm import Calibration, Pipeline, TunedSpace
from similis.domain import (
    Attributes,
    Category,
    IndexUnavailable,
    InstanceSpec,
    InstanceType,
    KeyringFailed,
    PictureKey,
    SearchOptions,
    SearchResult,
    StorageFailed,
    parse_filter,
)
from similis.engine import FaissIndex
from similis.service import App, Featured, Settings
from similis.service._searcher import Searcher, Told

pytestmark = pytest.mark.slow  # each makes an instance that is large enough to be on disk

_COUNT = 600
_EXACT_BELOW = 200
_LIKE = PictureKey("p0000", "a")


@pytest.fixture
def app(settings: Settings, pipeline: Pipeline) -> Iterator[App]:
    """A service with an instance `g` of 600 made up pictures, more than it keeps in memory."""
    with App.open(settings.model_copy(update={"exact_below": _EXACT_BELOW}), pipeline) as app:
        app.bulk.create(InstanceSpec("g", InstanceType.PRODUCT), pipeline.model, pipeline.dimension)
        _fill(app, range(_COUNT))
        yield app


@pytest.fixture
def searcher(app: App) -> Iterator[Searcher]:
    searcher = Searcher(app.settings)
    yield searcher
    searcher.close()


def _vectors(app: App, numbers: range) -> NDArray[np.float32]:
    dimension = app.analyst.pipeline.dimension
    common = 3 * np.random.default_rng(0).normal(size=(1, dimension))  # so that scores differ
    drawn = common + np.random.default_rng(numbers.start).normal(size=(len(numbers), dimension))
    vectors: NDArray[np.float32] = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return vectors


def _fill(app: App, numbers: range) -> None:
    pictures = [
        Featured(
            PictureKey(f"p{number:04}", "ab"[number % 2]),
            vector,
            Category.SHOES if number % 3 == 0 else Category.BAG,
            attributes=Attributes(int_attr=number, str_attr="red" if number % 5 == 0 else None),
        )
        for number, vector in zip(numbers, _vectors(app, numbers), strict=True)
    ]
    app.bulk.add("g", pictures)
    app.bulk.settle("g")


def _told(app: App, searcher: Searcher, key: PictureKey = _LIKE, options: SearchOptions = SearchOptions()) -> Told:
    return searcher.tell(app.search._asked(app.instances.get("g"), key, options))


def _answer(
    app: App, searcher: Searcher, key: PictureKey = _LIKE, options: SearchOptions = SearchOptions()
) -> SearchResult:
    """What it answers once its index is open."""
    until = time.monotonic() + 20
    while (result := _told(app, searcher, key, options).result) is None:
        assert time.monotonic() < until
        time.sleep(0.01)
    return replace(result, milliseconds={})


def _expected(app: App, key: PictureKey = _LIKE, options: SearchOptions = SearchOptions()) -> SearchResult:
    return replace(app.search.by_name("g", key, options), milliseconds={})


@pytest.mark.parametrize(
    "options",
    [
        SearchOptions(),
        SearchOptions(num=50, start=20),
        SearchOptions(num=100, start=400),
        SearchOptions(category=Category.BAG),
        SearchOptions(filter=parse_filter('int_attr>100 AND str_attr="red"')),
        SearchOptions(distinct_product=True),
        SearchOptions(min_score=0.2, good_match=0.9),
    ],
    ids=["plain", "page", "last page", "category", "filter", "products", "scores"],
)
def test_it_answers_as_the_service_does(app: App, searcher: Searcher, options: SearchOptions) -> None:
    assert _answer(app, searcher, options=options) == _expected(app, options=options)


def test_it_first_opens_its_index_while_the_service_answers(app: App, searcher: Searcher) -> None:
    assert _told(app, searcher) == Told(None, [])
    assert _answer(app, searcher).matches[0].key == _LIKE
    told = _told(app, searcher)
    assert {"index", "catalogue"} <= {name for name, _ in told.stages}


def test_it_knows_at_once_what_was_changed(app: App, searcher: Searcher) -> None:
    _answer(app, searcher)
    for number in range(_COUNT, _COUNT + 5):
        _fill(app, range(number, number + 1))
        key = PictureKey(f"p{number:04}", "ab"[number % 2])
        told = _told(app, searcher, key).result
        assert told is not None
        assert told.matches[0].key == key
    app.pictures.update("g", _LIKE, {"int_attr": 77_000})
    options = SearchOptions(filter=parse_filter("int_attr=77000"))
    assert [match.key for match in _answer(app, searcher, options=options).matches] == [_LIKE]
    second = _expected(app).matches[1].key
    app.pictures.delete("g", second.product_id)
    assert second not in [match.key for match in _answer(app, searcher).matches]


def test_a_picture_that_is_not_there_is_left_to_the_service(app: App, searcher: Searcher) -> None:
    _answer(app, searcher)
    assert _told(app, searcher, PictureKey("nobody", "a")) == Told(None, [])


def test_what_was_deleted_does_not_stay_in_its_memory(app: App, searcher: Searcher) -> None:
    _answer(app, searcher)
    uid = app.instances.get("g").uid
    [entry] = searcher._indexes._open.values()
    app.pictures.delete("g", _LIKE.product_id)
    assert entry.index.count() == _COUNT
    searcher.keep_up()
    assert entry.index.count() == _COUNT - 1
    assert searcher._keyring.loaded() == {uid}
    app.instances.delete("g")
    searcher.keep_up()
    assert searcher._indexes.instances() == []
    assert searcher._keyring.loaded() == set()


def test_it_follows_again_what_was_committed_while_an_index_was_being_opened(
    app: App, searcher: Searcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index that was in use followed; the one that takes its place may have read the log before."""
    _answer(app, searcher)
    [entry] = searcher._indexes._open.values()
    followed: list[int] = []
    monkeypatch.setattr(searcher._indexes, "follow", lambda instance: followed.append(instance.id))
    app.pictures.delete("g", _LIKE.product_id)
    with monkeypatch.context() as patch:
        patch.setattr(searcher._indexes, "renewing", lambda: True)
        searcher.keep_up()
    searcher.keep_up()
    searcher.keep_up()  # now nothing has changed since
    assert followed == [entry.instance.id] * 2


def test_it_goes_over_to_the_segment_that_the_service_wrote_last(app: App, searcher: Searcher) -> None:
    _answer(app, searcher)
    before = _segment(searcher)
    assert before is not None
    files = sorted(app.settings.index_directory.rglob("*"))
    searcher.keep_up()
    assert _segment(searcher) == before
    assert sorted(app.settings.index_directory.rglob("*")) == files
    _fill(app, range(1000, 1000 + 2 * _COUNT))
    app.instances.rebuild("g")
    searcher.keep_up()
    assert _answer(app, searcher) == _expected(app)
    assert _segment(searcher) not in (None, before)
    [entry] = searcher._indexes._open.values()
    assert isinstance(entry.index, FaissIndex)
    assert entry.index.about() is not None


def _segment(searcher: Searcher) -> str | None:
    [segment] = searcher._files._read.values()
    return segment


def test_segments_that_it_cannot_read_are_left_alone(app: App, searcher: Searcher) -> None:
    """All of a large instance in memory would be worse than no answer from here."""
    instance = app.instances.get("g")
    [whole] = (app.settings.index_directory / instance.uid / "features").iterdir()
    away = whole.rename(app.settings.data / "away")
    with pytest.raises(IndexUnavailable):
        searcher._files.opened(instance, None)
    away.rename(whole)
    assert searcher._files.opened(instance, None).count() == _COUNT


def test_a_tuned_instance_is_searched_in_the_space_of_its_tuning(app: App, searcher: Searcher) -> None:
    _answer(app, searcher)
    instance, dimension = app.instances.get("g"), app.analyst.pipeline.dimension
    space = TunedSpace(np.zeros(dimension, np.float32), np.eye(8, dimension, dtype=np.float32), Calibration(0.5, 9))
    app._catalogue.tunings.set(instance, ADOPTED, app.tuning._spaces.seal(instance, space))
    app._indexes.rebuild(instance)
    assert _told(app, searcher).result is None
    assert _answer(app, searcher) == _expected(app)
    app.tuning.undo("g")
    assert _told(app, searcher).result is None
    assert _answer(app, searcher) == _expected(app)


def test_while_a_tuning_is_adopted_it_is_not_asked_and_holds_no_large_instance(app: App, searcher: Searcher) -> None:
    """The service searches in the space of before until its index is made anew."""
    _answer(app, searcher)
    instance, dimension = app.instances.get("g"), app.analyst.pipeline.dimension
    space = TunedSpace(np.zeros(dimension, np.float32), np.eye(8, dimension, dtype=np.float32), Calibration(0.5, 9))
    app._catalogue.tunings.set(instance, ADOPTED, app.tuning._spaces.seal(instance, space))
    tuned = app.instances.get("g")
    assert not app._indexes.up_to_date(tuned)
    assert app.search._asked_elsewhere(tuned, _LIKE, SearchOptions()) is None
    with pytest.raises(IndexUnavailable):
        searcher._files.opened(tuned, space)
    app._indexes.rebuild(tuned)
    assert app._indexes.up_to_date(tuned)


def test_of_a_deleted_instance_it_keeps_no_key_and_says_nothing(app: App, searcher: Searcher) -> None:
    asked = app.search._asked(app.instances.get("g"), _LIKE, SearchOptions())
    searcher._keyring.instance(asked.instance.uid)
    app.instances.delete("g")
    searcher.keep_up()
    assert searcher._keyring.loaded() == set()
    assert searcher.tell(asked) == Told(None, [])


def test_it_cannot_write(app: App, searcher: Searcher) -> None:
    with pytest.raises(StorageFailed):
        searcher._catalogue.set_setting("a", "b")
    assert app._catalogue.setting("a") is None


def test_it_ends_where_keys_cannot_be_read(app: App, searcher: Searcher, pipeline: Pipeline) -> None:
    """After the master key was changed; started anew, it reads the new one."""
    _answer(app, searcher)
    app.keys.rotate()
    assert _answer(app, searcher) == _expected(app)  # what it holds already stays as it is
    app.bulk.create(InstanceSpec("new", InstanceType.GENERIC), pipeline.model, pipeline.dimension)
    app.bulk.add("new", [Featured(_LIKE, _vectors(app, range(1))[0], Category.OTHER)])
    asked = app.search._asked(app.instances.get("new"), _LIKE, SearchOptions())
    with pytest.raises(KeyringFailed):
        _until_it_raises(lambda: searcher.tell(asked))
    anew = Searcher(app.settings)
    while anew.tell(asked).result is None:
        time.sleep(0.01)
    anew.close()


def _until_it_raises(verb: Callable[[], object]) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        verb()
        time.sleep(0.01)
