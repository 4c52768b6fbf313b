"""Changes of the master key: nothing is lost whenever they are cut short; where the master key may come from."""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from similis.domain import (
    Connection,
    Credentials,
    InstanceSpec,
    InstanceType,
    KeyringFailed,
    NewAccessKey,
    PermissionDenied,
    Provider,
    Role,
    StorageFailed,
)
from similis.privacy import _files, _keyring, _rotation
from similis.service import App, Settings
from similis.service._new_keys import new_key

SECRET = bytes(range(32))
TEXT = base64.b64encode(SECRET).decode()
_CREDENTIALS = Credentials("storage-key", "storage-secret")


def _fill(app: App) -> NewAccessKey:
    for name in ("a", "b"):
        app.bulk.create(InstanceSpec(name, InstanceType.GENERIC), "a-model", 8)
    app.connections.create(Connection("oss", Provider.OSS, bucket="pictures", region="cn-hangzhou"), _CREDENTIALS)
    return app.access.create(Role.ADMIN)


def _check(app: App, key: NewAccessKey) -> None:
    """All secrets can be read."""
    assert app.access.authenticate(key.key.id, key.secret) == key.key
    assert app.connections.spec("oss", None).credentials == _CREDENTIALS
    for instance in app.instances.list():
        app.instances._keyring.instance(instance.uid).seal("text", "here")


def _left(settings: Settings) -> set[str]:
    return {path.name for path in settings.key_directory.iterdir()}


def test_a_new_master_key_seals_everything_anew(settings: Settings) -> None:
    with App.open(settings) as app:
        key = _fill(app)
        before = {path: path.read_bytes() for path in settings.key_directory.rglob("*.key")}
        now, id_ = datetime.now(UTC), app.instances._keyring.id
        expires, signature = (part.split("=")[1] for part in app.transfers.link(1, "export", now).split("&"))
        app.keys.rotate()
        assert app.instances._keyring.id != id_
        _check(app, key)
        with pytest.raises(PermissionDenied):
            app.transfers.check_link(1, "export", expires, signature, now)
    after = {path: path.read_bytes() for path in settings.key_directory.rglob("*.key")}
    assert after.keys() == before.keys()
    assert not set(after.values()) & set(before.values())
    assert _left(settings) == {"master.key", "instances"}
    with App.open(settings) as app:
        _check(app, key)
        app.bulk.create(InstanceSpec("c", InstanceType.GENERIC), "a-model", 8)


def test_the_old_master_key_opens_nothing_any_more(settings: Settings) -> None:
    with App.open(settings) as app:
        _fill(app)
        old = (settings.key_directory / "master.key").read_bytes()
        app.keys.rotate()
    (settings.key_directory / "master.key").write_bytes(old)
    with pytest.raises(KeyringFailed, match="belong to other data"):
        App.open(settings)


def _steps(monkeypatch: pytest.MonkeyPatch, die_at: int) -> Callable[[], int]:
    """Have the process die right before the step of this number of all that change files or the catalogue."""
    taken = 0

    def counted(function: Callable[..., object]) -> Callable[..., object]:
        def call(*given: object, **more: object) -> object:
            nonlocal taken
            taken += 1
            if taken == die_at:
                os._exit(9)
            return function(*given, **more)

        return call

    for name in ("write_private", "shred", "sync_directory"):
        monkeypatch.setattr(_rotation, name, counted(getattr(_rotation, name)))
    for name in ("mkdir", "replace", "hardlink_to", "unlink", "rmdir"):
        monkeypatch.setattr(Path, name, counted(getattr(Path, name)))
    monkeypatch.setattr(_files, "_write", counted(_files._write))
    monkeypatch.setattr(_keyring.Keyring, "_become", counted(_keyring.Keyring._become))
    return lambda: taken


