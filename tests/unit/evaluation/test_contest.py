from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.colours import COLOURS, DIMENSION, plain, with_encoders

from similis.algorithm import Pipeline
from similis.evaluation import compare_models, installed_models
from similis.service import App, Settings


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Plain pictures whose labels go by their colour, twice each."""
    rows = ["path,label"]
    for name in COLOURS:
        for view in range(2):
            (tmp_path / f"{name}-{view}.png").write_bytes(plain(name))
            rows.append(f"{name}-{view}.png,{name}")
    path = tmp_path / "labels.csv"
    path.write_text("\n".join(rows))
    return path


@pytest.mark.slow
def test_all_that_is_installed_is_put_side_by_side(
    settings: Settings, pipeline: Pipeline, labels: Path, tmp_path: Path
) -> None:
    told: list[str] = []
    with App.open(with_encoders(settings, tmp_path), pipeline) as app:
        names = [pipeline.model, "colour-image", "colour-levels"]
        assert installed_models(app) == names
        found = compare_models(app, labels, progress=lambda stage, _done, _total: told.append(stage))
        assert app.instances.list() == []
    assert [each.model for each in found] == names
    assert [each.dimension for each in found[1:]] == [DIMENSION] * 2
    assert all(each.quality.recall[1].value == 1.0 for each in found[1:])
    assert found[0].gain.value == 0.0
    assert found[1].gain.value == pytest.approx(1 - found[0].quality.recall[1].value)
    assert "colour-image: Adding (generic, crop)" in told
    assert json.loads(json.dumps(found[0].as_dict()))["licence"] == "Apache-2.0"


def test_chosen_models_only(settings: Settings, pipeline: Pipeline, labels: Path, tmp_path: Path) -> None:
    with App.open(with_encoders(settings, tmp_path), pipeline) as app:
        [found] = compare_models(app, labels, ["colour-image"])
    assert found.model == "colour-image"
    assert found.milliseconds > 0
    assert found.as_dict()["copies_recall_at_1"] is None


@pytest.mark.slow
def test_copies_are_searched_for_by_each(
    settings: Settings, pipeline: Pipeline, labels: Path, tmp_path: Path
) -> None:
    with App.open(with_encoders(settings, tmp_path), pipeline) as app:
        found = compare_models(app, labels, [pipeline.model, "colour-image"], copies=4)
    ours, colours = (each.copies for each in found)
    assert ours is not None
    assert colours is not None
    assert 0 < colours.value < 1  # a plain picture has a twin, and edits change colours
    assert ours.value != colours.value
    assert found[1].as_dict()["copies_recall_at_1"] == colours.as_dict()
