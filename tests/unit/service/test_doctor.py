"""The doctor finds the commonest mistakes of a set-up, each of them made for real where that can be done."""

from __future__ import annotations

import os
import resource
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from similis.algorithm import Pipeline
from similis.engine import MilvusServer
from similis.service import App, Finding, Settings, examine
from similis.service import _check_machine as machine
from similis.service._check_places import file_system

Examined = Callable[..., dict[str, Finding]]
_MODEL = "Model efficientnet-lite2"


@pytest.fixture
def made(settings: Settings, pipeline: Pipeline) -> Settings:
    """Settings whose data are there."""
    App.open(settings, pipeline).close()
    return settings


@pytest.fixture
def models(settings: Settings, tmp_path: Path) -> Path:
    """A directory of models of the test's own; the big files are the same."""
    own = tmp_path / "models"
    shutil.copytree(settings.models, own, copy_function=os.link)
    return own


def examined(settings: Settings, **changes: object) -> dict[str, Finding]:
    return {each.check: each for each in examine(settings.model_copy(update=changes))}


def bad(settings: Settings, **changes: object) -> dict[str, Finding]:
    """What is not good, advice too."""
    return {check: each for check, each in examined(settings, **changes).items() if not each.good}


def test_a_good_set_up_is_found_good(made: Settings) -> None:
    assert not bad(made)


def test_a_changed_model(made: Settings, models: Path) -> None:
    file = next(models.glob("efficientnet-lite2-*.onnx"))
    whole = file.read_bytes()
    file.unlink()
    file.write_bytes(whole[:-1] + b"?")
    assert "has changed" in bad(made, models=models)[_MODEL].found


def test_a_missing_model(made: Settings, models: Path) -> None:
    next(models.glob("efficientnet-lite2-*.onnx")).unlink()
    assert "similis models fetch" in bad(made, models=models)[_MODEL].to_do


def test_models_that_are_no_directory(made: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be used" in bad(made, models=tmp_path / "file")["Models"].found


def test_keys_that_are_gone(made: Settings) -> None:
    made.key_directory.rename(made.key_directory.with_name("elsewhere"))
    assert set(bad(made)) == {"Keys", "Data directory"}
    assert not made.key_directory.exists()


def test_keys_that_others_can_read(made: Settings) -> None:
    made.key_directory.chmod(0o755)
    assert "open to other users" in bad(made)["Keys"].found


def test_keys_of_other_data(made: Settings, pipeline: Pipeline, tmp_path: Path) -> None:
    other = Settings(data=tmp_path / "other")
    App.open(other, pipeline).close()
    assert "belong to other data" in bad(made, keys=other.key_directory)["Data directory"].found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_data_of_another_user(made: Settings) -> None:
    os.chown(made.data / "catalogue.sqlite", 12345, 12345)
    assert bad(made)["Owner of the data"].found.endswith(f"belongs to user 12345, this is user {os.geteuid()}")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_data_that_cannot_be_written(made: Settings) -> None:
    made.data.chmod(0o500)
    try:
        assert "chown" in bad(made)["Owner of the data"].to_do
    finally:
        made.data.chmod(0o700)


def test_a_clock_that_was_set_back(made: Settings) -> None:
    later = time.time() + 7200
    os.utime(made.data / "catalogue.sqlite", (later, later))
    assert "2.0 hours later" in bad(made)["Clock"].found


def test_damaged_data(made: Settings) -> None:
    (made.data / "catalogue.sqlite").write_bytes(b"no database" * 1000)
    assert "Data directory" in bad(made)


def test_extras_that_are_missing(made: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("similis.service._doctor.find_spec", lambda _name: None)
    found = bad(made, otlp_endpoint="http://127.0.0.1:9")
    assert found["Extra telemetry"].to_do == "Run: pip install 'similis[telemetry]'."


def test_a_milvus_server_that_is_away(made: Settings) -> None:
    found = bad(made, milvus_uri="http://127.0.0.1:9", milvus_timeout=0.2)
    assert set(found) == {"Milvus"}
    assert "SIMILIS_MILVUS_URI" in found["Milvus"].to_do


@pytest.mark.parametrize(
    ("version", "good"), [("2.2.16", False), ("2.3.5", True), ("master-20260101", True)], ids=["old", "new", "build"]
)
def test_a_milvus_server_that_is_too_old(
    made: Settings, monkeypatch: pytest.MonkeyPatch, version: str, good: bool
) -> None:
    monkeypatch.setattr(MilvusServer, "version", lambda _: version)
    monkeypatch.setattr(MilvusServer, "collections", lambda _self, _prefix: [])
    found = examined(made, milvus_uri="http://127.0.0.1:9")["Milvus"]
    assert (found.good, found.found.startswith(version)) == (good, True)


def test_a_database_that_is_away(made: Settings) -> None:
    found = bad(made, catalogue=SecretStr("postgresql://similis@127.0.0.1:9/similis"))
    assert "Data directory" in found
    assert "File system of the data" not in examined(made, catalogue=SecretStr("postgresql://s@127.0.0.1:9/s"))


def test_too_little_memory(made: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 2000000 kB\nMemAvailable:     300000 kB\n")
    monkeypatch.setattr(machine, "_MEMORY", tmp_path / "meminfo")
    assert bad(made)["Free memory"].found == "307 MB"


def test_a_container_with_too_little_memory(made: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "memory.max").write_text("500000000\n")
    (tmp_path / "memory.current").write_text("200000000\n")
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    assert bad(made)["Free memory"].found == "300 MB"


def test_too_few_files(made: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _which: (256, 1024))
    assert "LimitNOFILE" in bad(made)["Open files"].to_do


def test_more_pictures_at_once_than_processors_is_advised_against(made: Settings) -> None:
    found = bad(made, threads=4096)["Processors"]
    assert not found.bad
    assert "SIMILIS_THREADS=" in found.to_do


def test_swap_in_clear_is_advised_against(made: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    swaps = tmp_path / "swaps"
    swaps.write_text("Filename Type Size Used Priority\n/swapfile file 2097148 0 -2\n/dev/zram0 partition 1 0 100\n")
    monkeypatch.setattr(machine, "_SWAPS", swaps)
    found = bad(made)["Swap"]
    assert (found.found, found.bad) == ("/swapfile is in use, and not known to be encrypted", False)


def test_a_file_system_over_a_network(made: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/vda1 / ext4 rw 0 0\nstore:/export {tmp_path} nfs4 rw 0 0\n")
    monkeypatch.setattr("similis.service._check_places._MOUNTS", mounts)
    assert bad(made)["File system of the data"].found == "nfs4"


def test_the_nearest_mount_is_the_one_that_counts(tmp_path: Path) -> None:
    spaced = tmp_path / "a b"
    (spaced / "data").mkdir(parents=True)
    mounts = tmp_path / "mounts"
    rows = ("/ ext4", f"{tmp_path} tmpfs", f"{tmp_path}/a\\040b cifs", "/nowhere nfs")
    mounts.write_text("".join(f"device {row} rw 0 0\n" for row in rows))
    assert file_system(spaced / "data", mounts) == "cifs"
    assert file_system(tmp_path, mounts) == "tmpfs"
    assert file_system(tmp_path, tmp_path / "none") == "unknown"
