"""Stored features are on no disk but encrypted: not in the catalogue, its journal, nor index files."""

from __future__ import annotations

import shutil
import sqlite3
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import SecretStr
from tests.data import make
from tests.servers.postgres_server import PostgresServer

from similis.algorithm import Pipeline
from similis.catalogue._checksums import with_checksum
from similis.catalogue._tables import feature
from similis.domain import InstanceSpec, KeyringFailed, PictureKey, StorageFailed, TaskStatus
from similis.engine import is_intact
from similis.service import App, Featured, Settings, undeclared
from similis.service._segment_keys import SegmentKeys

COUNT, D = 200, 32
_WINDOW = 16  # bytes
Vectors = NDArray[np.float16]


@pytest.fixture
def small(settings: Settings) -> Settings:
    """With indexes on disk from 100 pictures on."""
    return settings.model_copy(update={"exact_below": 100, "threads": 1})


def _fill(app: App, name: str = "shop") -> Vectors:
    """Fill an instance, its index on disk included; gives what is stored of its pictures."""
    app.bulk.create(InstanceSpec(name), "a-model", D)
    rows = np.random.default_rng(len(name)).standard_normal((COUNT, D)).astype(np.float32)
    app.bulk.add(name, [Featured(PictureKey(f"p{number}", "v"), row) for number, row in enumerate(rows)])
    app.bulk.settle(name)
    return _stored(app, name)


def _stored(app: App, name: str) -> Vectors:
    instance = app.instances.get(name)
    ids = app._catalogue.select_ids(instance, None, None).tolist()
    return np.stack(list(app._catalogue.vectors(instance, ids).values()))


def _files_with(vectors: Iterable[Vectors], directory: Path) -> set[str]:
    """The names of files that have any sixteen bytes of a vector, be it as it is or normalised as 32-bit floats."""
    windows = {window for each in vectors for window in _windows(each)}
    files = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    return {path.name for path, content in files.items() if any(window in content for window in windows)}


def _windows(vectors: Vectors) -> Iterator[bytes]:
    for vector in vectors[:: max(len(vectors) // 20, 1)]:
        long = vector.astype(np.float32)
        for content in (vector.tobytes(), (long / np.sqrt(np.einsum("i,i", long, long))).tobytes()):
            yield from (content[start : start + _WINDOW] for start in range(0, len(content), _WINDOW))


def test_no_stored_vector_is_in_a_data_directory(small: Settings, pipeline: Pipeline) -> None:
    with App.open(small, pipeline) as app:
        vectors = _fill(app)
        assert (small.data / "catalogue.sqlite-wal").stat().st_size
        assert _files_with([vectors], small.data) == set()
    assert list(small.data.glob("index/*/features/*/vectors.enc"))
    assert _files_with([vectors], small.data) == set()


@pytest.mark.slow
def test_no_stored_vector_is_in_files_of_postgresql(
    small: Settings, pipeline: Pipeline, postgres_server: PostgresServer, postgres_url: str
) -> None:
    with App.open(small.model_copy(update={"catalogue": SecretStr(postgres_url)}), pipeline) as app:
        vectors = _fill(app)
        postgres_server.sql("CHECKPOINT")
        assert _files_with([vectors], postgres_server._data) == set()
        assert _files_with([vectors], small.data) == set()
        postgres_server.sql(f"CREATE TABLE leak AS SELECT '\\x{vectors[0].tobytes().hex()}'::bytea AS vector")
        postgres_server.sql("CHECKPOINT")
        assert _files_with([vectors[:1]], postgres_server._data)  # the search does find what is there
        postgres_server.sql("DROP TABLE leak")


def test_vectors_of_earlier_versions_are_read_and_a_new_key_encrypts_them(tmp_path: Path, pipeline: Pipeline) -> None:
    with tarfile.open(make.DIRECTORY / "2026-11.tar.xz") as archive:
        archive.extractall(tmp_path, filter="tar")
    settings = make.settings(tmp_path)
    in_clear = [each for each in undeclared(settings) if each.place == "feature"]
    assert [each.name for each in in_clear] == [
        "115 vectors of instance plain that are not encrypted",
        "115 vectors of instance tuned that are not encrypted",
    ]
    index_files = {path.name for path in settings.data.glob("index/*/*/*/vectors.f16")}
    with App.open(settings, pipeline) as app:
        vectors = [_stored(app, name) for name in ("plain", "tuned")]
        assert {"catalogue.sqlite"} <= _files_with(vectors, settings.data)
        assert index_files
        assert not list(settings.data.glob("index/*/*/*/vectors.f16"))  # built anew, encrypted
        for name in ("plain", "tuned"):
            assert app.transfers.run(app.transfers.start_rekey(name).id).status is TaskStatus.SUCCESS
        vectors += [_stored(app, name) for name in ("plain", "tuned")]
        app.transfers.remove_retired(at_once=True)
    assert _files_with(vectors, settings.data) == set()
    assert undeclared(settings) == []


def test_altered_and_exchanged_vectors_are_noticed(small: Settings, pipeline: Pipeline) -> None:
    with App.open(small, pipeline) as app:
        _fill(app)
    file = small.data / "catalogue.sqlite"
    with sqlite3.connect(file) as database:
        rows = dict(database.execute("SELECT picture_id, vector FROM feature").fetchall())
    database.close()
    first, second, *_ = sorted(rows)
    flipped = rows[first][:20] + bytes([rows[first][20] ^ 1]) + rows[first][21:]
    for content, checked, error in (
        (flipped, False, StorageFailed),
        (flipped, True, KeyringFailed),
        (rows[second], True, KeyringFailed),
        (rows[first][:10], True, KeyringFailed),
    ):
        values = with_checksum(feature, {"picture_id": first, "vector": content})
        with sqlite3.connect(file) as database:
            statement = "UPDATE feature SET vector = :vector WHERE picture_id = :picture_id"
            database.execute(statement, values)
            if checked:
                database.execute("UPDATE feature SET checksum = :checksum WHERE picture_id = :picture_id", values)
        database.close()
        with pytest.raises(error), App.open(small, pipeline) as app:
            _stored(app, "shop")


def test_a_copy_of_index_files_is_unreadable_once_the_instance_is_deleted(
    small: Settings, pipeline: Pipeline, tmp_path: Path
) -> None:
    with App.open(small, pipeline) as app:
        _fill(app)
        _fill(app, "other")
        gone, other = app.instances.get("shop"), app.instances.get("other")
        own, another = (SegmentKeys(app.instances._keyring.instance(each.uid)) for each in (gone, other))
        segment = next((small.data / "index" / gone.uid / "features").iterdir())
        copy = tmp_path / segment.name
        shutil.copytree(segment, copy)
        assert is_intact(copy, own)
        assert not is_intact(copy, another)
        app.instances.delete("shop")
        assert not is_intact(copy, own)
        with pytest.raises(KeyringFailed):
            app.instances._keyring.instance(gone.uid)
        assert not segment.exists()
