import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.importing import SOURCE, add_line, connect, write_bucket

from similis.domain import (
    Connection,
    ConnectionExists,
    ConnectionNotFound,
    Credentials,
    ImportSource,
    InstanceNotFound,
    InstanceSpec,
    InvalidInput,
    PermissionDenied,
    Provider,
    TaskRunning,
)
from similis.service import App, Settings

Draw = Callable[..., bytes]
SECRET = Credentials("AKIDEXAMPLE", "the-secret-of-the-bucket", "the-token-of-the-session")


def test_credentials_are_kept_encrypted_and_given_to_sources_only(app: App, settings: Settings) -> None:
    made = app.connections.create(Connection("cloud", Provider.S3, endpoint="http://127.0.0.1:9", region="r"), SECRET)
    assert made.access_key_id == "AKIDEXAMPLE"
    assert made == app.connections.get("cloud") == app.connections.list()[0]
    assert app.connections.spec("cloud", "buck").credentials == SECRET
    app.close()
    files = [path.read_bytes() for path in settings.data.rglob("*") if path.is_file()]
    assert not any(text in data for data in files for text in (b"the-secret-of", b"the-token-of"))
    assert any(b"AKIDEXAMPLE" in data for data in files)
    assert "the-secret-of" not in repr(SECRET)


def test_sealed_credentials_of_one_connection_do_not_open_for_another(app: App) -> None:
    app.connections.create(Connection("one", Provider.S3), SECRET)
    sealed = app._catalogue.connections.get("one")[1]
    app._catalogue.connections.add(
        Connection("two", Provider.S3, created_at=app.connections.get("one").created_at), sealed
    )
    with pytest.raises(Exception, match="altered or belongs to another key"):
        app.connections.spec("two", "buck")


def test_names_are_taken_once_and_free_again(app: App) -> None:
    app.connections.create(Connection("c", Provider.S3))
    with pytest.raises(ConnectionExists):
        app.connections.create(Connection("c", Provider.OSS))
    app.connections.delete("c")
    for ask in (app.connections.get, app.connections.delete, app.connections.check):
        with pytest.raises(ConnectionNotFound):
            ask("c")
    app.connections.create(Connection("c", Provider.OSS))


def test_only_operators_name_any_directory(tmp_path: Path, settings: Settings) -> None:
    allowed = tmp_path / "allowed"
    (allowed / "shop").mkdir(parents=True)
    (allowed / "out").symlink_to("/etc")
    roots = {"a": allowed, "b": allowed / "shop", "c": allowed / "out", "d": tmp_path, "e": Path("/")}
    with App.open(settings.model_copy(update={"import_roots": (allowed,)})) as app:
        for name, root in roots.items():
            connection = Connection(name, Provider.FILE, root=str(root))
            if name in {"a", "b"}:
                app.connections.create(connection)
            else:
                with pytest.raises(PermissionDenied):
                    app.connections.create(connection)
        app.connections.create(Connection("e", Provider.FILE, root="/"), operator=True)
    with App.open(settings) as app, pytest.raises(PermissionDenied):
        app.connections.create(Connection("f", Provider.FILE, root=str(allowed)))


def test_a_directory_has_no_credentials(app: App) -> None:
    with pytest.raises(InvalidInput):
        app.connections.create(Connection("c", Provider.FILE, root="/srv"), SECRET, operator=True)


def test_a_connection_for_some_instances_serves_no_others(app: App, tmp_path: Path) -> None:
    for name in ("mine", "yours"):
        app.instances.create(InstanceSpec(name))
    with pytest.raises(InstanceNotFound):
        app.connections.create(Connection("c", Provider.FILE, root="/", instances=("nobody",)), operator=True)
    app.connections.create(Connection("c", Provider.FILE, root=str(tmp_path), instances=("mine",)), operator=True)
    app.transfers.start_import("mine", ImportSource("c", None, "/"))
    told = set()
    for name in ("c", "d"):
        for bucket in (None, "a/b"):
            with pytest.raises(ConnectionNotFound) as caught:
                app.transfers.start_import("yours", ImportSource(name, bucket, "/"))
            told.add(str(caught.value).replace(repr(name), ""))
    assert len(told) == 1, "one of another instance is told from one that is not there"
    with pytest.raises(TaskRunning):
        app.connections.delete("c")


def test_a_bucket_finds_its_connection(app: App, tmp_path: Path) -> None:
    for name in ("mine", "yours"):
        app.instances.create(InstanceSpec(name))
    (tmp_path / "folder").mkdir()
    app.connections.create(Connection("a-any", Provider.S3, instances=("yours",)))
    app.connections.create(Connection("b-named", Provider.S3, bucket="pictures"))
    app.connections.create(Connection("c-folder", Provider.FILE, root=str(tmp_path)), operator=True)
    serving = app.transfers.connection_for
    assert serving("mine", "pictures") == serving("yours", "pictures") == "b-named"
    assert (serving("mine", "folder"), serving("yours", "folder")) == ("c-folder", "a-any")
    assert serving("mine", "elsewhere") is None
    (tmp_path / "1").mkdir()
    assert serving("mine", "1") == "c-folder"
    for name in ("../etc", "..", ".", "", "folder/", "a\0", "x" * 400, "\ud800"):
        assert serving("mine", name) is None
        assert serving("yours", name) is None


def test_a_check_says_what_is_missing(app: App, tmp_path: Path, draw: Draw) -> None:
    connect(app, tmp_path)
    write_bucket(tmp_path, [add_line("p", "a.png")], {"a.png": draw(1)})
    checks = app.connections.check(SOURCE.connection, bucket=SOURCE.bucket, path=SOURCE.path)
    assert all(each.good for each in checks)
    *good, bad = app.connections.check(SOURCE.connection, bucket=SOURCE.bucket, path="/nowhere")
    assert all(each.good for each in good)
    assert (bad.good, bad.code) == (False, "path_not_found")
    assert json.dumps(bad.message)
