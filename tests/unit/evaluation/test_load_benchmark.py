"""A live service measured from end to end, in small; and for minutes, whether its memory stays."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from similis.domain import InstanceSpec, Role, ServiceUnreachable
from similis.evaluation import Service, _load_bench, benchmark_http, benchmark_pipeline
from similis.evaluation._load_calls import Work
from similis.service import App, Settings

SOAK_MINUTES = float(os.environ.get("SIMILIS_SOAK_MINUTES", "5"))


@pytest.mark.slow
@pytest.mark.serial
def test_a_service_of_its_own_is_measured(settings: Settings, tmp_path: Path) -> None:
    report = benchmark_http(settings, count=1000, clients=(2,), seconds=2.0, work=tmp_path)
    assert [run.work for run in report.runs] == list(Work)
    for run in report.runs:
        assert run.sample.answered
        assert not run.sample.errors
        assert run.sample.throttled == 0
        assert run.processor > 0
        assert run.megabytes > 100
    [by_picture] = [run for run in report.runs if run.work is Work.PICTURES]
    assert by_picture.of_pipeline is not None
    assert 0.3 < by_picture.of_pipeline < 2
    assert report.importing is not None
    assert report.importing.busy.answered
    assert report.importing.pictures_a_second > 0
    figures = report.as_dict()
    assert figures["pictures"] == 1024
    assert figures["importing"]["bearable"] == (report.importing.slower <= 3)
    assert not list(tmp_path.iterdir()), "nothing is left behind"


@pytest.mark.slow
def test_a_running_service_is_measured_and_left_as_it_was(app: App, address: str, settings: Settings) -> None:
    key = app.access.create(Role.ADMIN)
    running = Service(address, f"{key.key.id}:{key.secret}")
    report = benchmark_http(settings, running=running, clients=(1,), seconds=0.3)
    assert report.count == 24
    assert report.importing is None
    assert all(run.sample.answered for run in report.runs)
    assert app.instances.list() == []


def test_an_instance_of_the_name_is_not_touched(
    app: App, address: str, settings: Settings, draw: Callable[..., bytes], tmp_path: Path
) -> None:
    app.instances.create(InstanceSpec("benchmark"))
    key = app.access.create(Role.ADMIN)
    (tmp_path / "one.jpg").write_bytes(draw(1))
    with pytest.raises(ServiceUnreachable, match="instance_exists"):
        benchmark_http(settings, running=Service(address, f"{key.key.id}:{key.secret}"), pictures=tmp_path)
    assert [each.name for each in app.instances.list()] == ["benchmark"]


def test_a_service_without_figures_is_told() -> None:
    with pytest.raises(ServiceUnreachable, match="figures"):
        Service("http://127.0.0.1:1", "a:b").taken()


@pytest.mark.slow
@pytest.mark.timeout(60 * SOAK_MINUTES + 300)
def test_memory_stays_while_calls_go_on(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_load_bench, "_SOAKING", 2)  # memory is judged, not time: others may have some of the machine
    report = benchmark_http(settings, count=1000, clients=(), importing=False, soak=SOAK_MINUTES, work=tmp_path)
    soak = report.soak
    assert soak is not None
    assert not soak.run.sample.errors
    assert len(soak.curve) > 20
    assert soak.flat, [(round(seconds), round(taken.megabytes)) for seconds, taken in soak.curve]


@pytest.mark.slow
def test_the_pipeline_is_measured_by_stage(settings: Settings) -> None:
    report = benchmark_pipeline(settings, rounds=3)
    assert {"decode", "backbone", "features"} <= report.stages.keys()
    assert sum(report.stages.values()) <= 1.5 * report.whole
    assert report.rate > 0
    assert report.as_dict()["threads"] == settings.threads
