"""Instances that are rebuilt from storage, and what happens to them meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.importing import (
    SOURCE,
    add_line,
    connect,
    finish,
    in_this_process,
    is_first,
    key_files,
    keys,
    run_import,
    write_bucket,
    write_lines,
)

from similis.algorithm import Pipeline
from similis.domain import (
    CapacityReached,
    Category,
    Instance,
    InstanceEmpty,
    InstanceNotFound,
    InstanceRebuilding,
    InstanceSpec,
    InstanceType,
    PictureKey,
    SearchOptions,
    Task,
    TaskStatus,
)
from similis.service import App, Featured, Settings

Draw = Callable[..., bytes]


@pytest.fixture
def tunable(app: App) -> App:
    """A service with the instance `shop`, which tuning does good."""
    pipeline = app.analyst.pipeline
    app.bulk.create(InstanceSpec("shop", InstanceType.GENERIC), pipeline.model, pipeline.dimension)
    chance = np.random.default_rng(0)
    centres = chance.normal(size=(50, 1, pipeline.dimension))
    spread = np.where(np.arange(pipeline.dimension) < 8, 60.0, 0.5)
    rows = (centres + chance.normal(size=(50, 4, pipeline.dimension)) * spread).astype(np.float32)
    app.bulk.add(
        "shop",
        [Featured(PictureKey(f"p{p}", f"v{v}"), rows[p, v]) for p in range(50) for v in range(4)],
    )
    return app


@pytest.mark.slow
def test_tuning_is_refused_while_a_rebuild_runs(tunable: App, tmp_path: Path) -> None:
    connect(tunable, tmp_path)
    task = tunable.transfers.start_import("shop", SOURCE, rebuild=True)
    with pytest.raises(InstanceRebuilding):
        tunable.tuning.tune("shop")
    with pytest.raises(InstanceRebuilding):
        tunable.tuning.undo("shop")
    tunable.tuning.tune("shop", dry_run=True)
    tunable.transfers.cancel(task.id)
    assert tunable.tuning.tune("shop").adopted


def test_a_move_that_a_rebuild_overtakes_changes_nothing(
    app: App, tmp_path: Path, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its index and its note in the catalogue: the new instance has to stay the live one."""
    app.instances.create(InstanceSpec("shop"))
    app.pictures.add("shop", draw(9), PictureKey("old", "z.jpg"))
    connect(app, tmp_path)
    write_bucket(tmp_path, [add_line("new", "a.jpg")], {"a.jpg": draw(1)})
    monkeypatch.setitem(app._indexes._kinds, "second", app._indexes._kinds["faiss"])
    change_index = app._catalogue.change_index

    def overtaken(instance: Instance, index: str) -> Instance:
        assert run_import(app, "shop", rebuild=True).status is TaskStatus.SUCCESS
        return change_index(instance, index)

    monkeypatch.setattr(app._catalogue, "change_index", overtaken)
    with pytest.raises((InstanceRebuilding, InstanceNotFound)):  # the latter where it was removed already
        app.instances.move("shop", "second")
    assert app.instances.get("shop").index == "faiss"
    assert [each.product_id for each in app.search.by_picture("shop", draw(9)).matches] == ["new"]


def test_a_full_rebuild_names_the_live_instance(app: App, tmp_path: Path, draw: Draw) -> None:
    app.instances.create(InstanceSpec("shop", capacity=2))
    app.pictures.add("shop", draw(9), PictureKey("old", "z.jpg"))
    connect(app, tmp_path)
    write_bucket(tmp_path, [add_line(f"p{n}", "a.jpg") for n in range(3)], {"a.jpg": draw(1)})
    task = run_import(app, "shop", rebuild=True)
    assert task.code == CapacityReached.code
    assert "'shop'" in task.message
    assert "rebuild-" not in task.message