def _rotate_and_die(settings: Settings, secret: bytes | None, die_at: int) -> int:
    """Change the master key in another process that dies before a step; its exit status."""
    child = os.fork()
    if child == 0:
        try:
            with App.open(settings) as app, pytest.MonkeyPatch.context() as patch:
                _steps(patch, die_at)
                app.keys.rotate(secret)
                os._exit(0)
        finally:
            os._exit(7)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.slow
def test_whenever_it_is_killed_the_next_start_has_everything(settings: Settings) -> None:
    with App.open(settings) as app:
        key = _fill(app)
        ids = {app.instances._keyring.id}
    die_at, status = 0, 9
    while status == 9:
        die_at += 1
        status = _rotate_and_die(settings, None, die_at)
        with App.open(settings) as app:
            _check(app, key)
            assert _left(settings) == {"master.key", "instances"}
            ids.add(app.instances._keyring.id)
    assert status == 0
    assert die_at > 20
    assert len(ids) > 5  # it was killed before the step that counts, and behind it


@pytest.mark.slow
def test_whenever_it_is_killed_one_of_two_master_keys_opens_everything(settings: Settings) -> None:
    """From the key directory to the environment."""
    with App.open(settings) as app:
        key = _fill(app)
    kept = {path: path.read_bytes() for path in settings.key_directory.rglob("*.key")}
    (database,) = settings.data.glob("*.sqlite")
    data = database.read_bytes()
    outside = settings.model_copy(update={"master_key": SecretStr(TEXT)})
    die_at, status, opened = 0, 9, []
    while status == 9:
        die_at += 1
        status = _rotate_and_die(settings, SECRET, die_at)
        for number, each in enumerate((settings, outside)):
            try:
                with App.open(each) as app:
                    _check(app, key)
                    opened.append(number)
            except KeyringFailed:
                continue
        assert len(opened) == die_at
        assert _left(settings) == ({"instances"} if opened[-1] else {"master.key", "instances"})
        if opened[-1]:
            for path, content in kept.items():
                path.unlink(missing_ok=True)
                _files.write_private(path, content)
            for path in settings.data.glob("*.sqlite*"):
                path.unlink()
            database.write_bytes(data)
    assert status == 0
    assert opened == sorted(opened)
    assert set(opened) == {0, 1}


def test_a_commit_of_unknown_end_is_settled_at_the_next_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with App.open(settings) as app:
        key = _fill(app)
    for done in (False, True):
        with App.open(settings) as app:
            id_, rotate = app.instances._keyring.id, app._catalogue.keyring.rotate

            def broken(*given: Any, **more: Any) -> None:  # noqa: ANN401 - passed on
                if done:  # noqa: B023 - called within this round
                    rotate(*given, **more)  # noqa: B023
                raise StorageFailed("The connection broke.")

            monkeypatch.setattr(app._catalogue.keyring, "rotate", broken)
            with pytest.raises(StorageFailed):
                app.keys.rotate()
        with App.open(settings) as app:
            _check(app, key)
            assert (app.instances._keyring.id == id_) is not done
        assert _left(settings) == {"master.key", "instances"}


def test_an_instance_whose_key_is_missing_keeps_the_master_key_from_being_changed(settings: Settings) -> None:
    with App.open(settings) as app:
        key = _fill(app)
        lost = settings.key_directory / "instances" / f"{app.instances.get('a').uid}.key"
        content = lost.read_bytes()
        lost.unlink()
        with pytest.raises(KeyringFailed, match="keys of 1 instances"):
            app.keys.rotate()
        _files.write_private(lost, content)
        _check(app, key)
    assert _left(settings) == {"master.key", "instances"}


def _during_rotation(app: App, happens: Callable[[], object]) -> None:
    """Change the master key while something else happens, after all keys were wrapped and before that counts."""
    record = app._catalogue.keyring
    commit: Callable[..., None] = record.rotate

    def late(*given: object, **more: object) -> None:
        happens()
        commit(*given, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record, "rotate", late)
        app.keys.rotate()


