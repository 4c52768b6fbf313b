"""Files of indexes that are damaged, exchanged, of another time or cannot be written: never a wrong answer."""

import json
import os
import random
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.faults.service_child import settings
from tests.shadow import SHOP, Add, Delete, Operation, Seal, Shadow, Update, compare, embedded, make_shop

from similis.domain import DataDirectoryLocked, PictureKey, StorageFailed
from similis.service import App

_ROOT = Path(__file__).parents[2]
_FILES = ("columns.enc", "vectors.enc", "lists.enc", "cells.enc", "segment.json")
_HARMS = ("bit", "bytes", "page", "cut", "gone")
_REBUILT = "built anew"
_OTHER = "other"
_MORE: list[Operation] = [
    Add((PictureKey("product 3", "1"), PictureKey("product 9", "new")), 30),
    Delete("product 1", "7"),
    Update(PictureKey("product 2", "5"), 9, "b"),
]


@dataclass
class Filled:
    """A data directory beside its keys, and what is in its shops."""

    data: Path
    shadows: dict[str, Shadow]

    @classmethod
    def make(cls, directory: Path) -> "Filled":
        """Two shops with the same keys and other pictures, most of them in segments."""
        filled = cls(directory / "data", {SHOP: Shadow(), _OTHER: Shadow()})
        with App.open(settings(filled.data)) as app:
            for name in filled.shadows:
                make_shop(app, name)
        filled.do(SHOP, [*_additions(8, version=1), Seal(), *_MORE])
        filled.do(_OTHER, [*_additions(6, version=2), Seal(), *_MORE])
        return filled

    def copied(self, directory: Path) -> "Filled":
        shutil.copytree(self.data.parent, directory)
        return Filled(directory / self.data.name, {name: each.copy() for name, each in self.shadows.items()})

    def do(self, name: str, operations: list[Operation]) -> None:
        with App.open(settings(self.data)) as app:
            for operation in operations:
                operation.run(app, name)
                operation.note(self.shadows[name])

    def segments(self) -> dict[str, Path]:
        """The directories of the segments by instance."""
        with App.open(settings(self.data)) as app:
            uids = {each.spec.name: each.uid for each in app.instances.list()}
        return {name: next((self.data / "index" / uid / "features").iterdir()) for name, uid in uids.items()}

    def check(self) -> None:
        """Compare all instances with what they must be."""
        with App.open(settings(self.data)) as app:
            for name, shadow in self.shadows.items():
                compare(app, shadow, random.Random(1), name)  # noqa: S311 - no secret


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    return Filled.make(tmp_path_factory.mktemp("original"))


@pytest.fixture
def filled(original: Filled, tmp_path: Path) -> Filled:
    return original.copied(tmp_path / "copy")


@pytest.mark.parametrize("file", _FILES)
@pytest.mark.parametrize("harm", _HARMS)
def test_a_damaged_file_is_noticed(filled: Filled, file: str, harm: str, caplog: pytest.LogCaptureFixture) -> None:
    path, chance = filled.segments()[SHOP] / file, random.Random(f"{file} {harm}")  # noqa: S311 - no secret
    if harm == "gone":
        path.unlink()
    else:
        path.write_bytes(_harmed(path.read_bytes(), harm, chance))
    filled.check()
    assert _REBUILT in caplog.text
    caplog.clear()
    filled.check()
    assert _REBUILT not in caplog.text


def test_a_segment_of_another_version_leads_to_a_rebuild(filled: Filled, caplog: pytest.LogCaptureFixture) -> None:
    manifest = filled.segments()[SHOP] / "segment.json"
    content, digest = json.loads(manifest.read_text())
    content["format"] -= 1
    manifest.write_text(json.dumps([content, digest]))
    filled.check()
    assert "of another version" in caplog.text


