"""`similis keyring …`: what is found, changed, backed up and restored."""

from __future__ import annotations

import base64
import os
import shutil
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from similis.domain import Role
from similis.privacy import _backup
from similis.service import App, Settings

Similis = Callable[..., Any]
Prepare = Callable[[Callable[[], None]], None]
Draw = Callable[..., bytes]
KEY = base64.b64encode(b"m" * 32).decode()
PHRASE = "correct horse battery"
_QUICK = 1 << 10


@pytest.fixture
def shop(similis: Similis, tmp_path: Path, draw: Draw, prepare: Prepare) -> Similis:
    """An instance of one picture, which is kept beside."""
    (tmp_path / "photos" / "p1").mkdir(parents=True)
    (tmp_path / "photos" / "p1" / "a.png").write_bytes(draw(1))

    def fill() -> None:
        assert similis("instance", "create", "shop", "--type", "generic").status == 0
        assert similis("add", "shop", tmp_path / "photos").status == 0

    prepare(fill)
    return similis


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "data.keys"


@pytest.fixture
def quickly_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Backups whose passphrases are tried quickly; one test has them as they are."""
    monkeypatch.setitem(_backup._COST, "n", _QUICK)


@pytest.fixture
def phrase(tmp_path: Path) -> Path:
    file = tmp_path / "phrase"
    file.write_text(PHRASE + "\n")
    return file


def _score(similis: Similis, tmp_path: Path) -> float:
    found = similis("search", "shop", tmp_path / "photos" / "p1" / "a.png", "--json")
    assert found.status == 0, found.err
    score: float = found.json["matches"][0]["score"]
    return score


def _wrong(similis: Similis) -> list[str]:
    checked = similis("keyring", "check", "--json")
    wrong = [each for each in checked.json["findings"] if not each["good"]]
    assert checked.status == (1 if wrong else 0)
    assert all(each["to_do"] for each in wrong)
    return [each["found"] for each in wrong]


def test_a_sound_keyring_has_no_findings(shop: Similis) -> None:
    assert _wrong(shop) == []
    assert "all of which open" in shop("keyring", "check").out


def test_a_key_of_an_instance_changes_and_the_picture_is_still_the_same(shop: Similis, tmp_path: Path) -> None:
    (before,) = (tmp_path / "data.keys" / "instances").iterdir()
    for _ in range(5):
        task = shop("keyring", "rotate", "--instance", "shop", "--json").json
        assert (task["kind"], task["status"], task["added"]) == ("rekey", "success", 1)
        assert _score(shop, tmp_path) == 1.0
    (after,) = (tmp_path / "data.keys" / "instances").iterdir()
    assert before != after
    assert [each["kind"] for each in shop("task", "list", "shop", "--json").json["tasks"]] == ["rekey"] * 5
    assert "new key of shop: 1 pictures" in shop("task", "show", task["id"]).out
    assert _wrong(shop) == []


def test_the_master_key_changes(shop: Similis, tmp_path: Path, keys: Path) -> None:
    before = (keys / "master.key").read_bytes()
    assert shop("keyring", "rotate").status == 0
    assert (keys / "master.key").read_bytes() != before
    assert _score(shop, tmp_path) == 1.0
    assert _wrong(shop) == []


def test_the_master_key_goes_elsewhere_and_comes_from_there(
    shop: Similis, tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "new"
    file.write_text(KEY)
    file.chmod(0o644)
    assert "open to other users" in shop("keyring", "rotate", "--new-key-file", file).err
    file.chmod(0o600)
    said = shop("keyring", "rotate", "--new-key-file", file)
    assert (said.status, "SIMILIS_MASTER_KEY" in said.out) == (0, True)
    assert not (keys / "master.key").exists()
    assert shop("instance", "list").status == 3
    monkeypatch.setenv("SIMILIS_MASTER_KEY", KEY)
    assert _score(shop, tmp_path) == 1.0
    assert "SIMILIS_MASTER_KEY" not in os.environ
    monkeypatch.setenv("SIMILIS_MASTER_KEY_COMMAND", f"cat {file}")
    assert _wrong(shop) == []
    assert shop("keyring", "rotate").status == 2
    assert shop("keyring", "rotate", "--new-key-command", f"cat {file}").status == 3
    (tmp_path / "newer").write_text(base64.b64encode(b"n" * 32).decode())
    (tmp_path / "newer").chmod(0o600)
    assert shop("keyring", "rotate", "--new-key-command", f"cat {tmp_path / 'newer'}").status == 0
    monkeypatch.setenv("SIMILIS_MASTER_KEY_COMMAND", f"cat {tmp_path / 'newer'}")
    assert _score(shop, tmp_path) == 1.0
    (keys / "master.key").write_text(KEY)
    (keys / "master.key").chmod(0o600)
    assert _wrong(shop) == ["There is also one in the key directory."]


def test_bad_usage_is_told(shop: Similis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments in (
        ["rotate", "--new-key-file", "a", "--new-key-command", "b"],
        ["rotate", "--instance", "shop", "--new-key-file", "a"],
        ["prune"],
        ["check", "--endpoint", "http://127.0.0.1:1", "--key", "a:b"],
        ["backup", tmp_path / "backup", "--passphrase-file", tmp_path / "none"],
    ):
        assert shop("keyring", *arguments).status == 2
    assert shop("keyring", "rotate", "--new-key-file", tmp_path / "none").status == 3
    monkeypatch.setenv("SIMILIS_PASSPHRASE", "short")
    assert "too short" in shop("keyring", "backup", tmp_path / "backup").err


def test_a_backup_restores_all_keys(shop: Similis, tmp_path: Path, keys: Path, phrase: Path) -> None:
    file = tmp_path / "backup"
    done = shop("keyring", "backup", file, "--passphrase-file", phrase, "--json")
    assert done.json == {"file": str(file), "instances": 1}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for key in keys.rglob("*.key"):
        assert key.read_bytes().strip() not in file.read_bytes()
    assert shop("keyring", "backup", file, "--passphrase-file", phrase).status == 2
    before = {path: path.read_bytes() for path in keys.rglob("*.key")}
    assert shop("keyring", "restore", file, "--passphrase-file", phrase).status == 2
    shutil.rmtree(keys)
    assert shop("instance", "list").status == 3
    assert shop("keyring", "restore", file, "--passphrase-file", phrase, "--json").json["instances"] == 1
    assert {path: path.read_bytes() for path in keys.rglob("*.key")} == before
    assert _wrong(shop) == []
    assert _score(shop, tmp_path) == 1.0


@pytest.mark.usefixtures("quickly_tried")
def test_a_backup_of_another_master_key_does_not_have_it(
    shop: Similis, tmp_path: Path, keys: Path, phrase: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new").write_text(KEY)
    (tmp_path / "new").chmod(0o600)
    assert shop("keyring", "rotate", "--new-key-file", tmp_path / "new").status == 0
    monkeypatch.setenv("SIMILIS_MASTER_KEY_COMMAND", f"cat {tmp_path / 'new'}")
    monkeypatch.setenv("SIMILIS_PASSPHRASE", PHRASE)
    assert shop("keyring", "backup", tmp_path / "backup").status == 0
    assert "SIMILIS_PASSPHRASE" not in os.environ
    shutil.rmtree(keys)
    keys.mkdir(mode=0o700)
    assert shop("keyring", "restore", tmp_path / "backup", "--passphrase-file", phrase).status == 0
    assert not (keys / "master.key").exists()
    assert _score(shop, tmp_path) == 1.0


@pytest.mark.usefixtures("quickly_tried")
def test_a_wrong_passphrase_or_a_damaged_backup_makes_nothing(
    shop: Similis, tmp_path: Path, keys: Path, phrase: Path
) -> None:
    file, other = tmp_path / "backup", tmp_path / "other"
    assert shop("keyring", "backup", file, "--passphrase-file", phrase).status == 0
    content = file.read_bytes()
    other.write_text(PHRASE + "!")
    shutil.rmtree(keys)
    assert "passphrase is wrong" in shop("keyring", "restore", file, "--passphrase-file", other).err
    cheaper = content.replace(b'"n": %d' % _QUICK, b'"n": 2')
    assert cheaper != content
    for damaged in (b"", b"{}\n", content[:-1], content[:-1] + bytes([content[-1] ^ 1]), b"x" + content,
                    cheaper, content.replace(b"keys 1", b"keys 2")):  # fmt: skip
        file.write_bytes(damaged)
        assert shop("keyring", "restore", file, "--passphrase-file", phrase).status == 3
    assert not keys.exists()
    assert not list(tmp_path.glob(".data.keys*"))


def test_what_is_wrong_with_keys_is_found(shop: Similis, keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (key,) = (keys / "instances").iterdir()
    content = key.read_bytes()
    key.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert any("altered" in each for each in _wrong(shop))
    key.unlink()
    assert _wrong(shop) == ["Instance shop has no key."]
    key.write_bytes(content)
    key.chmod(0o640)
    assert any("open to other users" in each for each in _wrong(shop))
    key.chmod(0o600)
    (keys / "instances" / "notes.txt").write_text("what is this?")
    assert _wrong(shop) == [str(keys / "instances" / "notes.txt")]
    (keys / "instances" / "notes.txt").unlink()
    assert shop("instance", "create", "gone", "--type", "generic").status == 0
    kept = {path: path.read_bytes() for path in (keys / "instances").iterdir()}
    assert shop("instance", "delete", "gone", "--yes").status == 0
    for path, each in kept.items():
        if not path.exists():
            path.write_bytes(each)
            path.chmod(0o600)
    assert _wrong(shop) == ["It belongs to no instance."]
    assert len(shop("keyring", "prune", "--yes", "--json").json["destroyed"]) == 1
    assert _wrong(shop) == []
    monkeypatch.setenv("SIMILIS_KEYS", str(keys.with_name("none")))
    assert any("There are no keys" in each for each in _wrong(shop))


def test_a_check_removes_nothing_and_tells_of_a_change_that_was_cut_short(
    shop: Similis, keys: Path, tmp_path: Path
) -> None:
    with App.open(Settings(data=tmp_path / "data")) as app:
        uid = app.instances._keyring.create_instance()
        app._catalogue.keyring.making(uid, datetime(2020, 1, 1, tzinfo=UTC))
    assert _wrong(shop) == []
    assert (keys / "instances" / f"{uid}.key").exists()
    (keys / "rotation-0123").mkdir(mode=0o700)
    assert any("cut short" in each for each in _wrong(shop))
    assert (keys / "rotation-0123").exists()
    assert shop("instance", "list").status == 0
    assert _wrong(shop) == []
    assert not (keys / "instances" / f"{uid}.key").exists()


@pytest.mark.usefixtures("quickly_tried")
def test_a_backup_needs_no_hard_links_and_a_restored_directory_may_be_mounted(
    shop: Similis, keys: Path, tmp_path: Path, phrase: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.read_bytes() for path in keys.rglob("*.key")}
    with monkeypatch.context() as patch:
        patch.setattr(Path, "hardlink_to", lambda *_: (_ for _ in ()).throw(PermissionError("no hard links")))
        assert shop("keyring", "backup", tmp_path / "backup", "--passphrase-file", phrase).status == 0
    assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o600
    for path in before:
        path.unlink()
    inode = keys.stat().st_ino
    assert shop("keyring", "restore", tmp_path / "backup", "--passphrase-file", phrase).status == 0
    assert keys.stat().st_ino == inode
    assert {path: path.read_bytes() for path in keys.rglob("*.key")} == before
    assert {path.name for path in keys.iterdir()} == {"master.key", "instances"}
    assert _wrong(shop) == []


def test_while_a_service_runs_keys_are_checked_alone(shop: Similis, tmp_path: Path) -> None:
    with App.open(Settings(data=tmp_path / "data")):
        assert _wrong(shop) == []
        found = [each["found"] for each in shop("keyring", "check", "--json").json["findings"]]
        assert any("Not compared" in each for each in found)


def test_a_running_service_changes_the_key_of_an_instance(similis: Similis, app: App, address: str) -> None:
    made = app.access.create(Role.ADMIN)
    target = ("--endpoint", address, "--key", f"{made.key.id}:{made.secret}")
    assert similis("instance", "create", "shop", "--type", "generic", *target).status == 0
    uid = app.instances.get("shop").uid
    said = similis("keyring", "rotate", "--instance", "shop", *target)
    assert (said.status, "new key of shop: 0 pictures" in said.out) == (0, True)
    assert app.instances.get("shop").uid != uid
    listed = similis("task", "list", "shop", "--json", *target).json
    assert ([each["kind"] for each in listed["tasks"]], listed["total"]) == (["rekey"], 1)
    for command in (("check",), ("rotate",), ("backup", "file"), ("restore", "file"), ("prune", "--yes")):
        assert similis("keyring", *command, *target).status == 2
