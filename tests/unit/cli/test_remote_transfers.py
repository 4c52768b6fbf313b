"""Congruence: connections, imports and exports through `RemoteApp` are what they are on `App`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.importing import SOURCE, add_line, write_bucket

from similis.cli._remote import RemoteApp
from similis.domain import (
    Connection,
    ConnectionExists,
    ConnectionNotFound,
    Credentials,
    ImportSource,
    InstanceEmpty,
    InstanceSpec,
    NewAccessKey,
    PermissionDenied,
    Provider,
    Role,
    Task,
    TaskKind,
    TaskNotFound,
    TaskRunning,
    TaskStatus,
)
from similis.service import App, Settings

Draw = Callable[..., bytes]
CLOUD = Connection("cloud", Provider.S3, "http://127.0.0.1:9", "eu", "far", instances=("shop",))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", threads=1, import_roots=(tmp_path / "storage",))


@pytest.fixture
def key(app: App) -> NewAccessKey:
    return app.access.create(Role.ADMIN)


@pytest.fixture
def remote(address: str, app: App, key: NewAccessKey, tmp_path: Path, draw: Draw) -> Iterator[RemoteApp]:
    """A client of the served `app`, with an instance and storage to import into it."""
    lines: list[Mapping[str, Any] | str] = [
        *(add_line("pé", name, CustomContent="\u2028") for name in ("0.jpg", "1.jpg", "none.jpg")), "{}",
    ]  # fmt: skip
    write_bucket(tmp_path / "storage", lines, {f"{number}.jpg": draw(number) for number in range(2)})
    app.instances.create(InstanceSpec("shop"))
    with RemoteApp(address, f"{key.key.id}:{key.secret}") as remote:
        remote.connections.create(Connection("folder", Provider.FILE, root=str(tmp_path / "storage")))
        yield remote


def finished(remote: RemoteApp, task: Task) -> Task:
    until = time.monotonic() + 120
    while not task.done:
        assert time.monotonic() < until
        time.sleep(0.05)
        task = remote.transfers.get(task.id)
    return task


def test_connections(remote: RemoteApp, app: App, tmp_path: Path) -> None:
    made = remote.connections.create(CLOUD, Credentials("id", "secret", "token"))
    assert replace(made, created_at=None) == replace(CLOUD, access_key_id="id")
    assert remote.connections.list() == app.connections.list()
    assert remote.connections.get("cloud") == app.connections.get("cloud") == made
    assert app.connections.spec("cloud", None).credentials == Credentials("id", "secret", "token")
    with pytest.raises(ConnectionExists):
        remote.connections.create(CLOUD)
    with pytest.raises(PermissionDenied, match="may not be imported"):
        remote.connections.create(Connection("etc", Provider.FILE, root=str(tmp_path / "data")))
    options = {"bucket": "bucket", "path": "/in", "instance": "shop"}
    checks = remote.connections.check("folder", **options)
    assert checks == app.connections.check("folder", **options)
    assert all(check.good for check in checks)
    assert remote.connections.delete("cloud") == made
    with pytest.raises(ConnectionNotFound):
        remote.connections.delete("cloud")


@pytest.mark.slow
def test_an_import_its_failures_and_the_export_of_what_came(remote: RemoteApp, app: App) -> None:
    begun = remote.transfers.start_import("shop", SOURCE, callback="https://hooks.example/")
    assert (begun.kind, begun.source, begun.callback) == (TaskKind.IMPORT, SOURCE, "https://hooks.example/")
    ended = finished(remote, begun)
    assert (ended.status, ended.counts.added, ended.counts.failed) == (TaskStatus.SUCCESS, 2, 2)
    assert ended == app.transfers.get(begun.id)
    failures = list(remote.transfers.failures(begun.id))
    assert failures == list(app.transfers.failures(begun.id))
    assert [each.pic_name for each in failures] == ["none.jpg", None]
    lines = b"".join(remote.transfers.exported("shop"))
    assert lines == b"".join(app.transfers.exported("shop"))
    assert lines.count(b"\n") == 2
    tasks, total = remote.transfers.list("shop")
    assert (tasks, total) == app.transfers.list("shop")
    assert [task.kind for task in tasks] == [TaskKind.EXPORT, TaskKind.IMPORT]
    assert b"".join(remote.transfers.export_lines(tasks[0].id)) == lines
    assert remote.transfers.list("shop", [TaskKind.EXPORT], num=1) == app.transfers.list("shop", [TaskKind.EXPORT])
    assert remote.transfers.list("shop", start=1) == app.transfers.list("shop", start=1)
    assert remote.transfers.list("shop", start=5) == app.transfers.list("shop", start=5)


def test_one_at_a_time_and_cancelled(remote: RemoteApp) -> None:
    with pytest.raises(InstanceEmpty):
        remote.transfers.start_import("shop", SOURCE, rebuild=True)
    remote.connections.create(CLOUD, Credentials("id", "secret"))
    far = ImportSource("cloud", None, "/")  # nobody answers there, so the import waits
    task = remote.transfers.start_import("shop", far)
    with pytest.raises(TaskRunning):
        remote.transfers.start_import("shop", SOURCE)
    running = remote.transfers.unfinished("shop", far, rebuild=False)
    assert running is not None
    assert running.id == task.id
    assert remote.transfers.unfinished("shop", SOURCE, rebuild=False) is None
    remote.transfers.cancel(task.id)
    assert finished(remote, task).code == "task_cancelled"
    with pytest.raises(TaskNotFound):
        remote.transfers.get(999)
    with pytest.raises(TaskNotFound):
        list(remote.transfers.failures(999))


def test_a_reader_lists_what_it_may_see(remote: RemoteApp, app: App, address: str) -> None:
    finished(remote, remote.transfers.start_export("shop"))
    reader = app.access.create(Role.READER)
    with RemoteApp(address, f"{reader.key.id}:{reader.secret}") as other:
        assert other.transfers.list("shop") == ([], 0)
        with pytest.raises(PermissionDenied):
            list(other.transfers.exported("shop"))
