"""A new key for an instance, without a picture: everything is kept, and nothing can be read with the old one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.importing import key_files

from similis.algorithm import Pipeline
from similis.catalogue import ScoreCurve
from similis.domain import (
    Attributes,
    Category,
    InstanceRebuilding,
    InstanceSpec,
    InstanceType,
    KeyringFailed,
    Picture,
    PictureKey,
    SearchOptions,
    StorageFailed,
    Task,
    TaskCancelled,
    TaskKind,
    TaskRunning,
    TaskStatus,
)
from similis.service import App, Featured, Settings
from similis.service._scoring import MAX_RELEVANCE

Draw = Callable[..., bytes]
D = 64


def _rows(count: int, seed: int = 0) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(count, D))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def _fill(app: App, count: int, name: str = "shop") -> NDArray[np.float32]:
    app.bulk.create(InstanceSpec(name, InstanceType.GENERIC), "a-model", D)
    rows = _rows(count)
    app.bulk.add(name, [
        Featured(
            PictureKey(f"p{n % 9}", f"v{n}"), row, Category.BAG if n % 2 else Category.TOY, Attributes(int_attr=n)
        )
        for n, row in enumerate(rows)
    ])  # fmt: skip
    return rows


def _rekey(app: App, name: str = "shop") -> None:
    task = app.transfers.run(app.transfers.start_rekey(name).id)
    assert (task.status, task.code, task.kind) == (TaskStatus.SUCCESS, None, TaskKind.REKEY)


def _kept(app: App, name: str = "shop") -> list[Picture]:
    """All that is stored of pictures but for their ids and what the key has changed."""
    instance = app.instances.get(name)
    ids = app._catalogue.select_ids(instance, None, None).tolist()
    return [stored.picture for stored in app._catalogue.pictures(instance, ids).values()]


def _vectors(app: App, name: str = "shop") -> NDArray[np.float16]:
    """What is stored, in the order of `_rows`."""
    instance = app.instances.get(name)
    ids = app._catalogue.select_ids(instance, None, None).tolist()
    names, vectors = app._catalogue.names(instance, ids), app._catalogue.vectors(instance, ids)
    return np.stack([vectors[each] for each in sorted(ids, key=lambda each: int(names[each][1][1:]))])


def test_five_new_keys_later_all_is_found_as_before(app: App) -> None:
    rows = _fill(app, 1203)
    before, kept, first = app.bulk.nearest("shop", rows[:50], 10), _kept(app), _vectors(app)
    for _ in range(5):
        uid = app.instances.get("shop").uid
        _rekey(app)
        instance = app.instances.get("shop")
        assert instance.uid != uid
        assert key_files(app) == {instance.uid}
    after = app.bulk.nearest("shop", rows[:50], 10)
    assert _kept(app) == kept
    similarities = [[[score for _, score in hits] for hits in found] for found in (before, after)]
    np.testing.assert_allclose(np.array(similarities[0]), np.array(similarities[1]), atol=2e-3)
    np.testing.assert_allclose(np.array(similarities)[..., 0], 1.0, atol=1e-3)
    # Bit by bit what the last key makes of the features that came in.
    stored = app.instances._keyring.instance(app.instances.get("shop").uid).transform(rows).astype(np.float16)
    assert _vectors(app).tobytes() == stored.tobytes()
    assert np.abs(np.einsum("nd,nd->n", stored.astype(float), first.astype(float)).mean()) < 0.1


@pytest.mark.slow
def test_the_same_picture_still_scores_one(app: App, draw: Draw) -> None:
    app.instances.create(InstanceSpec("shop"))
    for product in range(6):
        app.pictures.add(
            "shop", draw(product), PictureKey(f"p{product}", "a"), category=Category.BAG, custom_content=f"c{product}"
        )
    created, found = app.instances.get("shop").created_at, {}
    for round_ in range(6):
        for product in range(6):
            matches = app.search.by_picture("shop", draw(product), SearchOptions(category=Category.BAG)).matches
            found[round_, product] = [each.product_id for each in matches]
            best = matches[0]
            assert (best.product_id, best.score, best.hamming_distance) == (f"p{product}", 1.0, 0)
            assert best.sort_expr_values.startswith(MAX_RELEVANCE)
            assert best.custom_content == f"c{product}"
            assert found[round_, product] == found[0, product]
        _rekey(app)
    assert app.instances.get("shop").created_at == created


@pytest.mark.slow
def test_what_was_learned_is_kept(app: App) -> None:
    pipeline = app.analyst.pipeline
    app.bulk.create(InstanceSpec("shop", InstanceType.GENERIC), pipeline.model, pipeline.dimension)
    chance = np.random.default_rng(0)
    centres = chance.normal(size=(50, 1, pipeline.dimension))
    spread = np.where(np.arange(pipeline.dimension) < 8, 60.0, 0.5)
    rows = (centres + chance.normal(size=(50, 4, pipeline.dimension)) * spread).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=2, keepdims=True)
    app.bulk.add("shop", [Featured(PictureKey(f"p{p}", f"v{v}"), rows[p, v]) for p in range(50) for v in range(4)])
    tuning = app.tuning.tune("shop")
    assert tuning.adopted
    app._catalogue.score_curves.set(app.instances.get("shop"), ScoreCurve(200, (0.5, 9.0, 0.5)))
    app.instances.set("shop", retention_days=30, qps=2.5)
    asked = [(PictureKey(f"p{n}", "v0"), SearchOptions(num=8)) for n in range(20)]
    before = [app.search.by_name("shop", *each).matches for each in asked]
    _rekey(app)
    after = [app.search.by_name("shop", *each).matches for each in asked]
    for old, new in zip(before, after, strict=True):
        assert (old[0].product_id, old[0].score) == (new[0].product_id, new[0].score)
        assert [each.score for each in old] == pytest.approx([each.score for each in new], abs=0.02)
    instance = app.instances.get("shop")
    assert (instance.tuning, instance.retention_days, instance.qps) == (tuning, 30, 2.5)
    assert app._catalogue.score_curves.get(instance) == ScoreCurve(200, (0.5, 9.0, 0.5))


def test_nothing_is_changed_meanwhile_and_searches_go_on(app: App) -> None:
    rows = _fill(app, 5)
    task = app.transfers.start_rekey("shop")
    with pytest.raises(InstanceRebuilding):
        app.pictures.delete("shop", "p0")
    with pytest.raises(TaskRunning):
        app.transfers.start_rekey("shop")
    assert app.bulk.nearest("shop", rows[:1], 1)[0][0][1] == pytest.approx(1.0, abs=1e-3)
    before = app.instances.get("shop")
    assert app.transfers.cancel(task.id).status is TaskStatus.FAIL
    assert app.instances.get("shop") == before
    assert app.pictures.delete("shop", "p0")


def test_cancelled_half_way_it_leaves_all_as_it_was(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = _fill(app, 1100)
    before = app.instances.get("shop")
    task = app.transfers.start_rekey("shop")
    copy = app._catalogue.rekeying.copy

    def cancelled(*given: Any) -> Task | None:  # noqa: ANN401 - passed on
        copied = copy(*given)
        app.transfers.cancel(task.id)
        return copied and app.transfers.get(task.id)

    monkeypatch.setattr(app._catalogue.rekeying, "copy", cancelled)
    assert app.transfers.run(task.id).code == TaskCancelled.code
    assert (app.instances.get("shop"), key_files(app)) == (before, {before.uid})
    assert len(app._catalogue.instances()) == 1
    assert app.bulk.nearest("shop", rows[:1], 1)[0][0][1] == pytest.approx(1.0, abs=1e-3)


def test_it_goes_on_where_it_was_interrupted(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = _fill(app, 1700)
    task = app.transfers.start_rekey("shop")
    copy, batches = app._catalogue.rekeying.copy, []

    def interrupted(*given: Any) -> Task | None:  # noqa: ANN401 - passed on
        copied = copy(*given)
        batches.append(copied and copied.counts.added)
        if len(batches) % 2:
            raise StorageFailed("The connection broke after the commit.")
        return copied

    monkeypatch.setattr(app._catalogue.rekeying, "copy", interrupted)
    while not app.transfers.get(task.id).done:
        with suppress(StorageFailed):
            app.transfers.run(task.id)
    assert [each for each in batches if each is not None] == [500, 1000, 1500, 1700]
    stored = app.instances._keyring.instance(app.instances.get("shop").uid).transform(rows).astype(np.float16)
    assert _vectors(app).tobytes() == stored.tobytes()


def test_an_empty_instance_gets_a_new_key_too(app: App) -> None:
    _fill(app, 0)
    uid = app.instances.get("shop").uid
    _rekey(app)
    assert key_files(app) == {app.instances.get("shop").uid} != {uid}


def test_the_old_key_is_useless_afterwards(app: App) -> None:
    _fill(app, 3)
    old = app.instances._keyring.instance(app.instances.get("shop").uid)
    _rekey(app)
    with pytest.raises(KeyringFailed):
        old.restore(_vectors(app))


def test_a_key_whose_instance_was_never_made_is_destroyed_at_the_next_start(
    settings: Settings, pipeline: Pipeline
) -> None:
    with App.open(settings, pipeline) as app:
        _fill(app, 1)
        uid = app.instances._keyring.new_uid()
        app._catalogue.keyring.making(uid, datetime.now(UTC))
        app.instances._keyring.create_instance(uid)
    with App.open(settings, pipeline) as app:
        assert key_files(app) == {app.instances.get("shop").uid}
        assert app._catalogue.keyring.abandoned(datetime.now(UTC)) == []
