"""`similis audit log` and `similis customer …`, on a data directory and on a running service; one event a command."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from similis.cli._auditing import ACTIONS
from similis.cli._root import build
from similis.domain import PictureKey, Role
from similis.service import App

Similis = Callable[..., Any]
Draw = Callable[..., bytes]
# They work on no data directory, on one that nobody has opened, or note what they do themselves.
UNAUDITED = {
    "_keyring.backup", "_keyring.check", "_keyring.restore",
    "_audit_fields.fields", "_audit_privacy.privacy", "_benchmark.engine", "_benchmark.http", "_benchmark.pipeline",
    "_evaluate.evaluate", "_models.compare", "_models.fetch", "_models.list_all", "_models.verify", "_doctor.doctor",
    "_serve.serve",
}  # fmt: skip


def commands(command: Any) -> Iterator[str]:  # noqa: ANN401 - Typer's own copy of Click
    for each in getattr(command, "commands", {}).values():
        yield from commands(each)
    if command.callback is not None and not hasattr(command, "commands"):
        yield f"{command.callback.__module__.rpartition('.')[2]}.{command.callback.__name__}"


def events(similis: Similis, *arguments: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = similis("audit", "log", "--json", *arguments).json["events"]
    return found


def test_every_command_is_in_the_table_or_works_on_no_data() -> None:
    assert set(commands(typer.main.get_command(build()))) == ACTIONS.keys() | UNAUDITED


def test_each_command_is_one_event_of_the_user_of_this_machine(
    similis: Similis, tmp_path: Path, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.png").write_bytes(draw(0))
    user = getpass.getuser()
    monkeypatch.setenv("LOGNAME", "somebody-else")
    similis("instance", "create", "shop", "--type", "generic")
    similis("add", "shop", tmp_path / "a.png", tmp_path / "none.png", "--product-id-from", "stem")
    similis("search", "shop", tmp_path / "a.png")
    similis("search", "shop", "--product-id", "a", "--pic-name", "a.png")
    similis("delete", "shop", "--product-id", "a")
    similis("delete", "none", "--product-id", "a")
    key = similis("key", "create", "--json").json
    similis("key", "disable", key["secret"])
    noted = events(similis)[::-1]
    assert {each["actor"] for each in noted} == {f"operator:{user}"}
    told = [(each["action"], each["instance"], each["subject"], each["count"], each["outcome"]) for each in noted]
    assert told == [
        ("instance.create", "shop", None, None, "ok"),
        ("picture.add", "shop", None, 1, "ok"),
        ("picture.search", "shop", None, None, "ok"),
        ("picture.search", "shop", "a/a.png", None, "ok"),
        ("picture.delete", "shop", "a", 1, "ok"),
        ("picture.delete", "none", None, None, "instance_not_found"),
        ("key.create", None, key["id"], None, "ok"),
        ("key.disable", None, None, None, "key_not_found"),
    ]
    assert key["secret"] not in "".join(file.read_text() for file in (tmp_path / "data" / "audit").iterdir())


def test_events_are_chosen_by_options(similis: Similis) -> None:
    for name in ("shop", "other"):
        similis("instance", "create", name, "--type", "generic")
    assert [each["instance"] for each in events(similis, "--instance", "other")] == ["other"]
    assert len(events(similis, "--action", "instance.create", "--num", 1)) == 1
    assert events(similis, "--actor", "SIMNOBODY") == []
    assert events(similis, "--until", "2020-01-01") == []
    assert events(similis, "--since", "2020-01-01T10:00", "--action", "audit.read")
    assert similis("audit", "log", "--since", "yesterday").status == 2
    assert similis("audit", "log", "--action", "fly").status == 2
    assert "instance.create" in similis("audit", "log").out


def test_an_altered_log_is_told(similis: Similis, tmp_path: Path) -> None:
    similis("instance", "create", "shop", "--type", "generic")
    similis("key", "create")
    assert similis("audit", "log", "--verify", "--json").json["problems"] == []
    (file,) = (tmp_path / "data" / "audit").iterdir()
    file.write_text(file.read_text().replace("instance.create", "instance.show"))
    altered = similis("audit", "log", "--verify")
    assert (altered.status, "line 1" in altered.err) == (1, True)


def test_a_customer_is_exported_and_erased(similis: Similis, tmp_path: Path) -> None:
    similis("instance", "create", "shop", "--type", "generic")
    key = similis("key", "create", "--role", "writer", "--instance", "shop", "--json").json["id"]
    files = similis("customer", "export", key, tmp_path / "out", "--json").json["files"]
    assert {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*")} == set(files)
    assert similis("customer", "export", key, tmp_path / "out").status == 2
    refused = similis("customer", "erase", key)
    assert (refused.status, "shop" in refused.err) == (2, True)
    erased = similis("customer", "erase", key, "--yes")
    assert (erased.status, "shop" in erased.out) == (0, True)
    assert similis("customer", "erase", key, "--yes").status == 3
    assert similis("instance", "list", "--json").json["instances"] == []


def test_a_running_service_does_the_same(
    app: App, address: str, similis: Similis, tmp_path: Path, draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = app.access.create(Role.ADMIN)
    monkeypatch.setenv("SIMILIS_ENDPOINT", address)
    monkeypatch.setenv("SIMILIS_KEY", f"{admin.key.id}:{admin.secret}")
    similis("instance", "create", "shop", "--type", "generic")
    app.pictures.add("shop", draw(0), PictureKey("p", "a"), custom_content="<ü>")
    owner = similis("key", "create", "--role", "writer", "--instance", "shop", "--json").json["id"]
    noted = events(similis)
    assert [each["action"] for each in noted] == ["key.create", "instance.create"]
    assert {each["actor"] for each in noted} == {admin.key.id}
    assert similis("audit", "log", "--verify").status == 2
    assert similis("customer", "export", owner, tmp_path / "out").status == 0
    (line,) = (tmp_path / "out" / "instances" / "shop" / "pictures.jsonl").read_text().splitlines()
    assert json.loads(line)["custom_content"] == "<ü>"
    assert similis("customer", "erase", owner, "--yes", "--json").json["instances"] == ["shop"]
    assert similis("customer", "export", "nobody", tmp_path / "none").status == 3