def test_a_key_that_another_gateway_destroys_meanwhile_does_not_come_back(settings: Settings) -> None:
    with App.open(settings) as app:
        key = _fill(app)
        uid = app.instances.get("a").uid
        _during_rotation(app, lambda: app.instances.delete("a"))
        assert uid not in app.keys.held()
        assert [each.name for each in app.instances.list()] == ["b"]
        _check(app, key)
    assert _left(settings) == {"master.key", "instances"}
    assert not list(settings.key_directory.rglob(f"*{uid}*"))


def test_a_key_whose_file_another_gateway_removed_meanwhile_does_not_come_back(settings: Settings) -> None:
    with App.open(settings) as app:
        key = _fill(app)
        instance = app.instances.get("a")
        file = settings.key_directory / "instances" / f"{instance.uid}.key"

        def an_earlier_version_deletes() -> None:
            app._catalogue.delete_instance(instance.name)
            file.unlink()

        _during_rotation(app, an_earlier_version_deletes)
        assert not file.exists()
        _check(app, key)
    assert not list(settings.key_directory.rglob(f"*{instance.uid}*"))


def test_a_file_of_another_master_key_stays_when_the_one_in_use_lies_elsewhere(settings: Settings) -> None:
    outside = settings.model_copy(update={"master_key": SecretStr(TEXT)})
    with App.open(outside) as app:
        key = _fill(app)
        for content in (base64.b64encode(b"s" * 32) + b"\n", b"no key at all"):
            stray = settings.key_directory / "master.key"
            _files.write_private(stray, content)
            app.keys.rotate(os.urandom(32))
            assert stray.read_bytes() == content
            stray.unlink()
        _check(app, key)
    assert _left(settings) == {"instances"}


@pytest.mark.parametrize("look", ["held", "in_making", "needed"])
def test_a_key_of_an_instance_that_is_just_being_made_is_not_pruned(settings: Settings, look: str) -> None:
    """Another gateway ends making it while this one looks for keys without instance."""
    with App.open(settings) as app, ExitStack() as other:
        _fill(app)
        uid = other.enter_context(new_key(app._catalogue, app.instances._keyring))
        place: Any = app._catalogue.keyring if look == "in_making" else app.keys
        real = getattr(place, look)

        def then_it_is_made() -> object:
            found = real()
            spec = InstanceSpec("new", InstanceType.GENERIC)
            app._catalogue.create_instance(spec, uid=uid, index="faiss", model="a-model", dimension=8)
            other.close()
            return found

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(place, look, then_it_is_made)
            assert app.keys.prune() == []
        assert uid in app.keys.held()
        assert app.keys.prune() == []


def test_the_master_key_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMILIS_MASTER_KEY", TEXT)
    settings = Settings(data=tmp_path / "data")
    assert TEXT not in repr(settings)
    with App.open(settings) as app:
        key = _fill(app)
    assert _left(settings) == {"instances"}
    with App.open(settings) as app:
        _check(app, key)
    monkeypatch.setenv("SIMILIS_MASTER_KEY", base64.b64encode(b"k" * 32).decode())
    with pytest.raises(KeyringFailed, match="belong to other data"):
        App.open(Settings(data=tmp_path / "data"))
    monkeypatch.delenv("SIMILIS_MASTER_KEY")
    with pytest.raises(KeyringFailed, match="There are no keys"):
        App.open(Settings(data=tmp_path / "data"))


@pytest.mark.parametrize("text", ["", "short", TEXT[:-4], TEXT + "AAAA", "!" * 44])
def test_a_wrong_master_key_is_told_without_showing_it(tmp_path: Path, text: str) -> None:
    settings = Settings(data=tmp_path / "data", master_key=SecretStr(text))
    with pytest.raises(KeyringFailed, match="SIMILIS_MASTER_KEY is damaged") as raised:
        App.open(settings)
    assert not text or text not in str(raised.value) + raised.value.hint


