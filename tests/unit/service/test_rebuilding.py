"""Instances that are tuned or moved while they are rebuilt from storage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.importing import SOURCE, add_line, connect, run_import, write_bucket

from similis.domain import (
    CapacityReached,
    Instance,
    InstanceNotFound,
    InstanceRebuilding,
    InstanceSpec,
    InstanceType,
    PictureKey,
    TaskStatus,
)
from similis.service import App, Featured

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