@pytest.mark.parametrize("file", _FILES)
def test_bits_that_a_disk_forgot_are_noticed(filled: Filled, file: str, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing but the content tells of it. The vectors are too many to be read whenever they are opened."""
    path = filled.segments()[SHOP] / file
    times, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    with App.open(settings(filled.data)) as app:
        with pytest.raises(StorageFailed, match="index of instance 'shop'"):
            app.verify()
        if file == "vectors.enc":
            app.instances.rebuild(SHOP)
            app.verify()
    filled.check()
    assert (_REBUILT in caplog.text) is (file != "vectors.enc")


@pytest.mark.parametrize("content", [b"", b"\xff\x00", b"0123456789abcdeX"])
def test_a_damaged_name_of_the_index_directory_leads_to_a_rebuild(filled: Filled, content: bytes) -> None:
    (filled.data / "index" / "identity").write_bytes(content)
    filled.check()
    assert (filled.data / "index" / "identity").read_bytes() != content


@pytest.mark.parametrize("file", _FILES)
def test_a_file_of_another_segment_is_noticed(filled: Filled, file: str, caplog: pytest.LogCaptureFixture) -> None:
    one, other = (each / file for each in filled.segments().values())
    _exchange(one, other)
    filled.check()
    assert caplog.text.count(_REBUILT) == 2


def test_segments_exchanged_between_instances_are_noticed(filled: Filled, caplog: pytest.LogCaptureFixture) -> None:
    _exchange(*filled.segments().values())
    filled.check()
    assert caplog.text.count(_REBUILT) == 2


def test_files_that_only_changed_their_time_are_used(filled: Filled, caplog: pytest.LogCaptureFixture) -> None:
    for path in filled.data.glob("index/*/*/*/*"):
        os.utime(path)
    filled.check()
    assert _REBUILT not in caplog.text


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed anew since", "same segment"])
@pytest.mark.parametrize("older", ["index", "catalogue"])
def test_index_and_catalogue_of_different_times_do_not_mislead(
    filled: Filled, tmp_path: Path, older: str, sealed: bool
) -> None:
    backup = filled.copied(tmp_path / "backup")
    later: list[Operation] = [Add((PictureKey("product 4", "2"),), 40), Delete("product 5", "3")]
    for name in filled.shadows:
        filled.do(name, [*later, Seal()] if sealed else later)
    if older == "index":
        _replace(filled.data / "index", backup.data / "index")
        filled.check()
    else:
        _replace(backup.data / "index", filled.data / "index")
        backup.check()
        # Sequences and ids that both have given now mean other pictures in each.
        backup.do(SHOP, [Add((PictureKey("product 6", "8"), PictureKey("product 0", "1")), 50), Seal()])
        backup.check()


def test_an_index_directory_that_is_gone_is_made_anew(filled: Filled) -> None:
    shutil.rmtree(filled.data / "index")
    filled.check()


def test_what_accidents_left_is_cleared_away(filled: Filled) -> None:
    segment = filled.segments()[SHOP]
    left = [
        segment.with_name("never finished"),
        segment.parent.with_name("tuned-0123"),
        filled.data / "index" / "gone",
    ]
    for path in left:
        (path / "inside").mkdir(parents=True)
    filled.check()
    assert segment.exists()
    assert not left[0].exists()
    assert list(left[1].iterdir()) == []
    assert not left[2].exists()


def test_an_index_is_rebuilt_while_it_writes_segments(filled: Filled, caplog: pytest.LogCaptureFixture) -> None:
    with App.open(settings(filled.data)) as app, ThreadPoolExecutor() as pool:
        for _ in range(5):
            writing = pool.submit(embedded(app).seal)
            app.instances.rebuild(SHOP)
            writing.result()
    filled.check()
    assert "could not be written" not in caplog.text
    assert _REBUILT not in caplog.text


def test_a_rebuild_lasts_though_the_service_is_closed_at_once(filled: Filled) -> None:
    """What is on disk afterwards has nothing of the segment before, which may be why it was asked for."""
    before = filled.segments()[SHOP]
    with App.open(settings(filled.data)) as app:
        app.instances.rebuild(SHOP)
    assert filled.segments()[SHOP] != before
    filled.check()
    filled.do(SHOP, [Delete(f"product {number}") for number in range(3, 8)])
    with App.open(settings(filled.data)) as app:
        assert embedded(app).about() is not None
        app.instances.rebuild(SHOP)
    assert not list(filled.data.glob(f"index/{before.parts[-3]}/*/*"))
    filled.check()


def test_a_second_process_gets_an_error_and_harms_nothing(filled: Filled, caplog: pytest.LogCaptureFixture) -> None:
    with App.open(settings(filled.data)) as app:
        held = sorted(filled.data.rglob("*"))
        with pytest.raises(DataDirectoryLocked, match="in use"):
            App.open(settings(filled.data))
        assert sorted(filled.data.rglob("*")) == held
        compare(app, filled.shadows[SHOP], random.Random(1))  # noqa: S311 - no secret
    filled.check()
    assert _REBUILT not in caplog.text


@pytest.mark.slow
def test_a_full_disk_while_a_segment_is_written_loses_nothing(filled: Filled) -> None:
    said = _run("full", filled.data)
    assert said == [*["not written"] * 3, "right", "written"]
    for operation in [*(Delete(f"product {number}") for number in range(4, 8)), *_additions(2, version=60)]:
        operation.note(filled.shadows[SHOP])
    filled.check()


@pytest.mark.parametrize("mode", ["readonly", "unusable"])
def test_an_index_directory_that_cannot_be_written(public_directory: Path, original: Filled, mode: str) -> None:
    filled = original.copied(public_directory / "copy")
    (public_directory / "copy").chmod(0o755)
    said = _run(mode, filled.data)
    if mode == "readonly":
        assert said == ["added", "right"]
    else:
        assert said == [f"The directory {filled.data / 'index'} cannot be used: Permission denied.",
                        "Check that this user may write there."]  # fmt: skip


def _additions(products: int, version: int) -> list[Operation]:
    names = [str(name) for name in range(40)]
    return [Add(tuple(PictureKey(f"product {each}", name) for name in names), version) for each in range(products)]


def _harmed(sound: bytes, harm: str, chance: random.Random) -> bytes:
    content, place = bytearray(sound), chance.randrange(len(sound))
    if harm == "bit":
        content[place] ^= 1 << chance.randrange(8)
    elif harm == "bytes":
        content[place : place + 8] = bytes(255 - each for each in content[place : place + 8])
    elif harm == "page":
        start = place - place % 4096
        content[start : start + 4096] = bytes(len(content[start : start + 4096]))
    else:
        del content[place:]
    return bytes(content)


def _exchange(one: Path, other: Path) -> None:
    between = one.with_name("between")
    one.rename(between)
    other.rename(one)
    between.rename(other)


def _replace(directory: Path, source: Path) -> None:
    shutil.rmtree(directory)
    shutil.copytree(source, directory)


def _run(mode: str, data: Path) -> list[str]:
    command = [sys.executable, "-m", "tests.faults.service_child", mode, str(data)]
    ended = subprocess.run(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True, timeout=120, check=True)
    return ended.stdout.splitlines()
