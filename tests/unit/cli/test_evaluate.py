"""`similis evaluate` and `similis models compare`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Similis = Callable[..., Any]


@pytest.fixture
def labels(tmp_path: Path, draw: Callable[..., bytes]) -> Path:
    """Two pictures of each of three products."""
    rows = ["path,label"]
    for product in range(3):
        for view in range(2):
            (tmp_path / f"{product}-{view}.png").write_bytes(draw(product, view))
            rows.append(f"{product}-{view}.png,p{product}")
    path = tmp_path / "labels.csv"
    path.write_text("\n".join(rows))
    return path


def test_evaluate_prints_tables_and_writes_a_report(similis: Similis, labels: Path, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "report"
    ran = similis("evaluate", labels, "--crop", "--examples", 1, "--report", folder)
    assert ran.status == 0
    assert "6 queries in a gallery of 6 pictures" in ran.out
    assert all(
        words in ran.out for words in ("product, crop", "generic, crop", "Perceptual hash", "R@1", "ms, query")
    )
    assert re.search(r"good match: false matches +[01]\.\d{3}", ran.out)
    assert "whole picture" not in ran.out
    assert json.loads((folder / "report.json").read_text())["queries"] == 6
    assert "data:image/jpeg" in (folder / "report.html").read_text()


def test_one_way_as_json(similis: Similis, labels: Path) -> None:
    told = similis("evaluate", labels, "--instance-type", "generic", "--no-crop", "--no-floors", "--json").json
    assert (told["instance_type"], told["crop"], told["mode"]) == ("generic", False, "leave-one-out")
    assert len(told["runs"]) == 1
    assert told["floors"] == []
    assert 0 <= told["recall_at_1"] <= told["recall_at_5"] <= told["recall_at_10"] == 1.0
    assert told["recall_at_1_interval"][0] <= told["recall_at_1"] <= told["recall_at_1_interval"][1]
    assert set(told["no_good_match"]) >= {"auroc", "threshold_at_1_percent_false_matches", "good_match"}
    assert set(told["calibration"]) == {"best_result", "ten_best_results"}


@pytest.mark.slow
def test_pictures_that_cannot_be_used_make_it_exit_with_one(similis: Similis, labels: Path) -> None:
    labels.write_text(labels.read_text() + "\nmissing.png,p0")
    for command in (("evaluate", labels, "--instance-type", "generic", "--crop"), ("models", "compare", labels)):
        ran = similis(*command)
        assert ran.status == 1
        assert "missing.png" in ran.out


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (("evaluate", "missing.csv"), 2, "invalid_labels"),
        (("evaluate", "labels.csv", "--report", "labels.csv"), 3, "report_failed"),
        (("evaluate", "labels.csv", "--model", "nothing"), 3, "feature_model_mismatch"),
        (("models", "compare", "labels.csv", "--model", "nothing"), 3, "feature_model_mismatch"),
    ],
)
def test_mistakes(
    similis: Similis,
    labels: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    status: int,
    code: str,
) -> None:
    monkeypatch.chdir(labels.parent)
    ran = similis(*arguments, "--json")
    assert (ran.status, json.loads(ran.err)["code"]) == (status, code)


def test_models_are_put_side_by_side(similis: Similis, labels: Path) -> None:
    [builtin] = similis("models", "compare", labels, "--json", "--model", _built_in(similis, labels)).json["models"]
    assert builtin["licence"] == "Apache-2.0"
    assert builtin["dimension"] > 0
    assert builtin["milliseconds"] > 0
    assert builtin["recall_at_1_gain"] == {"value": 0.0, "interval": [0.0, 0.0]}


def _built_in(similis: Similis, labels: Path) -> str:
    run = ("evaluate", labels, "--instance-type", "generic", "--crop", "--no-floors", "--json")
    return str(similis(*run).json["model"])
