"""`similis connection …` on a data directory."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Similis = Callable[..., Any]
SECRET = "a-secret-of-the-storage"
ROLE = "acs:ram::1234567890:role/reader"
OSS = ("--provider", "oss", "--region", "cn-shanghai", "--bucket", "pics")


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    """A directory of increment.meta in the bucket `pics` below tmp_path/root."""
    folder = tmp_path / "root" / "pics" / "in"
    folder.mkdir(parents=True)
    (folder / "increment.meta").write_text("\n")
    return folder


def test_connections_are_made_listed_shown_and_deleted(similis: Similis, tmp_path: Path) -> None:
    made = similis("connection", "create", "here", "--provider", "file", "--root", tmp_path, "--json")
    assert made.status == 0
    assert (made.json["name"], made.json["root"], made.json["credentials"]) == ("here", str(tmp_path), None)
    similis("instance", "create", "shop", "--type", "generic")
    assert similis("connection", "create", "there", *OSS, "--role-arn", ROLE, "--instance", "shop").status == 0
    listed = similis("connection", "list", "--json").json["connections"]
    assert [each["name"] for each in listed] == ["here", "there"]
    shown = similis("connection", "show", "there", "--json").json
    assert (shown["role_arn"], shown["instances"], shown["credentials"]) == (ROLE, ["shop"], "environment")
    assert "here" in similis("connection", "list").out
    assert similis("connection", "delete", "here").status == 2
    assert similis("connection", "delete", "here", "--yes").status == 0
    assert similis("connection", "show", "here").status == 3


def test_a_relative_root_is_made_absolute(
    similis: Similis, bucket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bucket.is_dir()
    monkeypatch.chdir(tmp_path)
    made = similis("connection", "create", "here", "--provider", "file", "--root", "root", "--json").json
    assert made["root"] == str(tmp_path / "root")


def _from_file(tmp_path: Path, _monkeypatch: pytest.MonkeyPatch) -> list[object]:
    (tmp_path / "secret").write_text(SECRET + "\n")
    return ["--access-key-secret-file", tmp_path / "secret"]


def _from_standard_input(_tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    monkeypatch.setattr("sys.stdin", io.StringIO(SECRET + "\n"))
    return ["--access-key-secret-file", "-"]


def _from_environment(_tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    monkeypatch.setenv("SIMILIS_SOURCE_SECRET", SECRET)
    monkeypatch.setenv("SIMILIS_SOURCE_TOKEN", "token-" + SECRET)
    return []


@pytest.mark.parametrize("given", [_from_file, _from_standard_input, _from_environment])
def test_secrets_are_taken_from_elsewhere_and_never_shown(
    similis: Similis,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: Callable[[Path, pytest.MonkeyPatch], list[object]],
) -> None:
    options = given(tmp_path, monkeypatch)
    ran = [
        similis("connection", "create", "cloud", *OSS, "--access-key-id", "AKID", *options),
        similis("connection", "show", "cloud", "--json"),
        similis("connection", "list"),
    ]
    assert [each.status for each in ran] == [0, 0, 0]
    assert (ran[1].json["access_key_id"], ran[1].json["credentials"]) == ("AKID", "stored")
    assert all(SECRET not in each.out + each.err for each in ran)
    data = [file.read_bytes() for file in (tmp_path / "data").rglob("*") if file.is_file()]
    assert not any(SECRET.encode() in content for content in data)


@pytest.mark.parametrize(
    "options",
    [
        (*OSS, "--access-key-id", "AKID"),
        (*OSS, "--access-key-secret-file", "/nowhere"),
        (*OSS, "--access-key-id", "AKID", "--access-key-secret-file", "/nowhere"),
        (*OSS, "--role-arn", "arn:aws:iam::1:role/x"),
        (*OSS, "--key", "SIMID:secret"),
        ("--provider", "file"),
        ("--provider", "file", "--root", "/", "--endpoint", "http://127.0.0.1"),
        ("--provider", "ftp"),
    ],
)
def test_what_can_never_work_is_bad_usage(similis: Similis, options: tuple[str, ...]) -> None:
    assert similis("key", "create").status == 0  # makes the data directory
    ran = similis("connection", "create", "odd", *options)
    assert (ran.status, ran.out) == (2, "")
    assert similis("connection", "list", "--json").json["connections"] == []


def test_a_check_ends_at_the_first_step_that_is_not_good(similis: Similis, bucket: Path, tmp_path: Path) -> None:
    similis("connection", "create", "here", "--provider", "file", "--root", tmp_path / "root")
    good = similis("connection", "check", "here", "--bucket", "pics", "--path", "/in", "--json")
    assert (good.status, good.json["good"], {each["good"] for each in good.json["checks"]}) == (0, True, {True})
    assert "ok  increment.meta" in similis("connection", "check", "here", "--bucket", "pics", "--path", "/in").out
    (bucket / "increment.meta").rename(bucket / "increment.txt")
    bad = similis("connection", "check", "here", "--bucket", "pics", "--path", "/in", "--json")
    assert (bad.status, bad.json["good"], bad.json["checks"][-1]["code"]) == (3, False, "meta_file_not_found")
    told = similis("connection", "check", "here", "--bucket", "other")
    assert told.status == 3
    assert "!!" in told.out
    assert "bucket_not_found: " in told.out
    assert similis("connection", "check", "none").status == 3


def test_names_are_printed_as_they_are(similis: Similis) -> None:
    ran = similis("connection", "create", "odd", *OSS, "--role-arn", "acs:ram::12")
    assert ran.status == 2
    assert "acs:ram::12" in ran.err  # and not the picture that terminals have for :ram:
