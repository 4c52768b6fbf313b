"""Opening, closing, reopening; instances; the owner of a data directory."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from similis.algorithm import Pipeline
from similis.catalogue import Catalogue, FeatureSealer, sqlite_url
from similis.domain import (
    CapacityReached,
    DataDirectoryLocked,
    FeatureModelMismatch,
    InstanceExists,
    InstanceNotFound,
    InstanceSpec,
    InstanceType,
    InvalidInput,
    InvalidManifest,
    KeyringFailed,
    ModelNotFetched,
    PictureKey,
    StorageFailed,
)
from similis.privacy import Keyring
from similis.service import App, Settings, SubjectMode, examine

Draw = Callable[..., bytes]
GENERIC = InstanceSpec("g", InstanceType.GENERIC)


def test_everything_acknowledged_is_there_after_reopening(settings: Settings, pipeline: Pipeline, draw: Draw) -> None:
    with App.open(settings, pipeline) as app:
        app.instances.create(GENERIC)
        app.pictures.add("g", draw(1), PictureKey("p", "a"), crop=False, custom_content="kept")
        before = app.search.by_picture("g", draw(1), crop=False).matches
    with App.open(settings, pipeline) as app:
        assert app.search.by_picture("g", draw(1), crop=False).matches == before
        assert before[0].score == 1.0


def test_a_second_owner_is_refused_and_told_who_holds_it(settings: Settings, pipeline: Pipeline) -> None:
    with App.open(settings, pipeline):
        script = (
            "from similis.service import App, Settings\n"
            "from similis.domain import DataDirectoryLocked\n"
            f"try: App.open(Settings(data={str(settings.data)!r}))\n"
            "except DataDirectoryLocked as error: print(error.message, error.hint)\n"
        )
        answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "process" in answer
    assert "--endpoint" in answer
    App.open(settings, pipeline).close()


def test_the_same_process_cannot_open_it_twice_either(app: App) -> None:
    with pytest.raises(DataDirectoryLocked):
        App.open(app.settings)


def test_data_without_its_keys_is_refused(settings: Settings, pipeline: Pipeline, tmp_path: Path) -> None:
    App.open(settings, pipeline).close()
    App.open(Settings(data=tmp_path / "other"), pipeline).close()
    with pytest.raises(KeyringFailed, match="belong to other data"):
        App.open(settings.model_copy(update={"keys": tmp_path / "other.keys"}))
    shutil.rmtree(settings.key_directory)
    with pytest.raises(KeyringFailed):
        App.open(settings)


def test_an_opening_that_failed_leaves_nothing_open(settings: Settings, pipeline: Pipeline, tmp_path: Path) -> None:
    manifests = tmp_path / "models" / "manifests"
    manifests.mkdir(parents=True)
    (manifests / "mine.json").write_text("{")
    with pytest.raises(InvalidManifest):
        App.open(settings.model_copy(update={"models": tmp_path / "models"}))
    App.open(settings, pipeline).close()


def test_a_closed_service_writes_nothing_behind_the_next_owner(settings: Settings, pipeline: Pipeline) -> None:
    with App.open(settings, pipeline) as app:
        app.instances.create(GENERIC)
    for use in (app.instances.list, lambda: app.instances.delete("g"), app.access.operator_key):
        with pytest.raises(StorageFailed, match="closed"):
            use()


def test_others_cannot_look_into_the_data_directory(app: App) -> None:
    assert stat.S_IMODE(app.settings.data.stat().st_mode) == 0o700


def test_a_data_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFailed, match="cannot be used"):
        App.open(Settings(data=tmp_path / "file" / "data"))


def test_keys_and_custom_content_are_not_readable_in_the_data_directory(
    settings: Settings, pipeline: Pipeline, draw: Draw
) -> None:
    with App.open(settings, pipeline) as app:
        secret = app.access.operator_key().secret
        app.instances.create(GENERIC)
        app.pictures.add("g", draw(1), PictureKey("p", "a"), custom_content="very private words")
    stored = b"".join(path.read_bytes() for path in settings.data.rglob("*") if path.is_file())
    assert secret.encode() not in stored
    assert b"very private words" not in stored
    assert settings.data not in settings.key_directory.parents


def test_instances_are_listed_and_deleted_with_their_key(app: App, draw: Draw) -> None:
    app.instances.create(GENERIC)
    app.pictures.add("g", draw(1), PictureKey("p", "a"), crop=False)
    with pytest.raises(InstanceExists):
        app.instances.create(GENERIC)
    keys = app.settings.key_directory / "instances"
    assert len(list(keys.iterdir())) == 1
    app.instances.delete("g")
    assert list(keys.iterdir()) == []
    with pytest.raises(InstanceNotFound):
        app.search.by_picture("g", draw(1), crop=False)
    assert app.instances.create(GENERIC).picture_count == 0
    assert app.search.by_picture("g", draw(1), crop=False).matches == []


def test_a_key_outlives_no_accident_in_a_deletion(
    settings: Settings, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = settings.key_directory / "instances"
    with App.open(settings, pipeline) as app, monkeypatch.context() as patch:
        app.instances.create(GENERIC)
        patch.setattr(Keyring, "destroy_instance", _no_key_can_be_destroyed)
        with pytest.raises(KeyringFailed):
            app.instances.delete("g")
        assert app.instances.list() == []
    assert len(list(keys.iterdir())) == 1
    with monkeypatch.context() as patch:
        patch.setattr(Keyring, "destroy_instance", _no_key_can_be_destroyed)
        App.open(settings, pipeline).close()
    with App.open(settings, pipeline) as app:
        assert list(keys.iterdir()) == []
        app.instances.create(GENERIC)
    App.open(settings, pipeline).close()
    assert len(list(keys.iterdir())) == 1


def _no_key_can_be_destroyed(_keyring: Keyring, _uid: str) -> None:
    raise KeyringFailed("The key directory cannot be used.")


def test_an_unknown_index_is_refused(app: App) -> None:
    with pytest.raises(InvalidInput, match="annoy"):
        app.instances.create(GENERIC, index="annoy")


def test_a_full_instance_refuses_new_pictures_but_replaces_old_ones(app: App, draw: Draw) -> None:
    app.instances.create(InstanceSpec("g", InstanceType.GENERIC, capacity=1))
    app.pictures.add("g", draw(1), PictureKey("p", "a"), crop=False)
    with pytest.raises(CapacityReached):
        app.pictures.add("g", draw(2), PictureKey("p", "b"), crop=False)
    assert app.pictures.add("g", draw(2), PictureKey("p", "a"), crop=False).replaced
    assert app.instances.get("g").picture_count == 1


def test_rebuilding_the_index_changes_no_answer(app: App, draw: Draw) -> None:
    app.instances.create(GENERIC)
    for product in range(4):
        app.pictures.add("g", draw(product), PictureKey(f"p{product}", "a"), crop=False)
    app.pictures.delete("g", "p2")
    before = app.search.by_picture("g", draw(1), crop=False).matches
    assert app.instances.rebuild("g").picture_count == 3
    assert app.search.by_picture("g", draw(1), crop=False).matches == before


def test_features_of_another_model_are_not_mixed(settings: Settings, pipeline: Pipeline, draw: Draw) -> None:
    App.open(settings, pipeline).close()

    class _NoSealer:
        def seal(self, instance_uid: str, text: str) -> bytes:
            raise AssertionError(instance_uid, text)

        def unseal(self, instance_uid: str, sealed: bytes) -> str:
            raise AssertionError(instance_uid, sealed)

        def features(self, instance_uid: str) -> FeatureSealer:
            raise AssertionError(instance_uid)

    catalogue = Catalogue.open(sqlite_url(settings.data / "catalogue.sqlite"), _NoSealer())
    catalogue.create_instance(GENERIC, uid="0" * 32, index="faiss", model="older", dimension=8)
    catalogue.close()
    with App.open(settings, pipeline) as app, pytest.raises(FeatureModelMismatch, match="older"):
        app.pictures.add("g", draw(1), PictureKey("p", "a"), crop=False)


def test_missing_models_are_explained(tmp_path: Path, draw: Draw) -> None:
    with App.open(Settings(data=tmp_path / "data", models=tmp_path / "models")) as app:
        with pytest.raises(ModelNotFetched) as caught:
            app.search.compare(draw(1), draw(2))
        assert "similis models fetch" in caught.value.hint
        assert not app.ready()


def test_the_doctor_finds_missing_models_and_misplaced_keys(settings: Settings, tmp_path: Path) -> None:
    assert all(finding.good for finding in examine(settings))
    ill = settings.model_copy(update={"models": tmp_path / "none", "keys": settings.data / "keys"})
    bad = {finding.check for finding in examine(ill) if not finding.good}
    assert bad == {"Model efficientnet-lite2", "Key directory outside the data"}
    precise = ill.model_copy(update={"subject_finder": SubjectMode.PRECISE})
    assert "Model u2netp" in {finding.check for finding in examine(precise) if not finding.good}
    assert not settings.data.exists()
    settings.data.mkdir()
    examine(ill)
    assert not list(settings.data.iterdir())


def test_the_doctor_looks_for_directories_to_import_from(settings: Settings, tmp_path: Path) -> None:
    roots = settings.model_copy(update={"import_roots": (tmp_path, tmp_path / "none")})
    findings = {each.found: each.good for each in examine(roots) if each.check == "Directory to import from"}
    assert findings == {str(tmp_path): True, f"{tmp_path / 'none'} cannot be read": False}


def test_the_doctor_finds_a_manifest_that_cannot_be_read(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "models" / "manifests").mkdir(parents=True)
    (tmp_path / "models" / "manifests" / "mine.json").write_text("{")
    findings = examine(settings.model_copy(update={"models": tmp_path / "models"}))
    [bad] = [finding for finding in findings if not finding.good]
    assert "mine.json" in bad.found


def test_the_doctor_verifies_what_opening_would_trust(
    settings: Settings, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    App.open(settings, pipeline).close()

    def damaged(_catalogue: Catalogue) -> None:
        raise StorageFailed("damaged for the test")

    monkeypatch.setattr(Catalogue, "verify", damaged)
    App.open(settings, pipeline).close()
    [found] = [finding for finding in examine(settings) if finding.check == "Data directory"]
    assert (found.good, found.found) == (False, "damaged for the test")
