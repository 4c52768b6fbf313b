"""`similis import`, `export` and `task` on a data directory; imports that are killed and interrupted."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.importing import add_line, delete_line, write_bucket

from similis.domain import ImportSource
from similis.service import App, Settings

Similis = Callable[..., Any]
Draw = Callable[..., bytes]
FROM = ("--connection", "folder", "--bucket", "bucket", "--path", "/in")
LINES: list[dict[str, Any] | str] = [
    add_line("a", "0.png", IntAttr=7, CustomContent="k:ü"),
    add_line("a", "sub/1.png"),
    "",
    add_line("b", "none.png"),
    "no json",
    add_line("c", "2.png"),
    delete_line("c"),
]


@pytest.fixture
def storage(tmp_path: Path, draw: Draw) -> Path:
    """A root with what `FROM` names: three pictures that can be added, one of which is deleted, and two bad lines."""
    pictures = {"0.png": draw(0), "sub/1.png": draw(1), "2.png": draw(2)}
    write_bucket(tmp_path / "root", LINES, pictures)
    return tmp_path / "root"


@pytest.fixture
def shop(similis: Similis, storage: Path) -> Similis:
    """An empty generic instance `shop`, and the connection `folder` to the storage."""
    assert similis("instance", "create", "shop", "--type", "generic").status == 0
    assert similis("connection", "create", "folder", "--provider", "file", "--root", storage).status == 0
    return similis


def begun(tmp_path: Path, path: str = "/in", *, rebuild: bool = False) -> int:
    """The number of an import that was asked for, and of which nothing was done."""
    with App.open(Settings(data=tmp_path / "data")) as app:
        return app.transfers.start_import("shop", ImportSource("folder", "bucket", path), rebuild=rebuild).id


@pytest.mark.slow
def test_pictures_are_imported_and_what_failed_is_told(shop: Similis, tmp_path: Path) -> None:
    ran = shop("import", "shop", *FROM)
    assert ran.status == 1
    assert "Task 1, import of shop: 6 lines; 3 pictures added, 0 of them replaced, 1 deleted, 2 failed." in ran.out
    assert "object_not_found" in ran.out
    assert "similis task show 1 --failures" in ran.out
    shown = shop("task", "show", 1, "--failures", tmp_path / "failed.jsonl", "--json").json
    assert (shown["lines"], shown["added"], shown["deleted"], shown["failed"]) == (6, 3, 1, 2)
    failed = [json.loads(line) for line in (tmp_path / "failed.jsonl").read_text().splitlines()]
    assert [(each["line"], each["pic_name"], each["code"]) for each in failed] == [
        (4, "none.png", "object_not_found"),
        (5, None, "invalid_input"),
    ]
    assert [json.loads(line) for line in shop("task", "show", 1, "--failures", "-").out.splitlines()] == failed
    listed = shop("task", "list", "shop", "--json").json
    assert ([each["id"] for each in listed["tasks"]], listed["total"]) == ([1], 1)
    assert "folder:bucket/in" in shop("task", "list", "shop").out
    assert "Task 1, import of shop: 6 lines" in shop("task", "show", 1).out

    exported = shop("export", "shop", tmp_path / "out.meta", "--json").json
    assert exported == {"instance": "shop", "file": str(tmp_path / "out.meta"), "pictures": 2}
    assert stat.S_IMODE((tmp_path / "out.meta").stat().st_mode) == 0o600
    assert [json.loads(line) for line in shop("export", "shop", "-").out.splitlines()] == [
        json.loads(line) for line in (tmp_path / "out.meta").read_text().splitlines()
    ]
    (tmp_path / "out.meta").rename(tmp_path / "root" / "bucket" / "in" / "increment.meta")
    again = shop("import", "shop", *FROM, "--rebuild", "--wait", "--json")
    assert (again.status, again.json["kind"], again.json["added"], again.json["failed"]) == (0, "rebuild", 2, 0)
    assert shop("instance", "show", "shop", "--json").json["picture_count"] == 2


def test_an_import_that_cannot_go_on_says_why(shop: Similis, storage: Path) -> None:
    (storage / "bucket" / "in" / "increment.meta").unlink()
    ran = shop("import", "shop", *FROM)
    assert ran.status == 3
    assert "meta_file_not_found There is no increment.meta in '/in'." in ran.err
    failed = shop("import", "shop", *FROM, "--json")
    assert (failed.status, failed.err, failed.json["status"], failed.json["code"]) == (
        3,
        "",
        "fail",
        "meta_file_not_found",
    )
    assert "meta_file_not_found" in shop("task", "show", 1).out


@pytest.mark.parametrize(
    ("status", "options"),
    [
        (3, ("shop", "--connection", "none")),
        (3, ("none", "--connection", "folder")),
        (3, ("shop", *FROM, "--rebuild")),  # there is nothing to rebuild
        (2, ("shop", "--connection", "folder", "--path", "in/")),
        (2, ("shop", "--connection", "folder", "--bucket", "/")),
        (2, ("shop", *FROM, "--callback", "https://example.com/")),
        (2, ("shop", *FROM, "--ray-address", "127.0.0.1:6379")),
        (2, ("shop", *FROM, "--engine", "ray", "--endpoint", "http://127.0.0.1:9", "--key", "a:b")),
        (2, ("shop", *FROM, "--engine", "ray", "--ray-address", "here")),
        (3, ("shop", *FROM, "--engine", "ray", "--ray-address", "127.0.0.1:9")),
        (2, ("shop",)),
    ],
)
def test_what_cannot_be_imported_begins_no_task(shop: Similis, status: int, options: tuple[str, ...]) -> None:
    ran = shop("import", *options)
    assert (ran.status, ran.out) == (status, "")
    assert ran.err
    assert shop("task", "list", "shop", "--json").json["total"] == 0


def test_an_unfinished_import_is_continued_and_another_one_refused(shop: Similis, tmp_path: Path) -> None:
    task_id = begun(tmp_path)
    refused = shop("import", "shop", *FROM[:4], "--path", "/other")
    assert refused.status == 3
    assert "similis task resume ID" in refused.err
    ran = shop("import", "shop", *FROM)
    assert ran.status == 1
    assert f"Continuing task {task_id}; lines done: 0." in ran.out
    assert f"Task {task_id}, import of shop: 6 lines" in ran.out


def test_a_task_is_resumed_by_its_number_and_cancelled(shop: Similis, tmp_path: Path) -> None:
    assert shop("task", "resume", begun(tmp_path), "--json").json["added"] == 3
    rebuild = begun(tmp_path, rebuild=True)
    assert "task_cancelled: " in shop("task", "cancel", rebuild).out
    assert shop("task", "show", rebuild, "--json").json["code"] == "task_cancelled"
    assert shop("task", "resume", rebuild).status == 3
    assert shop("instance", "show", "shop", "--json").json["picture_count"] == 2
    assert shop("task", "show", 99).status == 3
    assert shop("task", "cancel", 99).status == 3


def test_a_file_that_cannot_be_written_is_told_and_leaves_nothing(shop: Similis, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    for place in (tmp_path / "taken", tmp_path / "none" / "out.meta"):
        ran = shop("export", "shop", place)
        assert (ran.status, ran.out) == (3, "")
        assert "report_failed" in ran.err
    (tmp_path / "old").write_text("before")
    assert shop("export", "none", tmp_path / "old").status == 3
    assert (tmp_path / "old").read_text() == "before"
    assert not list(tmp_path.glob("*.part"))


@pytest.fixture
def long(shop: Similis, storage: Path, draw: Draw) -> Similis:
    """The shop, with an import of some hundred pictures before it: of many seconds also on a fast machine."""
    lines = [add_line(f"p{number}", f"{number % 50}.png") for number in range(400)]
    write_bucket(storage, lines, {f"{number}.png": draw(number) for number in range(50)})
    return shop


def importing(tmp_path: Path) -> subprocess.Popen[str]:
    """The same import as its own group of processes, as a terminal has it."""
    command = [sys.executable, "-m", "similis", "import", "shop", *FROM, "--data", str(tmp_path / "data")]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def wait_until_added(tmp_path: Path, pictures: int) -> None:
    """Wait until an import that runs elsewhere has committed so many pictures."""
    until = time.monotonic() + 120
    address = f"file:{tmp_path / 'data' / 'catalogue.sqlite'}?mode=ro"
    while time.monotonic() < until:
        with closing(sqlite3.connect(address, uri=True)) as catalogue:
            if catalogue.execute("SELECT coalesce(max(added), 0) FROM task").fetchone()[0] >= pictures:
                return
        time.sleep(0.05)
    pytest.fail(f"no {pictures} pictures were added")


@pytest.mark.slow
def test_an_import_that_was_killed_goes_on_with_the_same_command(long: Similis, tmp_path: Path) -> None:
    for at_least in (1, 100):
        with importing(tmp_path) as process:
            wait_until_added(tmp_path, at_least)
            os.killpg(process.pid, signal.SIGKILL)
    ran = long("import", "shop", *FROM)
    assert ran.status == 0
    assert "Continuing task 1; lines done: " in ran.out
    assert (
        "Task 1, import of shop: 400 lines; 400 pictures added, 0 of them replaced, 0 deleted, 0 failed." in ran.out
    )
    assert long("instance", "show", "shop", "--json").json["picture_count"] == 400


@pytest.mark.slow
def test_an_interrupted_import_says_how_to_go_on(long: Similis, tmp_path: Path) -> None:
    with importing(tmp_path) as process:
        wait_until_added(tmp_path, 1)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    assert "Interrupted. Give the same command again, or: similis task resume 1" in out
    ran = long("task", "resume", 1, "--json")
    assert (ran.status, ran.json["lines"], ran.json["added"], ran.json["replaced"]) == (0, 400, 400, 0)
