"""Processes and machines of Ray are killed in the middle of an import: nothing is lost, nothing is done twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.importing import SOURCE, add_line, connect, delete_line, run_import, write_bucket
from tests.servers.ray_cluster import RayCluster

from similis.algorithm import Pipeline
from similis.domain import InstanceSpec, InstanceType, ObjectNotFound, SearchOptions, TaskStatus, UnsupportedFormat
from similis.service import App, Settings, on_ray
from similis.transfer import RAY_BATCH

Draw = Callable[..., bytes]
_PICTURES = 12 * RAY_BATCH
_KILLS = 2


@pytest.fixture
def cluster() -> Iterator[RayCluster]:
    """Two machines."""
    made = RayCluster(2)
    yield made
    made.stop()


def descendants(ancestor: int) -> dict[int, str]:
    """Titles of the processes that a process started, and those started by them."""
    parents: dict[int, int] = {}
    titles: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            titles[int(folder.name)] = (folder / "cmdline").read_text().rstrip("\0")
        except OSError:  # it has just ended
            continue
        parents[int(folder.name)] = int(stat[1])
    return {each: title for each, title in titles.items() if ancestor in _line(each, parents)}


def _line(process: int, parents: dict[int, int]) -> Iterator[int]:
    while process := parents.get(process, 0):
        yield process


class Killer(threading.Thread):
    """Kills processes of Ray that are at a batch."""

    def __init__(self, kills: int) -> None:
        super().__init__(daemon=True)
        self._kills = kills
        self.killed: set[int] = set()

    def run(self) -> None:
        while len(self.killed) < self._kills:
            time.sleep(0.1)  # in which models are loaded, or pictures analysed
            working = [each for each, title in descendants(os.getpid()).items() if title.startswith("ray::_extract")]
            for each in working[:1]:
                os.kill(each, signal.SIGKILL)
                self.killed.add(each)
                time.sleep(0.5)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_import_outlives_the_processes_that_analyse(
    tmp_path: Path, postgres_url: str, pipeline: Pipeline, draw: Draw, capfd: pytest.CaptureFixture[str]
) -> None:
    names = [f"{number}.jpg" for number in range(_PICTURES)]
    lines = [add_line(f"p{number}", name) for number, name in enumerate(names)]
    lines += [
        add_line("none", "none.jpg"),
        add_line("text", "text.jpg"),
        delete_line("p3"),
        add_line("again", "5.jpg"),
    ]
    pictures = {name: draw(number, size=160, form="JPEG") for number, name in enumerate(names)}
    write_bucket(tmp_path / "storage", lines, {**pictures, "text.jpg": b"no picture"})
    settings = Settings(data=tmp_path / "data", catalogue=SecretStr(postgres_url), threads=2)

    with App.open(settings, pipeline) as app:
        app.instances.create(InstanceSpec("near", InstanceType.GENERIC))
        app.instances.create(InstanceSpec("far", InstanceType.GENERIC))
        connect(app, tmp_path / "storage")
        here = run_import(app, "near")
        begun = app.transfers.start_import("far", SOURCE)
        killer = Killer(_KILLS)
        killer.start()
        there = app.transfers.run(begun.id, on_ray(settings))

        assert len(killer.killed) == _KILLS
        assert there.status is TaskStatus.SUCCESS, there.message
        assert there.counts == here.counts
        assert (there.counts.added, there.counts.replaced) == (_PICTURES + 1, 0)
        assert (there.counts.deleted, there.counts.failed) == (1, 2)
        assert list(app.transfers.failures(there.id)) == list(app.transfers.failures(here.id))
        codes = {failure.code for failure in app.transfers.failures(there.id)}
        assert codes == {ObjectNotFound.code, UnsupportedFormat.code}
        assert sorted(app.transfers.exported("far")) == sorted(app.transfers.exported("near"))
        near, far = (app._catalogue.last_seq(app.instances.get(name)) for name in ("near", "far"))
        assert far - near == near == _PICTURES + 2  # changes are numbered through
        for number in (0, _PICTURES - 1):
            best = app.search.by_picture("far", pictures[names[number]], SearchOptions()).matches[0]
            assert (best.product_id, best.score) == (f"p{number}", 1.0)
    assert capfd.readouterr().out == ""  # where a command writes its answer
    assert not [title for title in descendants(os.getpid()).values() if title.startswith("ray::")]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_import_outlives_a_machine(tmp_path: Path, cluster: RayCluster, draw: Draw) -> None:
    names = [f"{number}.jpg" for number in range(_PICTURES)]
    lines = [add_line(f"p{number}", name) for number, name in enumerate(names)]
    write_bucket(tmp_path / "storage", lines, {name: draw(n, size=160, form="JPEG") for n, name in enumerate(names)})

    environment = {**cluster.environment, "SIMILIS_DATA": str(tmp_path / "data")}

    def similis(*arguments: object) -> subprocess.Popen[str]:
        command = [str(Path(sys.executable).with_name("similis")), *map(str, arguments), "--json"]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)

    for command in (
        ["instance", "create", "shop", "--type", "generic"],
        ["connection", "create", "folder", "--provider", "file", "--root", tmp_path / "storage"],
    ):
        with similis(*command) as made:
            made.communicate()
        assert made.returncode == 0
    source = "--connection", "folder", "--bucket", "bucket", "--path", "/in"
    with similis("import", "shop", *source, "--engine", "ray", "--ray-address", cluster.address) as importing:
        while not any(title.startswith("ray::_extract") for title in descendants(cluster.machines[1]).values()):
            assert importing.poll() is None
            time.sleep(0.05)
        cluster.kill(1)
        told, _ = importing.communicate()
    task = json.loads(told)
    assert (importing.returncode, task["status"]) == (0, TaskStatus.SUCCESS)
    assert (task["added"], task["replaced"], task["failed"]) == (_PICTURES, 0, 0)
    with similis("instance", "show", "shop") as showing:
        told, _ = showing.communicate()
    assert json.loads(told)["picture_count"] == _PICTURES
