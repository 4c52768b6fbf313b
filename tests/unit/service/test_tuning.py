"""Tuning of instances whose features the tests make up: products seen under a strong nuisance."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from similis.algorithm import Pipeline
from similis.catalogue import NewPicture
from similis.domain import (
    Category,
    Instance,
    InstanceNotFound,
    InstanceSpec,
    InstanceType,
    KeyringFailed,
    NothingToTune,
    Picture,
    PictureKey,
    Region,
    SearchOptions,
)
from similis.engine import FaissIndex
from similis.service import App, Settings
from similis.service._tuned_index import TunedIndex

PRODUCTS, VIEWS, D = 50, 4, 32
Half = NDArray[np.float16]


def _features(*, nuisance: float, seed: int = 0) -> Half:
    """Unit vectors [product, view, D]; the nuisance, in eight directions, hides the products."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(PRODUCTS, 1, D))
    spread = np.where(np.arange(D) < 8, nuisance, 0.5)
    rows = centres + random.normal(size=(PRODUCTS, VIEWS, D)) * spread
    scaled: Half = (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float16)
    return scaled


def _create(app: App, name: str, kind: InstanceType) -> Instance:
    """An instance of short features, which are quick to tune; nothing but the pipeline's own would ask how long."""
    uid = app.instances._keyring.create_instance()
    model = app.analyst.pipeline.model
    return app._catalogue.create_instance(InstanceSpec(name, kind), uid=uid, index="faiss", model=model, dimension=D)


def _store(app: App, instance: Instance, rows: Half) -> None:
    """Put features into an instance as `add` does after it analysed a picture, but not turned by the key."""
    pictures = [
        NewPicture(Picture(PictureKey(f"p{product}", f"v{view}"), Category.OTHER, Region(0, 9, 0, 9)), vector)
        for product, views in enumerate(rows)
        for view, vector in enumerate(views)
    ]
    app._catalogue.add(instance, pictures)


def _right(app: App) -> float:
    """How often the best match of a stored picture, beside itself, is of its product."""
    options = SearchOptions(num=2)
    right = 0
    for product in range(PRODUCTS):
        matches = app.search.by_name("g", PictureKey(f"p{product}", "v0"), options).matches
        assert matches[0].score == 1.0
        assert matches[0].sort_expr_values == "7.33136443711219e+24;0"
        assert matches[1].score < 1.0
        right += matches[1].product_id == f"p{product}"
    return right / PRODUCTS


@pytest.fixture
def noisy(app: App) -> App:
    """A generic instance `g` that tuning helps."""
    instance = _create(app, "g", InstanceType.GENERIC)
    _store(app, instance, _features(nuisance=6.0))
    return app


def test_tuning_helps_is_kept_and_can_be_undone(noisy: App, settings: Settings, pipeline: Pipeline) -> None:
    before = _right(noisy)
    told = noisy.tuning.tune("g")
    assert told.adopted
    assert told.gain_low > 0
    assert (told.products, told.pictures, told.queries) == (PRODUCTS, PRODUCTS * VIEWS, PRODUCTS * VIEWS)
    assert noisy.instances.get("g").tuning == told
    assert noisy.instances.list()[0].tuning == told
    after = _right(noisy)
    assert after > before + 0.1
    noisy.close()
    with App.open(settings, pipeline) as again:
        assert _right(again) == after
        again.instances.rebuild("g")
        assert _right(again) == after
        assert again.tuning.undo("g").tuning is None
        assert _right(again) == before
        assert again.tuning.tune("g").adopted


def test_nothing_of_a_tuning_stays_on_disk_when_it_is_undone(settings: Settings, pipeline: Pipeline) -> None:
    with App.open(settings.model_copy(update={"exact_below": 100}), pipeline) as app:
        instance = _create(app, "g", InstanceType.GENERIC)
        _store(app, instance, _features(nuisance=6.0))
        assert app.tuning.tune("g").adopted
        place = settings.data / "index" / instance.uid
        [tuned] = place.glob("tuned-*")
        holder = f"{app._embedded._holder} {tuned.name}"
        assert app._catalogue.index_states.get(instance, holder) is not None
        app.tuning.undo("g")
        assert [path.name for path in place.iterdir()] == ["features"]
        assert app._catalogue.index_states.get(instance, holder) is None


def test_a_dry_run_changes_nothing(noisy: App) -> None:
    before = _right(noisy)
    told = noisy.tuning.tune("g", dry_run=True)
    assert not told.adopted
    assert told.gain_low > 0
    assert "dry run" in told.reason
    assert noisy.instances.get("g").tuning is None
    assert _right(noisy) == before


