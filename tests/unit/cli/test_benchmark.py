"""`similis benchmark engine`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Similis = Callable[..., Any]
SMALL = ("benchmark", "engine", "--dim", 32, "--data-kind", "weak", "--queries", 10)


@pytest.fixture(autouse=True)
def _a_thousand_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMILIS_EXACT_BELOW", "500")


def test_it_prints_tables_and_writes_a_report(similis: Similis, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "report"
    ran = similis(*SMALL, "--n", "1000,1500", "--work", tmp_path, "--report", folder)
    assert ran.status == 0
    assert all(words in ran.out for words in ("WEAK", "1,500", "recall@10", "times quicker", "category", "P99 MS"))
    assert "Milliseconds a search" in (folder / "engine.html").read_text()
    assert len(json.loads((folder / "engine.json").read_text())["runs"]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["deep"]


def test_as_json(similis: Similis) -> None:
    (run,) = similis(*SMALL, "--n", 1000, "--json").json["runs"]
    assert (run["kind"], run["count"]) == ("weak", 1000)
    assert set(run) == {"kind", "count", "loaded", "searches", "changed", "reopened"}


@pytest.mark.parametrize("wrong", [("--n", "many"), ("--n", "10"), ("--data-kind", "nothing"), ("--dim", "2")])
def test_bad_usage(similis: Similis, wrong: tuple[str, str]) -> None:
    assert similis("benchmark", "engine", *wrong).status == 2
