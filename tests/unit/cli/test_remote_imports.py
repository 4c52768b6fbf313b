"""`similis connection`, `import`, `export` and `task` on a running service."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.importing import add_line, write_bucket

from similis.domain import Role
from similis.service import App, Settings

Similis = Callable[..., Any]
Draw = Callable[..., bytes]
FROM = ("--connection", "folder", "--bucket", "bucket", "--path", "/in")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Those of a service that may import from directories below `allowed`."""
    return Settings(data=tmp_path / "served", threads=1, import_roots=(tmp_path / "allowed",))


@pytest.fixture
def remote(similis: Similis, app: App, address: str, tmp_path: Path, draw: Draw) -> Similis:
    """Commands on the service, which has an instance `shop` and storage with two pictures and a line that fails."""
    lines = [add_line("a", "0.png"), add_line("b", "1.png"), add_line("c", "none.png")]
    write_bucket(tmp_path / "allowed", lines, {"0.png": draw(0), "1.png": draw(1)})
    made = app.access.create(Role.ADMIN)
    target = ("--key", f"{made.key.id}:{made.secret}")

    def run(*arguments: object) -> Any:  # noqa: ANN401 - what a command left
        service = "--service" if arguments[:2] == ("connection", "create") else "--endpoint"
        return similis(*arguments, *target, service, address)

    assert run("instance", "create", "shop", "--type", "generic").status == 0
    assert run("connection", "create", "folder", "--provider", "file", "--root", tmp_path / "allowed").status == 0
    return run


@pytest.mark.slow
def test_an_import_is_followed_and_exported(remote: Similis, tmp_path: Path) -> None:
    assert remote("connection", "check", "folder", "--bucket", "bucket", "--path", "/in").status == 0
    ran = remote("import", "shop", *FROM, "--wait")
    assert ran.status == 1
    assert "Task 1, import of shop: 3 lines; 2 pictures added" in ran.out
    assert "object_not_found" in ran.out
    again = remote("import", "shop", *FROM, "--wait", "--json")
    assert (again.status, again.json["added"], again.json["replaced"], again.json["failed"]) == (1, 2, 2, 1)
    assert remote("task", "show", 2, "--failures", tmp_path / "failed.jsonl").status == 0
    assert json.loads((tmp_path / "failed.jsonl").read_text())["pic_name"] == "none.png"
    assert remote("export", "shop", tmp_path / "out.meta", "--json").json["pictures"] == 2
    assert len((tmp_path / "out.meta").read_text().splitlines()) == 2
    listed = remote("task", "list", "shop", "--json").json
    assert [each["kind"] for each in listed["tasks"]] == ["export", "import", "import"]


@pytest.mark.slow
def test_an_import_goes_on_in_the_service(remote: Similis) -> None:
    begun = remote("import", "shop", *FROM, "--json")
    assert (begun.status, begun.json["status"]) == (0, "processing")
    ended = remote("task", "resume", begun.json["id"], "--json")
    assert (ended.status, ended.json["status"], ended.json["added"]) == (1, "success", 2)
    assert remote("task", "cancel", begun.json["id"], "--json").json["status"] == "success"
    assert "Task 2 is under way. See how it stands with: similis task show 2" in remote("import", "shop", *FROM).out
    assert remote("task", "resume", 2).status == 1
    failed = remote("import", "shop", *FROM[:4], "--path", "/none", "--wait")
    assert failed.status == 3
    assert "path_not_found There is nothing below '/none' in the bucket." in failed.err


def test_a_directory_that_the_service_does_not_allow_is_refused(remote: Similis, tmp_path: Path) -> None:
    ran = remote("connection", "create", "odd", "--provider", "file", "--root", tmp_path)
    assert ran.status == 3
    assert "SIMILIS_IMPORT_ROOTS" in ran.err
    assert remote("connection", "create", "odd", "--provider", "file", "--root", "allowed").status == 2
    assert remote("connection", "delete", "folder", "--yes").status == 0
    assert remote("connection", "list", "--json").json == {"connections": []}