@pytest.mark.slow
def test_a_rebuild_takes_the_place_of_the_old_in_one_step(shop: App, root: Path, draw: Draw) -> None:
    shop.pictures.add("shop", draw(9), PictureKey("old", "z.jpg"), category=Category.BAG)
    old = shop.instances.get("shop")
    write_lines(root, [add_line(f"p{n}", f"{n % 5}.jpg", CategoryId=3) for n in range(100)], draw)
    options, seen = SearchOptions(num=100, category=Category.BAG), []
    shop.transfers.begin()
    task = shop.transfers.start_import("shop", SOURCE, rebuild=True)
    with pytest.raises(InstanceRebuilding):
        shop.pictures.add("shop", draw(1), PictureKey("lost", "a.jpg"))
    with pytest.raises(InstanceRebuilding):
        shop.pictures.delete("shop", "old")
    with pytest.raises(InstanceRebuilding):
        shop.pictures.update("shop", PictureKey("old", "z.jpg"), {"int_attr": 1})
    while not shop.transfers.get(task.id).done:
        found = shop.search.by_picture("shop", draw(9), options, crop=False)
        seen.append({each.product_id for each in found.matches})
    task = finish(shop, task)
    new_products = {f"p{n}" for n in range(100)}
    assert all(each in ({"old"}, new_products) for each in seen)
    assert seen[0] == {"old"}
    assert (task.status, task.counts.added) == (TaskStatus.SUCCESS, 100)
    new = shop.instances.get("shop")
    assert (new.picture_count, new.created_at, new.spec) == (100, old.created_at, old.spec)
    assert {product for product, _ in keys(shop)} == new_products
    assert shop.transfers.list("shop")[0] == [task]
    assert [each.name for each in shop.instances.list()] == ["shop"]
    shop.transfers.remove_retired(at_once=True)
    assert key_files(shop) == {new.uid} != {old.uid}
    shop.pictures.add("shop", draw(9), PictureKey("more", "z.jpg"))


@pytest.mark.slow
def test_a_rebuild_that_fails_leaves_all_as_it_was(shop: App, root: Path, draw: Draw) -> None:
    shop.pictures.add("shop", draw(9), PictureKey("old", "z.jpg"))
    old = shop.instances.get("shop")
    write_bucket(root, [add_line("p", "a.jpg"), "bad", "bad"], {"a.jpg": draw(1)})
    assert run_import(shop, "shop", rebuild=True).code == "too_many_failures"
    write_bucket(root, ["bad"], {})
    assert run_import(shop, "shop", rebuild=True).code == "instance_empty"
    (root / "bucket/in/increment.meta").unlink()
    assert run_import(shop, "shop", rebuild=True).code == "meta_file_not_found"
    write_bucket(root, [add_line(f"p{n}", "a.jpg") for n in range(2000)], {"a.jpg": draw(1)})
    task = shop.transfers.start_import("shop", SOURCE, rebuild=True)

    def cancel(now: Task) -> None:
        if now.counts.added:
            shop.transfers.cancel(task.id)

    ended = shop.transfers.run(task.id, in_this_process(shop), cancel)
    assert ended.code == "task_cancelled"
    assert shop.instances.get("shop") == old
    assert is_first(shop, draw(9), "old")
    assert key_files(shop) == {old.uid}
    shop.pictures.delete("shop", "old")


@pytest.mark.slow
def test_a_rebuild_goes_on_after_an_interruption(
    settings: Settings, pipeline: Pipeline, root: Path, draw: Draw
) -> None:
    count = 120
    write_bucket(
        root, [add_line(f"p{n}", f"{n % 5}.jpg") for n in range(count)], {f"{n}.jpg": draw(n) for n in range(5)}
    )
    with App.open(settings, pipeline) as app:
        app.instances.create(InstanceSpec("shop"))
        connect(app, root)
        app.pictures.add("shop", draw(9), PictureKey("old", "z.jpg"))
        task = app.transfers.start_import("shop", SOURCE, rebuild=True)
        app.transfers.begin()
        while not app.transfers.get(task.id).counts.added:
            time.sleep(0.02)
    with App.open(settings, pipeline) as app:
        assert keys(app) == {("old", "z.jpg")}
        app.transfers.begin()
        ended = finish(app, task)
        assert (ended.status, ended.counts.added, ended.counts.replaced) == (TaskStatus.SUCCESS, count, 0)
        assert app.instances.get("shop").picture_count == count


def test_an_empty_instance_is_not_rebuilt(shop: App) -> None:
    with pytest.raises(InstanceEmpty):
        shop.transfers.start_import("shop", SOURCE, rebuild=True)


@pytest.mark.slow
def test_a_tuned_instance_is_tuned_anew(tunable: App, root: Path, draw: Draw) -> None:
    assert tunable.tuning.tune("shop").adopted
    names = [(product, view) for product in range(12) for view in range(3)]
    write_bucket(
        root,
        [add_line(f"p{product}", f"{product}-{view}.jpg") for product, view in names],
        {f"{product}-{view}.jpg": draw(product, view) for product, view in names},
    )
    connect(tunable, root)
    assert run_import(tunable, "shop", rebuild=True).status is TaskStatus.SUCCESS
    tuning = tunable.instances.get("shop").tuning
    assert tuning is not None
    assert tuning.products == 12
    assert is_first(tunable, draw(3, 1), "p3")
