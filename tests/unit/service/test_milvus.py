"""Instances that a real Milvus searches, through the whole service: two gateways, moves, a server that is gone."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.servers.milvus_server import MilvusServer as RealMilvus
from tests.unit.colours import COLOURS, plain, with_encoders

from similis.algorithm import Pipeline
from similis.domain import (
    Attributes,
    IndexUnavailable,
    InstanceNotFound,
    InstanceSpec,
    InstanceType,
    InvalidInput,
    PictureKey,
    SearchOptions,
    parse_filter,
)
from similis.engine import MilvusServer, MilvusSettings
from similis.service import App, Settings, examine

Gateway = Callable[..., App]
_SPEC = InstanceSpec("g", InstanceType.GENERIC)
_PREFIX = "service_test"


@pytest.fixture
def with_milvus(settings: Settings, tmp_path: Path, milvus_server: RealMilvus) -> Settings:
    here = {"milvus_uri": milvus_server.uri, "milvus_prefix": _PREFIX}
    return with_encoders(settings, tmp_path).model_copy(update=here)


@pytest.fixture
def gateway(with_milvus: Settings, pipeline: Pipeline, tmp_path: Path) -> Iterator[Gateway]:
    """Opens a gateway with a data directory of this name, and other settings."""
    opened: list[App] = []

    def opening(name: str, **changed: object) -> App:
        ours = with_milvus.model_copy(update={"data": tmp_path / name, **changed})
        opened.append(App.open(ours, pipeline))
        return opened[-1]

    yield opening
    for app in opened:
        app.close()


def _add(app: App, colour: str, product: str, number: int | None = None) -> None:
    key = PictureKey(product, "a")
    app.pictures.add("g", plain(colour), key, crop=False, attributes=Attributes(int_attr=number))


def _found(app: App, colour: str = "red", text: str | None = None) -> list[str]:
    options = SearchOptions(filter=None if text is None else parse_filter(text), num=100)
    return [match.product_id for match in app.search.by_picture("g", plain(colour), options, crop=False).matches]


def _collections(app: App) -> list[str]:
    assert app.settings.milvus is not None
    return MilvusServer(app.settings.milvus).collections(f"{_PREFIX}_")


def test_an_instance_is_searched_by_milvus_until_it_is_deleted(gateway: Gateway) -> None:
    app = gateway("one")
    app.instances.create(_SPEC, "milvus", "colour-image")
    assert app.instances.get("g").index == "milvus"
    for number, colour in enumerate(COLOURS):
        _add(app, colour, colour, number)
    assert _found(app, "blue")[0] == "blue"
    app.pictures.update("g", PictureKey("red", "a"), {"int_attr": 7})
    assert _found(app, "red", "int_attr>2") == ["red"]
    app.pictures.delete("g", "red")
    assert sorted(_found(app)) == ["blue", "green"]
    before = _collections(app)
    app.instances.rebuild("g")
    assert sorted(_found(app)) == ["blue", "green"]
    assert len(_collections(app)) == len(before) + 1  # the old one is still there for searches under way
    app.instances.delete("g")
    with pytest.raises(InstanceNotFound):
        _found(app)
    assert _collections(app) == []


def test_what_one_gateway_writes_the_other_finds_at_once(tmp_path: Path, postgres_url: str, gateway: Gateway) -> None:
    shared = {"catalogue": SecretStr(postgres_url), "keys": tmp_path / "keys"}
    one, other = gateway("one", **shared), gateway("other", **shared)
    one.instances.create(_SPEC, "milvus", "colour-image")
    for number in range(4):
        for at, seen, colour in ((one, other, "red"), (other, one, "blue")):
            _add(at, colour, f"{colour}{number}", number)
            assert f"{colour}{number}" in _found(seen, colour)[: number + 1]
    one.pictures.update("g", PictureKey("red3", "a"), {"int_attr": 77})
    assert _found(other, "red", "int_attr=77") == ["red3"]
    other.pictures.delete("g", "red3")
    assert "red3" not in _found(one)
    one.instances.move("g", "faiss")
    assert len(_found(one)) == len(_found(other)) == 7
    _add(other, "red", "late")
    assert "late" in _found(one)
    other.instances.delete("g")
    assert _collections(one) == []


def test_an_instance_moves_and_back_while_it_is_searched_and_written(gateway: Gateway) -> None:
    app = gateway("one")
    app.instances.create(_SPEC, "faiss", "colour-image")
    for colour in COLOURS:
        _add(app, colour, colour)
    searches, stop = [0], threading.Event()
    failures: list[BaseException] = []

    def serve() -> None:
        try:
            while not stop.is_set():
                found = _found(app)
                assert found[0] == "red"
                assert {"red", "green", "blue"} <= set(found)
                searches[0] += 1
                _add(app, "blue", f"late{searches[0] % 5}")
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        for kind in ("milvus", "faiss", "milvus", "milvus"):
            assert app.instances.move("g", kind).index == kind
            before = searches[0]
            while searches[0] < before + 3 and not failures:
                stop.wait(0.01)
    finally:
        stop.set()
        thread.join()
    assert not failures
    assert sorted(_found(app)) == sorted([*COLOURS, *(f"late{number}" for number in range(5))])
    assert app.instances.get("g").index == "milvus"


def test_moving_needs_a_known_index_and_its_server(gateway: Gateway) -> None:
    app = gateway("one", milvus_uri=None)
    app.instances.create(_SPEC, model="colour-image")
    _add(app, "red", "red")
    with pytest.raises(InvalidInput, match="no index 'annoy'"):
        app.instances.move("g", "annoy")
    with pytest.raises(IndexUnavailable, match="No Milvus server was named"):
        app.instances.move("g", "milvus")
    with pytest.raises(IndexUnavailable, match="No Milvus server was named"):
        app.instances.create(InstanceSpec("h"), "milvus", "colour-image")
    assert [instance.name for instance in app.instances.list()] == ["g"]
    assert app.instances.get("g").index == "faiss"
    assert _found(app) == ["red"]


def test_pictures_are_added_while_the_server_is_gone_and_found_when_it_is_there(
    gateway: Gateway, with_milvus: Settings
) -> None:
    app = gateway("one")
    app.instances.create(_SPEC, "milvus", "colour-image")
    _add(app, "red", "red")
    app.close()
    gone = gateway("one", milvus_uri="http://127.0.0.1:9", milvus_timeout=2.0)
    _add(gone, "blue", "blue")
    gone.pictures.delete("g", "red")
    for _ in range(2):
        with pytest.raises(IndexUnavailable):
            _found(gone)
    gone.close()
    assert _found(gateway("one")) == ["blue"]
    MilvusServer(MilvusSettings(str(with_milvus.milvus_uri))).close()


def test_the_doctor_finds_the_server_and_its_version(with_milvus: Settings) -> None:
    [found] = [each for each in examine(with_milvus) if each.check == "Milvus"]
    assert found.good
    assert re.match(r"2\.\d+\.\d+\S*, \d+ collections ", found.found)
