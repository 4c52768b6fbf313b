"""Once an instance is deleted, its key with it, older copies of its data are of no use, and nothing of it is left."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import SecretStr
from sqlalchemy import create_engine, text
from tests.servers.postgres_server import PostgresServer

from similis.algorithm import Pipeline
from similis.domain import (
    Attributes,
    Instance,
    InstanceSpec,
    InstanceType,
    KeyringFailed,
    PictureKey,
)
from similis.service import App, Featured, Settings

COUNT, D = 600, 64
Rows = NDArray[np.float64]


def _unit(rows: NDArray[np.floating]) -> Rows:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float64)


def _features(seed: int) -> NDArray[np.float32]:
    return _unit(np.random.default_rng(seed).normal(size=(COUNT, D))).astype(np.float32)


def _fill(app: App, name: str, seed: int) -> NDArray[np.float32]:
    rows = _features(seed)
    app.bulk.create(InstanceSpec(name, InstanceType.GENERIC), "a-model", D)
    app.bulk.add(name, [
        Featured(_key(name, n), row, attributes=Attributes(str_attr=f"{name}-red"))
        for n, row in enumerate(rows)
    ])  # fmt: skip
    app.pictures.update(name, _key(name, 0), {"custom_content": f"{name} content"})
    app.bulk.settle(name)
    return rows


def _key(name: str, number: int) -> PictureKey:
    return PictureKey(f"{name}-product-{number}", f"{name}-view")


def _check_at_chance(stored: Rows, true: NDArray[np.float32]) -> None:
    """Stored vectors tell no more of the true ones than vectors of any direction do."""
    cosines = _unit(stored) @ _unit(true).T
    right = np.diagonal(cosines)
    assert abs(right.mean()) < 6 / np.sqrt(D * len(right))
    assert right.std() == pytest.approx(1 / np.sqrt(D), rel=0.2)
    assert np.abs(right).max() < 6 / np.sqrt(D)
    assert (cosines.argmax(axis=1) == np.arange(len(true))).sum() <= 7  # 1 by chance; more once in 10⁵ runs


def _check_right(true: NDArray[np.float32], app: App, instance: Instance) -> None:
    """The same comparison finds every picture where the key is there."""
    ids = app._catalogue.select_ids(instance, None, None).tolist()
    names, vectors = app._catalogue.names(instance, ids), app._catalogue.vectors(instance, ids)
    ordered = sorted(ids, key=lambda each: _number(names[each][0]))
    restored = app.instances._keyring.instance(instance.uid).restore(np.stack([vectors[each] for each in ordered]))
    cosines = _unit(restored) @ _unit(true).T
    assert (cosines.argmax(axis=1) == np.arange(len(true))).all()


def _number(product_id: str) -> int:
    return int(product_id.rsplit("-", 1)[1])


def _by_number(rows: Mapping[str, bytes]) -> Rows:
    """What is stored of vectors, read as 16-bit floats, in the order of the pictures' numbers."""
    stored = np.stack([np.frombuffer(rows[each], "<f2", D) for each in sorted(rows, key=_number)]).astype(np.float64)
    return np.nan_to_num(np.clip(stored, -1, 1))


_VECTORS = (
    "SELECT picture.product_id, feature.vector FROM picture JOIN feature ON feature.picture_id = picture.id "
    "JOIN instance ON instance.id = picture.instance_id WHERE instance.uid = '{}'"
)


@pytest.fixture
def sized(settings: Settings) -> Settings:
    """With indexes on disk from 100 pictures on."""
    return settings.model_copy(update={"exact_below": 100})