def test_what_does_not_help_is_not_adopted_and_leaves_an_earlier_tuning(noisy: App) -> None:
    instance = _create(noisy, "flat", InstanceType.GENERIC)
    random = np.random.default_rng(0).normal(size=(PRODUCTS, VIEWS, D))
    _store(noisy, instance, (random / np.linalg.norm(random, axis=-1, keepdims=True)).astype(np.float16))
    told = noisy.tuning.tune("flat")
    assert not told.adopted
    assert told.gain_low <= 0
    assert noisy.instances.get("flat").tuning == told
    assert not isinstance(noisy.search._indexes.current(instance), TunedIndex)

    assert noisy.tuning.tune("g").adopted
    noisy_instance = noisy.instances.get("g")
    rows = (random / np.linalg.norm(random, axis=-1, keepdims=True)).astype(np.float16)
    _store(noisy, noisy_instance, rows)
    assert not noisy.tuning.tune("g").adopted
    assert noisy.instances.get("g").tuning == noisy_instance.tuning


def test_too_little_to_learn_from_is_said_with_counts(app: App) -> None:
    instance = _create(app, "g", InstanceType.GENERIC)
    with pytest.raises(NothingToTune, match="0 products"):
        app.tuning.tune("g")
    _store(app, instance, _features(nuisance=1.0)[:9])
    with pytest.raises(NothingToTune, match="9 products with two or more pictures, 36 in all"):
        app.tuning.tune("g")
    with pytest.raises(InstanceNotFound):
        app.tuning.tune("nothing")
    assert app.tuning.undo("g").tuning is None


def test_a_product_instance_is_tuned_inside_its_categories(app: App) -> None:
    instance = _create(app, "g", InstanceType.PRODUCT)
    rows = _features(nuisance=6.0)
    categories = [Category.BAG, Category.SHOES]
    app._catalogue.add(instance, [
        NewPicture(
            Picture(PictureKey(f"p{product}", f"v{view}"), categories[product % 2], Region(0, 9, 0, 9)),
            rows[product, view],
        )
        for product in range(PRODUCTS) for view in range(VIEWS)
    ])  # fmt: skip
    assert app.tuning.tune("g").adopted
    result = app.search.by_name("g", PictureKey("p0", "v0"))
    assert {match.category_id for match in result.matches} == {Category.BAG}


def test_the_tuning_dies_with_the_key_of_its_instance(noisy: App) -> None:
    noisy.tuning.tune("g")
    instance = noisy.instances.get("g")
    sealed = noisy._catalogue.tunings.transform(instance)
    assert sealed is not None
    noisy.instances.delete("g")
    assert noisy._catalogue.tunings.transform(instance) is None
    with pytest.raises(KeyringFailed):
        noisy.access._keyring.instance(instance.uid)


def test_scores_of_a_tuned_instance_read_as_probabilities(noisy: App) -> None:
    """Of fresh views the best ten matches' scores and how often these are right agree on the whole."""
    noisy.tuning.tune("g")
    scores, right = [], []
    for product in range(PRODUCTS):
        for match in noisy.search.by_name("g", PictureKey(f"p{product}", "v1"), SearchOptions(num=11)).matches[1:]:
            scores.append(match.score)
            right.append(match.product_id == f"p{product}")
    assert np.mean(scores) == pytest.approx(np.mean(right), abs=0.12)


def test_searches_and_additions_go_on_while_it_is_tuned_and_undone(noisy: App) -> None:
    """Each answer is one of the two spaces' own, never a mix; nothing that is added meanwhile is lost."""
    key, options = PictureKey("p7", "v0"), SearchOptions(num=5)
    done, answers, added = threading.Event(), set(), []
    instance = noisy.instances.get("g")
    fresh = _features(nuisance=6.0, seed=9).reshape(-1, D)

    def search() -> None:
        while not done.is_set():
            matches = noisy.search.by_name("g", key, options).matches
            answers.add(tuple((match.product_id, match.pic_name, match.score) for match in matches))

    def add() -> None:
        for number, vector in enumerate(fresh):
            if done.is_set():
                return
            name = PictureKey("far", f"{number}")
            noisy._catalogue.add(instance, [NewPicture(Picture(name, Category.OTHER, Region(0, 9, 0, 9)), -vector)])
            added.append(name)
            assert noisy.search.by_name("g", name, SearchOptions(num=1)).matches[0].key == name

    plain = noisy.search.by_name("g", key, options).matches
    with ThreadPoolExecutor(3) as pool:
        jobs = [pool.submit(search), pool.submit(search), pool.submit(add)]
        try:
            noisy.tuning.tune("g")
            tuned = noisy.search.by_name("g", key, options).matches
            noisy.tuning.undo("g")
        finally:
            done.set()
        for job in jobs:
            job.result(60)
    expected = {tuple((match.product_id, match.pic_name, match.score) for match in each) for each in (plain, tuned)}
    assert len(expected) == 2
    assert answers <= expected
    assert added
    assert isinstance(noisy.search._indexes.current(instance), FaissIndex)
    for name in added:
        assert noisy.search.by_name("g", name, SearchOptions(num=1)).matches[0].key == name