def test_the_master_key_comes_from_a_command(tmp_path: Path) -> None:
    file = tmp_path / "a file"
    file.write_text(TEXT + "\n")
    settings = Settings(data=tmp_path / "data", master_key_command=f"cat '{file}'")
    with App.open(settings) as app:
        key = _fill(app)
    assert _left(settings) == {"instances"}
    with App.open(settings.model_copy(update={"master_key_command": None, "master_key": SecretStr(TEXT)})) as app:
        _check(app, key)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("", "could not be started"),
        ("cat '", "could not be started"),
        ("/no/such/program", "could not be started"),
        ("false", "ended with status 1"),
        (f"{sys.executable} -c \"print('{TEXT}'); raise SystemExit(3)\"", "ended with status 3"),
        (f"echo {TEXT} {TEXT}", "damaged"),
        (f"sh -c 'echo {TEXT[:-3]}; echo {TEXT} >&2'", "damaged"),
        ("sleep 60", "had not ended"),
    ],
)
def test_a_command_that_gives_no_key_is_told_without_what_it_printed(
    tmp_path: Path, command: str, why: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("similis.privacy._master._PATIENCE", 2.0)
    with pytest.raises(KeyringFailed, match=why) as raised:
        App.open(Settings(data=tmp_path / "data", master_key_command=command))
    said = str(raised.value) + raised.value.hint + "".join(capfd.readouterr())
    assert TEXT[:20] not in said


def test_two_sources_are_one_too_many(tmp_path: Path) -> None:
    with pytest.raises(KeyringFailed, match="both set"):
        App.open(Settings(data=tmp_path / "data", master_key=SecretStr(TEXT), master_key_command="cat"))


@pytest.mark.parametrize(("keys", "data"), [("data/keys", "data"), ("data", "data"), ("keys", "keys/data")])
def test_keys_and_data_that_lie_in_each_other_are_refused(tmp_path: Path, keys: str, data: str) -> None:
    with pytest.raises(KeyringFailed, match="lie in each other"):
        App.open(Settings(data=tmp_path / data, keys=tmp_path / keys))
    assert not list(tmp_path.rglob("*.key"))


def test_a_link_does_not_hide_that_keys_lie_in_the_data(tmp_path: Path) -> None:
    (tmp_path / "data" / "keys").mkdir(parents=True, mode=0o700)
    (tmp_path / "elsewhere").symlink_to(tmp_path / "data" / "keys")
    (tmp_path / "link").symlink_to(tmp_path / "data")
    for keys, data in (("elsewhere", "data"), ("link/keys", "data"), ("data/keys", "link")):
        with pytest.raises(KeyringFailed, match="lie in each other"):
            App.open(Settings(data=tmp_path / data, keys=tmp_path / keys))


def test_another_gateway_with_the_old_master_key_fails_clearly(settings: Settings, postgres_url: str) -> None:
    def place(number: int) -> Settings:
        data = settings.data.with_name(f"data{number}")
        return settings.model_copy(
            update={"data": data, "keys": settings.key_directory, "catalogue": SecretStr(postgres_url)}
        )

    with App.open(place(0)) as app, App.open(place(1)) as old:
        key = _fill(app)
        old.instances._keyring.instance(old.instances.get("a").uid)
        app.keys.rotate()
        _check(app, key)
        with pytest.raises(KeyringFailed, match="another key"):
            old.access.authenticate(key.key.id, key.secret)
        for change in (
            lambda: old.bulk.create(InstanceSpec("c", InstanceType.GENERIC), "a-model", 8),
            lambda: old.access.create(Role.READER),
            lambda: old.connections.create(Connection("s3", Provider.S3, bucket="pictures"), _CREDENTIALS),
            old.keys.rotate,
        ):
            with pytest.raises(KeyringFailed, match=r"changed meanwhile|another key"):
                change()
        assert [each.name for each in app.instances.list()] == ["a", "b"]
        _check(app, key)
    with App.open(place(2)) as app:
        _check(app, key)