def _check_index_files(data: Path, true: NDArray[np.float32]) -> None:
    """However the files of indexes are read, no row in them is near to a true feature."""
    files = [path for path in (data / "index").rglob("*") if path.is_file()]
    assert files
    for content in map(Path.read_bytes, files):
        whole = content[: len(content) // (2 * D) * 2 * D]
        rows = np.frombuffer(whole, "<f2").reshape(-1, D).astype(np.float64)
        rows = rows[np.isfinite(rows).all(axis=1) & (np.abs(rows).max(axis=1) > 0)]
        if len(rows):
            assert np.abs(_unit(rows) @ _unit(true).T).max() < 0.9


def _check_unusable(app: App, instance: Instance, true: NDArray[np.float32]) -> None:
    """Whatever needs the instance's key says that it is gone; what needs none has nothing that it protects."""
    for use in (
        lambda: app.bulk.nearest("gone", true[:1], 1),
        lambda: app.pictures.get("gone", _key("gone", 0)),
        lambda: app.pictures.update("gone", _key("gone", 1), {"custom_content": "new"}),
        lambda: app.instances._keyring.instance(instance.uid),
        lambda: list(app.transfers.exported("gone")),
    ):
        with pytest.raises(KeyringFailed, match="is not in"):
            use()


def _check_usable(app: App, true: NDArray[np.float32], instance: Instance) -> None:
    _check_right(true, app, instance)
    assert app.bulk.nearest("stays", true[:1], 1)[0][0][1] == pytest.approx(1, abs=2e-3)
    assert app.pictures.get("stays", _key("stays", 0)).custom_content == "stays content"


def test_a_copy_from_before_is_useless_for_the_deleted_instance(sized: Settings, pipeline: Pipeline) -> None:
    """The whole data directory, with its write-ahead log, copied while the service runs."""
    copied = sized.model_copy(update={"data": sized.data.with_name("copy"), "keys": sized.key_directory})
    with App.open(sized, pipeline) as app:
        true = {name: _fill(app, name, seed) for seed, name in enumerate(("gone", "stays"))}
        made = {name: app.instances.get(name) for name in true}
        key = app.instances._keyring.instance(made["gone"].uid)
        shutil.copytree(sized.data, copied.data)
        assert (copied.data / "catalogue.sqlite-wal").stat().st_size
        app.instances.delete("gone")
    database = sqlite3.connect(copied.data / "catalogue.sqlite")
    with database:
        stored = {name: _by_number(dict(database.execute(_VECTORS.format(each.uid)))) for name, each in made.items()}
        (sealed,) = database.execute(
            "SELECT custom_content FROM picture WHERE product_id = 'gone-product-0'"
        ).fetchone()
    database.close()
    assert b"content" not in sealed
    with pytest.raises(KeyringFailed, match="destroyed"):
        key.unseal(sealed, "custom-content")
    _check_at_chance(stored["gone"], true["gone"])
    _check_index_files(copied.data, true["gone"])
    with App.open(copied, pipeline) as app:
        _check_usable(app, true["stays"], made["stays"])
        for each in app.instances.list():  # no other key opens it
            with pytest.raises(KeyringFailed):
                app.instances._keyring.instance(each.uid).unseal(sealed, "custom-content")
        _check_unusable(app, made["gone"], true["gone"])


def test_a_dump_of_postgresql_is_useless_for_the_deleted_instance(
    sized: Settings, pipeline: Pipeline, postgres_server: PostgresServer, postgres_url: str
) -> None:
    shared = sized.model_copy(update={"catalogue": SecretStr(postgres_url)})
    with App.open(shared, pipeline) as app:
        true = {name: _fill(app, name, seed) for seed, name in enumerate(("gone", "stays"))}
        made = {name: app.instances.get(name) for name in true}
        dump = postgres_server.dump(postgres_url)
        app.instances.delete("gone")
    restored = postgres_server.fresh_database()
    try:
        postgres_server.restore(restored, dump)
        engine = create_engine(restored)
        with engine.connect() as database:
            stored = {
                name: _by_number({row[0]: bytes(row[1]) for row in database.execute(text(_VECTORS.format(each.uid)))})
                for name, each in made.items()
            }
        engine.dispose()
        _check_at_chance(stored["gone"], true["gone"])
        again = shared.model_copy(
            update={
                "catalogue": SecretStr(restored),
                "data": sized.data.with_name("copy"),
                "keys": sized.key_directory,
            }
        )
        with App.open(again, pipeline) as app:
            _check_usable(app, true["stays"], made["stays"])
            _check_unusable(app, made["gone"], true["gone"])
    finally:
        postgres_server.drop_database(restored)


def test_next_to_nothing_is_left_of_it_where_the_service_goes_on(sized: Settings, pipeline: Pipeline) -> None:
    with App.open(sized, pipeline) as app:
        for seed, name in enumerate(("gone", "stays")):
            _fill(app, name, seed)
        instance = app.instances.get("gone")
        database = sqlite3.connect(sized.data / "catalogue.sqlite")
        vectors = [content[:16] for _, content in database.execute(_VECTORS.format(instance.uid))]
        database.close()
        before = _times(sized, b"gone-")
        assert all(_times(sized, each) for each in vectors[:20])
        app.instances.delete("gone")
        app.bulk.nearest("stays", _features(1)[:1], 1)
        assert not any(_times(sized, each) for each in vectors[::10])
        assert not _times(sized, b"gone-", "catalogue.sqlite-wal")
        # SQLite clears what is deleted, not what it copies within a page that others' rows share.
        assert _times(sized, b"gone-") < before / 100
        assert not list((sized.data / "index" / "gone").rglob("*"))
        assert _times(sized, b"stays-product-7")


def _times(settings: Settings, trace: bytes, name: str = "*") -> int:
    return sum(path.read_bytes().count(trace) for path in settings.data.rglob(name) if path.is_file())
