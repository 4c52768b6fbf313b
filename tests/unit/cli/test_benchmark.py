"""`similis benchmark …`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from similis.domain import InvalidInput
from similis.evaluation import Importing, LoadReport, LoadRun, Sample, Soak
from similis.evaluation._load_calls import Work
from similis.evaluation._load_service import Taken

Similis = Callable[..., Any]
SMALL = ("benchmark", "engine", "--dim", 32, "--data-kind", "weak", "--queries", 10)


@pytest.fixture(autouse=True)
def _a_thousand_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMILIS_EXACT_BELOW", "500")


@pytest.mark.slow
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


def _sample(work: Work) -> Sample:
    return Sample(2.0, {work: [5.0] * 99 + [50.0]}, throttled=3, processor=0.5)


def _soak(last: float) -> Soak:
    run = LoadRun(Work.NAMES, 8, _sample(Work.NAMES), 1.0, last)
    return Soak(run, [(0.0, Taken(0.0, 300.0)), (30.0, Taken(1.0, 300.0)), (60.0, Taken(2.0, last))])


def _report(last: float, busy: float = 10.0) -> LoadReport:
    runs = [LoadRun(Work.PICTURES, 4, _sample(Work.PICTURES), 3.0, 400.0, alone=55.0)]
    quick, slow = (Sample(1.0, {Work.NAMES: [taken]}) for taken in (4.0, busy))
    return LoadReport(1024, runs, Importing(quick, slow, 12.0), _soak(last))


@pytest.mark.parametrize(("last", "status"), [(301.0, 0), (390.0, 1)], ids=["memory stays", "memory grows"])
def test_a_live_service_is_shown_in_tables_and_sentences(
    similis: Similis, monkeypatch: pytest.MonkeyPatch, last: float, status: int
) -> None:
    asked: dict[str, Any] = {}

    def measured(_settings: object, **options: object) -> LoadReport:
        asked.update(options)
        return _report(last)

    monkeypatch.setattr("similis.cli._benchmark.benchmark_http", measured)
    ran = similis("benchmark", "http", "--n", 2000, "--clients", "1,8", "--no-import", "--soak", 1)
    assert ran.status == status
    assert (asked["count"], asked["clients"], asked["importing"], asked["soak"]) == (2000, [1, 8], False, 1.0)
    assert asked["running"] is None
    assert "by picture  4        50.0  5.0" in ran.out
    assert "1.50  0.25  400" in ran.out
    assert "4 clients: 0.91 of the 55.0 pictures a second" in ran.out
    assert "10.0 ms: 2.5 × the 4.0 ms" in ran.out
    assert ("Memory stayed" if status == 0 else "Memory did not stay") in ran.out
    as_json = similis("benchmark", "http", "--json").json
    assert as_json["runs"][0]["of_pipeline"] == 0.91
    assert as_json["soak"]["flat"] == (status == 0)


@pytest.mark.parametrize(("busy", "status"), [(12.0, 0), (12.1, 1)], ids=["bearable", "too much"])
def test_searches_beside_an_import_are_judged(
    similis: Similis, monkeypatch: pytest.MonkeyPatch, busy: float, status: int
) -> None:
    monkeypatch.setattr("similis.cli._benchmark.benchmark_http", lambda *_, **__: _report(300.0, busy))
    ran = similis("benchmark", "http")
    assert ran.status == status
    assert ("More than 3 × is too much." in ran.out) == (status == 1)
    assert similis("benchmark", "http", "--json").json["importing"]["bearable"] == (status == 0)


def test_a_running_service_is_measured_with_its_key(similis: Similis, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def measured(_settings: object, **options: object) -> LoadReport:
        asked.append(options["running"])
        raise InvalidInput("enough")

    monkeypatch.setattr("similis.cli._benchmark.benchmark_http", measured)
    assert similis("benchmark", "http", "--endpoint", "http://host:1/", "--key", "a:b").status == 2
    assert (asked[0].endpoint, asked[0].key) == ("http://host:1", "a:b")
    assert similis("benchmark", "http", "--endpoint", "http://host:1/").status == 2
    assert len(asked) == 1


@pytest.mark.parametrize("wrong", ["", "many", "0", "1,-1"])
def test_clients_are_numbers_from_one_on(similis: Similis, wrong: str) -> None:
    assert similis("benchmark", "http", "--clients", wrong).status == 2


@pytest.mark.slow
def test_the_pipeline_is_shown_by_stage(similis: Similis) -> None:
    ran = similis("benchmark", "pipeline", "--rounds", 2)
    assert all(stage in ran.out for stage in ("decode", "backbone", "features", "whole", "pictures a second"))
