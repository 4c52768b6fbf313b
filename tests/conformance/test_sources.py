"""Buckets of every provider read alike, and as the naive reference does: a dictionary of bytes."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.servers.oss_server import OssServer
from tests.servers.s3_server import S3Server

from similis.domain import (
    BucketNotFound,
    Connection,
    InvalidInput,
    MetaFileNotFound,
    ObjectNotFound,
    PathNotFound,
    Provider,
    SimilisError,
    SourceChanged,
)
from similis.transfer import Source, SourceDirectory, SourceSpec, check_source, find_meta, meta_chunks

CONTENT = bytes(range(256)) * 5
STRANGE = "a b/ü#100%20é ~*[]{}^|'\"<>`+&=;,@!$().jpg"
EVERY = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@dataclass(frozen=True)
class Storage:
    """A bucket of some provider, and what fills it."""

    spec: SourceSpec
    put: Callable[[str, bytes], None]
    remove: Callable[[str], None]


@pytest.fixture(params=list(Provider))
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """An empty bucket `pictures`."""
    if request.param is Provider.FILE:
        return _file_storage(tmp_path)
    server: S3Server | OssServer = request.getfixturevalue(f"{request.param}_server")
    server.create_bucket("pictures")
    return Storage(
        SourceSpec(server.connection(), "pictures", server.credentials),
        lambda name, content: server.put("pictures", name, content),
        lambda name: server.remove("pictures", name),
    )


@pytest.fixture
def source(storage: Storage) -> Iterator[Source]:
    """That bucket, opened."""
    opened = storage.spec.open()
    yield opened
    opened.close()


def _file_storage(folder: Path) -> Storage:
    def put(name: str, content: bytes) -> None:
        path = folder / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    (folder / "pictures").mkdir()
    connection = Connection("files", Provider.FILE, root=str(folder))
    return Storage(SourceSpec(connection, "pictures"), put, lambda name: (folder / "pictures" / name).unlink())


@EVERY
@given(start=st.integers(0, 1500), length=st.none() | st.integers(0, 1500))
def test_any_range_is_that_of_the_bytes(storage: Storage, source: Source, start: int, length: int | None) -> None:
    storage.put("a.jpg", CONTENT)
    read = source.read("a.jpg", start, length)
    assert read == CONTENT[start : None if length is None else start + length]


@pytest.mark.parametrize("name", ["a.jpg", "deep/er/b.jpg", STRANGE, "空/图.jpg"])
def test_names_of_every_kind(storage: Storage, source: Source, name: str) -> None:
    storage.put(name, CONTENT)
    assert source.read(name) == CONTENT
    assert source.stat(name).size == len(CONTENT)


def test_empty_objects(storage: Storage, source: Source) -> None:
    storage.put("empty.jpg", b"")
    assert source.stat("empty.jpg").size == 0
    assert source.read("empty.jpg") == source.read("empty.jpg", 0, 10) == source.read("empty.jpg", 5) == b""


def test_more_than_was_asked_for_is_never_read(storage: Storage, source: Source) -> None:
    storage.put("large.jpg", CONTENT * 4000)
    assert source.read("large.jpg", 0, 4_000_001) == (CONTENT * 4000)[:4_000_001]


def test_what_is_not_there(storage: Storage, source: Source) -> None:
    storage.put("a/b.jpg", CONTENT)
    for name in ("b.jpg", "a", "a/b.jpg/c", "A/b.jpg"):
        with pytest.raises(ObjectNotFound, match=r"There is no|is no file"):
            source.read(name, 0, 10)
        with pytest.raises(ObjectNotFound):
            source.stat(name)


def test_a_version_is_read_or_none(storage: Storage, source: Source) -> None:
    storage.put("a.jpg", CONTENT)
    seen = source.stat("a.jpg")
    assert source.read("a.jpg", 0, 4, seen.etag) == CONTENT[:4]
    assert source.stat("a.jpg") == seen
    storage.put("a.jpg", CONTENT[1:])
    assert source.stat("a.jpg").etag != seen.etag
    with pytest.raises(SourceChanged, match="changed"):
        source.read("a.jpg", 0, 4, seen.etag)


def test_prefixes(storage: Storage, source: Source) -> None:
    assert not source.holds("")
    storage.put("a/b/c.jpg", CONTENT)
    assert [source.holds(prefix) for prefix in ("", "a/", "a/b/", "b/", "a/b/c/")] == [True, True, True, False, False]
    storage.remove("a/b/c.jpg")
    assert not source.holds("a/b/")


@pytest.mark.parametrize("path", ["/", "/a/b"])
def test_increment_meta_is_found(storage: Storage, source: Source, path: str) -> None:
    directory = SourceDirectory(path)
    with pytest.raises(PathNotFound, match="nothing below"):
        find_meta(source, directory)
    storage.put(directory.objects("picture.jpg")[0], CONTENT)
    with pytest.raises(MetaFileNotFound, match=r"no increment\.meta"):
        find_meta(source, directory)
    storage.put(directory.meta_file, b"{}\n")
    assert find_meta(source, directory).size == 3


def test_increment_meta_is_read_piece_by_piece(storage: Storage, source: Source) -> None:
    lines = b"".join(b'{"line": %d}\n' % number for number in range(150_000))
    storage.put("increment.meta", lines)
    info = source.stat("increment.meta")
    chunks = list(meta_chunks(source, "increment.meta", info))
    assert len(chunks) > 1
    assert b"".join(chunks) == lines
    assert b"".join(meta_chunks(source, "increment.meta", info, 1_234_567)) == lines[1_234_567:]
    assert list(meta_chunks(source, "increment.meta", info, len(lines))) == []
    storage.put("increment.meta", lines[:-1])
    with pytest.raises(SourceChanged):
        next(meta_chunks(source, "increment.meta", info, 0))


def test_a_bucket_that_is_not_there(storage: Storage) -> None:
    def ask(verb: Callable[[Source], object]) -> SimilisError:
        with pytest.raises(BucketNotFound) as caught:
            verb(SourceSpec(storage.spec.connection, "missing", storage.spec.credentials).open())
        return caught.value

    assert "missing" in ask(lambda source: source.read("a.jpg")).message
    assert ask(lambda source: source.stat("a.jpg")).hint
    ask(lambda source: source.holds(""))
    ask(lambda source: source.location())


def test_a_connection_may_be_to_one_bucket_only(storage: Storage) -> None:
    fields = {field: getattr(storage.spec.connection, field) for field in ("name", "provider", "endpoint", "root")}
    connection = Connection(**fields, region=storage.spec.connection.region, bucket="pictures")
    storage.put("a.jpg", CONTENT)
    assert SourceSpec(connection, None, storage.spec.credentials).open().read("a.jpg") == CONTENT
    with pytest.raises(InvalidInput, match="'pictures' only"):
        SourceSpec(connection, "others", storage.spec.credentials).open()


def test_a_spec_goes_to_another_process(storage: Storage) -> None:
    storage.put("a.jpg", CONTENT)
    assert pickle.loads(pickle.dumps(storage.spec)).open().read("a.jpg") == CONTENT  # noqa: S301 - our own
    assert "secret" not in repr(storage.spec)


def test_several_threads_at_once(storage: Storage, source: Source) -> None:
    names = [f"{number}.jpg" for number in range(40)]
    for name in names:
        storage.put(name, name.encode() * 5000)
    together = threading.Barrier(8, timeout=30)

    def read(name: str) -> bytes:
        if names.index(name) < 8:
            together.wait()
        return source.read(name)

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(read, names)) == [name.encode() * 5000 for name in names]


def test_a_good_connection_passes_every_step(storage: Storage) -> None:
    storage.put("shop/increment.meta", b"{}")
    spec, region = storage.spec, storage.spec.connection.region or "cn-shanghai"
    checks = check_source(spec.connection, spec.bucket, spec.credentials, "/shop", region)
    assert [check.step for check in checks] == ["connection", "bucket", "region", "path", "increment.meta"]
    assert all(check.good and check.code is None and check.message for check in checks)


def test_closing_twice(source: Source) -> None:
    source.close()
    source.close()
