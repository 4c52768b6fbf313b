"""Imports whose processes are killed: nothing is lost, and nothing is done twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from benchmarks.imports import measure_kills
from tests.importing import SOURCE, add_line, connect, write_bucket

from similis.domain import InstanceSpec, InstanceType, PictureKey
from similis.service import App, Settings

Draw = Callable[..., bytes]
_SIMILIS = Path(sys.executable).with_name("similis")


@pytest.fixture
def pictures(tmp_path: Path, draw: Draw) -> list[Path]:
    paths = [tmp_path / f"{number}.png" for number in range(150)]
    for number, path in enumerate(paths):
        path.write_bytes(draw(number % 10, number // 10))
    return paths


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_import_on_the_command_line_outlives_kills(tmp_path: Path, pictures: list[Path]) -> None:
    assert measure_kills(tmp_path, pictures, kills=6, lives=(1.5, 4.0))["kills"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_it_does_so_on_postgresql(tmp_path: Path, pictures: list[Path], postgres_url: str) -> None:
    assert measure_kills(tmp_path, pictures, kills=2, catalogue=postgres_url, lives=(2.0, 4.0))["kills"]


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("rebuild", [False, True])
def test_a_service_that_was_killed_goes_on_by_itself(
    settings: Settings, tmp_path: Path, draw: Draw, *, rebuild: bool
) -> None:
    count = 250
    lines = [add_line(f"p{number}", f"{number % 10}.png") for number in range(count)]
    write_bucket(tmp_path / "root", [*lines, "no line"], {f"{number}.png": draw(number) for number in range(10)})
    with App.open(settings) as app:
        app.instances.create(InstanceSpec("shop", InstanceType.GENERIC))
        connect(app, tmp_path / "root")
        if rebuild:
            app.pictures.add("shop", draw(77), PictureKey("old", "a"))
    task, kills = 0, 0
    while True:
        with _served(settings) as (client, process):
            if not task:
                asked = {"connection": SOURCE.connection, "bucket": SOURCE.bucket, "path": SOURCE.path}
                begun = client.post("/api/v1/instances/shop/imports", json={**asked, "rebuild": rebuild})
                assert begun.status_code == 202, begun.text
                task = begun.json()["id"]
            state = client.get(f"/api/v1/tasks/{task}").json()
            reached = state["added"] + 50
            while state["status"] == "processing" and (kills == 3 or state["added"] < reached):
                time.sleep(0.05)
                state = client.get(f"/api/v1/tasks/{task}").json()
            if state["status"] != "processing":
                break
            os.killpg(process.pid, signal.SIGKILL)
            kills += 1
    assert kills
    assert (state["status"], state["added"], state["replaced"], state["failed"]) == ("success", count, 0, 1)
    with App.open(settings) as app:
        instance = app.instances.get("shop")
        assert instance.picture_count == count
        assert app._catalogue.select_ids(instance, None, None).size == count
        assert sum(1 for _ in app._catalogue.changes(instance, 0)) == count


@contextmanager
def _served(settings: Settings) -> Iterator[tuple[httpx.Client, subprocess.Popen[str]]]:
    """`similis serve` as a group of processes of its own, and a client with an admin key."""
    command = [str(_SIMILIS), "serve", "--port", "0", "--data", str(settings.data), "--show-key", "--json"]
    process = subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        text = ""
        for line in process.stdout:
            text += line
            if line == "}\n":
                break
        answer = json.loads(text)
        headers = {"authorization": f"Bearer {answer['key']}"}
        with httpx.Client(base_url=answer["address"], headers=headers, timeout=60) as client:
            yield client, process
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()
