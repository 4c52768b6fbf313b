"""Commands that make nothing refuse a folder without data, and leave it as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Similis = Callable[..., Any]


@pytest.mark.parametrize(
    "command",
    [
        ("instance", "list"), ("instance", "show", "shop"), ("search", "shop", "a.png"), ("task", "list", "shop"),
        ("key", "list"), ("connection", "list"), ("add", "shop", "photos"), ("export", "shop", "out.jsonl"),
        ("audit", "log"), ("keyring", "prune", "--yes"),
    ],
    ids="-".join,
)  # fmt: skip
def test_a_command_in_the_wrong_folder_says_so_and_makes_nothing(
    similis: Similis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "a.png").write_bytes(b"?")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SIMILIS_DATA")
    before = sorted(tmp_path.rglob("*"))
    ran = similis(*command)
    assert ran.status == 3, ran.err
    assert f"data_directory_missing There is no data directory {tmp_path / 'similis-data'}" in ran.err
    assert "--endpoint" in ran.err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "command",
    [("key", "create", "--role", "reader"), ("connection", "create", "c", "--provider", "file")],
    ids=["key", "connection"],
)
def test_commands_that_make_things_make_the_data_too(
    similis: Similis, tmp_path: Path, command: tuple[str, ...]
) -> None:
    ran = similis(*command, *(("--root", tmp_path) if "file" in command else ()))
    assert ran.status == 0, ran.err
    assert similis("instance", "list").status == 0
