"""Scores by an instance's own products, with features that the tests make up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from similis.algorithm import Calibration, Pipeline
from similis.catalogue import NewPicture, ScoreCurve
from similis.domain import (
    Category,
    Instance,
    InstanceSpec,
    InstanceType,
    Picture,
    PictureKey,
    Region,
    SearchOptions,
    SearchResult,
)
from similis.service import App, Settings
from similis.service._tuned_index import TunedIndex

D = 24
Half = NDArray[np.float16]


def _features(products: int, views: int, seed: int = 0, spread: float = 0.75) -> Half:
    """Unit vectors [product, view, D]."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(products, 1, D))
    rows = centres + spread * random.normal(size=(products, views, D))
    unit: Half = (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float16)
    return unit


def _filled(app: App, rows: Half, kind: InstanceType = InstanceType.GENERIC, name: str = "g") -> Instance:
    """An instance with these pictures; its odd products are bags, the even ones shoes."""
    uid = app.instances._keyring.create_instance()
    spec, model = InstanceSpec(name, kind), app.analyst.pipeline.model
    made = app._catalogue.create_instance(spec, uid=uid, index="faiss", model=model, dimension=D)
    _add(app, made, rows)
    return app.instances.get(name)


def _add(app: App, instance: Instance, rows: Half, first: int = 0) -> None:
    app._catalogue.add(instance, [
        NewPicture(
            Picture(
                PictureKey(f"p{product}", f"v{view}"),
                Category.BAG if product % 2 else Category.SHOES,
                Region(0, 9, 0, 9),
            ),
            vector,
        )
        for product, views in enumerate(rows, first) for view, vector in enumerate(views)
    ])  # fmt: skip


def _search(app: App, product: int = 0, num: int = 11, name: str = "g") -> SearchResult:
    return app.search.by_name(name, PictureKey(f"p{product}", "v0"), SearchOptions(num=num))


def _curve(app: App, name: str = "g") -> ScoreCurve | None:
    return app._catalogue.score_curves.get(app.instances.get(name))


@pytest.mark.parametrize("kind", InstanceType)
def test_scores_tell_how_many_results_are_right(app: App, kind: InstanceType) -> None:
    _filled(app, _features(80, 4), kind)
    results = [_search(app, product) for product in range(80)]
    pairs = [
        (match.score, match.product_id == f"p{product}")
        for product, result in enumerate(results)
        for match in result.matches[1:]
    ]
    scores, right = np.array(pairs).T
    curve = Calibration.for_type(kind)
    assert np.mean(scores) == pytest.approx(np.mean(right), abs=0.05)
    for chosen in (scores < 0.2, scores >= 0.2):
        assert chosen.sum() > 50
        assert scores[chosen].mean() == pytest.approx(right[chosen].mean(), abs=0.1)
    assert {result.threshold for result in results} != {curve.threshold}
    assert all(result.matches[0].score == 1.0 for result in results)


def test_few_pictures_have_the_curve_of_their_type(app: App) -> None:
    _filled(app, _features(29, 2))
    result = _search(app)
    assert _curve(app) is None
    assert result.threshold == Calibration.for_type(InstanceType.GENERIC).threshold


def test_products_of_one_picture_tell_nothing(app: App) -> None:
    _filled(app, _features(100, 1))
    result = _search(app)
    assert _curve(app) == ScoreCurve(100, None)
    assert result.threshold == Calibration.for_type(InstanceType.GENERIC).threshold


def test_the_curve_is_kept_until_the_pictures_have_doubled(app: App, settings: Settings, pipeline: Pipeline) -> None:
    instance = _filled(app, _features(40, 3))
    before = _search(app).matches
    kept = _curve(app)
    assert kept is not None
    assert kept.pictures == 120
    _add(app, instance, _features(30, 3, seed=1), first=40)
    _search(app)
    assert _curve(app) == kept
    app.close()
    with App.open(settings, pipeline) as again:
        assert [match.score for match in _search(again).matches if int(match.product_id[1:]) < 40][:3] == [
            match.score for match in before if int(match.product_id[1:]) < 40
        ][:3]
        _add(again, instance, _features(20, 3, seed=2), first=70)
        _search(again)
        fresh = _curve(again)
        assert fresh is not None
        assert fresh.pictures == 270
        for product in range(50):
            again.pictures.delete("g", f"p{product}")
        _search(again, 60)
        assert _curve(again) != fresh


def test_it_is_not_fitted_again_while_an_instance_stays_empty(app: App) -> None:
    instance = _filled(app, _features(40, 3))
    _search(app)
    for product in range(40):
        app.pictures.delete("g", f"p{product}")
    empty, curves = app.instances.get("g"), app.search._curves
    curves.follow(empty, app._indexes.current(instance))
    assert _curve(app) == ScoreCurve(0, None)
    writes = app._catalogue._database._writes
    curves.follow(empty, app._indexes.current(instance))
    assert app._catalogue._database._writes == writes


@pytest.mark.parametrize("kind", InstanceType)
def test_pictures_that_are_all_gone_meanwhile_tell_nothing(app: App, kind: InstanceType) -> None:
    instance = _filled(app, _features(2, 2), kind)
    told = app.search._curves._experience(instance, app._indexes.current(instance), [1001, 1002])
    assert (len(told.similarities), len(told.right), len(told.best_wrong)) == (0, 0, 0)


def test_searches_at_once_agree_from_the_first_on(app: App) -> None:
    _filled(app, _features(60, 3))
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: _search(app).matches, range(12)))
    assert all(answer == answers[0] for answer in answers)


def test_a_tuned_instance_has_the_curve_of_its_tuning(app: App) -> None:
    instance = _filled(app, _features(60, 4, spread=0.9))
    app.search._curves.follow(instance, app.search._indexes.current(instance))
    own = app.search._curves.of_features(instance)
    random = np.random.default_rng(0)
    nuisance = _features(60, 4) + (random.normal(size=(60, 4, D)) * np.where(np.arange(D) < 6, 1.5, 0)).astype(
        np.float16
    )
    noisy = _filled(app, nuisance, name="noisy")
    assert app.tuning.tune("noisy").adopted
    index = app.search._indexes.current(noisy)
    assert isinstance(index, TunedIndex)
    app.search._curves.follow(noisy, index)
    assert app._catalogue.score_curves.get(noisy) is None
    assert app.search._curves.of(noisy, index) == index.space.calibration != own
