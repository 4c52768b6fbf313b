"""There is no way out of the directory of a file connection, and what is no regular file is none."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from similis.domain import BucketNotFound, Connection, ObjectNotFound, Provider, SourceFailed, SourceUnreachable
from similis.transfer import Source, SourceSpec

SECRET = b"what nobody may read"
PARTS = st.sampled_from(["..", ".", "pictures", "a.jpg", "out", "into", "up", "", "outside", "secret", "\0"])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with a bucket, beside which there is something that must not be read."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_bytes(SECRET)
    bucket = tmp_path / "root" / "pictures"
    bucket.mkdir(parents=True)
    (bucket / "a.jpg").write_bytes(b"picture")
    (bucket / "out").symlink_to("../../outside/secret")
    (bucket / "into").symlink_to("../../outside")
    (bucket / "up").symlink_to("..")
    return tmp_path / "root"


def opened(root: Path, bucket: str | None = "pictures") -> Source:
    return SourceSpec(Connection("files", Provider.FILE, root=str(root)), bucket).open()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=st.lists(PARTS, min_size=1, max_size=6).map("/".join))
def test_no_name_leads_out(root: Path, name: str) -> None:
    source = opened(root)
    for ask in (source.read, source.stat, source.holds):
        try:
            found = ask(name)
        except ObjectNotFound:
            continue
        assert found != SECRET
    try:
        assert source.read(name) == b"picture"
    except ObjectNotFound as error:
        assert error.hint


@pytest.mark.parametrize("name", ["out", "into/secret", "../../outside/secret", "/etc/passwd"])
def test_links_and_dots(root: Path, name: str) -> None:
    with pytest.raises(ObjectNotFound):
        opened(root).read(name)
    assert not opened(root).holds(name)


def test_links_within_the_root_are_followed(root: Path) -> None:
    (root / "shared").mkdir()
    (root / "shared" / "b.jpg").write_bytes(b"another")
    (root / "pictures" / "b.jpg").symlink_to("../shared/b.jpg")
    assert opened(root).read("b.jpg") == opened(root, None).read("pictures/b.jpg") == b"another"


@pytest.mark.parametrize("bucket", ["outside", "a.jpg", "missing"])
def test_buckets_are_directories_of_the_root(root: Path, bucket: str) -> None:
    (root / "outside").symlink_to("../outside")
    with pytest.raises(BucketNotFound, match=bucket):
        opened(root, bucket)


def test_what_is_no_file_is_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "pictures" / "pipe")
    (root / "pictures" / "round").symlink_to("round")
    (root / "pictures" / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "round", "zero", ".", "n" * 300):
        with pytest.raises(ObjectNotFound):
            opened(root).read(name, 0, 10)


def test_a_link_that_takes_the_place_of_a_directory_is_not_followed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "pictures" / "folder").mkdir()
    (root / "pictures" / "folder" / "secret").write_bytes(b"harmless")
    source, resolve = opened(root), Path.resolve

    def exchanged(path: Path, strict: bool = False) -> Path:
        found = resolve(path, strict)
        shutil.rmtree(root / "pictures" / "folder")
        (root / "pictures" / "folder").symlink_to("../../outside")
        return found

    monkeypatch.setattr(Path, "resolve", exchanged)
    with pytest.raises(SourceFailed):
        source.read("folder/secret")


def test_a_directory_that_went_away_is_no_missing_picture(root: Path) -> None:
    source = opened(root)
    shutil.rmtree(root / "pictures")
    with pytest.raises(SourceUnreachable, match="cannot be read"):
        source.read("a.jpg")


@pytest.mark.parametrize("root", ["missing", "file"])
def test_a_root_that_is_none(tmp_path: Path, root: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SourceUnreachable, match="no directory"):
        opened(tmp_path / root, None)
