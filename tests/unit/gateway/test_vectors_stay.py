"""No answer and no log has traces of features in it, whatever is asked, and no number that says too much."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from tests.data.make import fill
from tests.decimals import too_exact
from tests.traces import Traces
from tests.unit.gateway.alibaba.calling import Wire
from tests.unit.gateway.alibaba.test_upload_routes import PYTHON, authorize, fields_of, place_of, post
from tests.unit.gateway.isolation import calls
from tests.unit.gateway.isolation.calls import Request
from tests.unit.gateway.isolation.world import NOWHERE, Actor, World

from similis.algorithm import Pipeline
from similis.domain import Role
from similis.engine import FaissIndex
from similis.gateway import create_asgi
from similis.service import App, Settings

_OTHERS: Mapping[str, str] = {
    "/": "", "/console/session": "", "/console/{path:path}": "by the names of the console's files", "/docs": "",
    "/healthz": "", "/metrics": "", "/openapi.json": "", "/readyz": "",
    "/_oss/{place}": "by the upload flow", "/_oss/{place}/": "by the upload flow",
    "/_tasks/{task_id}/errors": "by the link of an import",
    "/item/{operation:path}": "by the wire", "/v2/image/{operation:path}": "by the wire",
}  # fmt: skip
"""Routes beside those of REST; those with a reason are called in another way than by their path."""

_TUNED = {"product_id": "p0", "pic_name": "v1"}
_BROKEN: list[Mapping[str, Any]] = [
    {},
    {"json": {"nonsense": [1.5, {}]}},
    {"content": b"{", "headers": {"content-type": "application/json"}},
    {"data": {"num": "x", "region": "1,2"}, "files": {"file": b"no picture", "first": b"", "second": b"GIF89a"}},
    {"params": {"num": "0", "start": "-1", "product_id": "", "filter": "x=", "min_similarity": "7"}},
]


def _paths(api: FastAPI) -> set[str]:
    return {context.path for context in iter_route_contexts(api.routes) if context.path is not None}


def _known() -> set[str]:
    return {path for _, path in calls.REST} | _OTHERS.keys()


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory,
    pipeline: Pipeline,
    draw: Callable[..., bytes],
    serving: Callable[[App], AbstractContextManager[str]],
) -> Iterator[World]:
    """A service with instances full of pictures, and one that is tuned."""
    settings = Settings(data=tmp_path_factory.mktemp("walk") / "data", threads=1, exact_below=100)
    with App.open(settings, pipeline) as app:
        fill(app)
        world = World(app, tmp_path_factory.mktemp("storage"), draw)
        with serving(app) as world.address:
            yield world


@pytest.fixture(scope="module")
def traces(world: World, pipeline: Pipeline) -> Traces:
    """Of stored, turned and tuned features, and of those of the query."""
    return Traces(_vectors(world, pipeline))


def _vectors(world: World, pipeline: Pipeline) -> Iterator[NDArray[np.floating]]:
    app = world.app
    query = pipeline.analyse(world.picture).vector
    yield query
    for name in ("alpha", "cy5m3rt", "b2k4w8v", "tuned"):
        instance = app.instances.get(name)
        ids = app._catalogue.select_ids(instance, None, None).tolist()[:6]
        stored = list(app._catalogue.vectors(instance, ids).values())
        yield from stored
        key = app.instances._keyring.instance(instance.uid)
        yield from (key.restore(each) for each in stored[:2])
        space = app._indexes.space(instance)
        if space is None:
            yield key.transform(query)
        else:
            yield from (space.place(each) for each in stored)


@pytest.fixture(scope="module")
def admin(world: World) -> Actor:
    return Actor("admin", world.app.access.create(Role.ADMIN), ())


@pytest.fixture(scope="module")
def http(world: World) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=world.address, timeout=60, follow_redirects=False) as http:
        yield http


class Walk:
    """Sends requests and looks at what comes back, and at the log."""

    def __init__(self, http: httpx.Client, traces: Traces, log: pytest.LogCaptureFixture) -> None:
        self.http = http
        self._traces = traces
        self._log = log
        self.statuses: set[int] = set()
        log.set_level(logging.DEBUG)
        for name in ("httpx", "httpcore"):  # the tests' own client
            log.set_level(logging.WARNING, name)

    def send(self, actor: Actor, request: Request) -> httpx.Response:
        return self.look(request.send(self.http, actor))

    def look(self, answer: httpx.Response) -> httpx.Response:
        self.statuses.add(answer.status_code)
        said = "\n".join(f"{name}: {text}" for name, text in answer.headers.items()).encode()
        assert not self._traces.find(said + b"\n" + answer.content), answer.request.url
        assert not (wrong := _too_exact(answer)), (answer.request.url, wrong)
        return answer

    def end(self) -> None:
        assert not self._traces.find("\n".join(_told(each) for each in self._log.records).encode())


def _told(record: logging.LogRecord) -> str:
    return f"{record.getMessage()} {record.args!r} {record.exc_text or ''} {record.exc_info!r}"


def _too_exact(answer: httpx.Response) -> list[object]:
    """Numbers of an answer that have more than six decimals."""
    kind = answer.headers.get("content-type", "")
    if "json" not in kind or answer.request.url.path == "/openapi.json":
        return []
    lines = answer.text.splitlines() if "ndjson" in kind else [answer.text]
    return [wrong for line in lines if line for wrong in too_exact(json.loads(line))]


@pytest.fixture
def walk(http: httpx.Client, traces: Traces, caplog: pytest.LogCaptureFixture) -> Iterator[Walk]:
    walk = Walk(http, traces, caplog)
    yield walk
    walk.end()


def test_no_route_is_missing(world: World) -> None:
    assert _paths(create_asgi(world.app)) == _known(), "Add calls of the new route to calls.REST or to _OTHERS here."


def test_a_route_that_leaks_is_found(world: World, traces: Traces) -> None:
    api = create_asgi(world.app)

    @api.get("/api/v1/features")
    def leak() -> list[str]:
        return [f"{each:.3f}" for each in next(_vectors(world, world.app.analyst.pipeline))]

    assert _paths(api) - _known() == {"/api/v1/features"}
    answer = TestClient(api).get("/api/v1/features")
    assert answer.status_code == 200
    assert traces.find(answer.content) == {"numbers"}


def _ordered() -> list[tuple[str, str]]:
    """Routes of REST, those last that remove what others need."""
    return sorted(calls.REST, key=lambda each: (each[0] == "delete", "disable" in each[1], each[1].count("/") < 5))


@pytest.mark.slow
def test_rest(world: World, walk: Walk, admin: Actor) -> None:
    stranger = replace(admin, made=replace(admin.made, secret="wrong"))
    for method, path in _ordered():
        target = world.targets["cy5m3rt" if method == "delete" else "alpha"]
        for request in calls.rest(method, path, NOWHERE, b"no picture at all"):
            walk.send(admin, request)
            walk.send(stranger, request)
        for broken in _BROKEN if method != "delete" else ():
            walk.send(admin, replace(next(calls.rest(method, path, target, b"")), options=broken))
        for request in calls.rest(method, path, target, world.picture):
            walk.send(admin, request)
    assert walk.statuses >= {200, 201, 202, 400, 401, 404, 409}


@pytest.mark.slow
def test_wire(world: World, walk: Walk, admin: Actor) -> None:
    stranger = replace(admin, made=replace(admin.made, secret="wrong"))
    ordered = sorted(calls.WIRE, key=lambda each: "Delete" in each[1])
    for version, action, path in ordered:
        for named in (world.targets["b2k4w8v"], NOWHERE):
            for picture in (world.picture, b"no picture at all"):
                for request in calls.wire(version, action, path, named, picture):
                    walk.send(admin, request)
            walk.send(stranger, request)
        for broken in _BROKEN:
            walk.send(admin, replace(request, options={**broken, "headers": request.options["headers"]}))
    assert walk.statuses >= {200, 400, 409}


@pytest.mark.parametrize("path", [path for path, otherwise in _OTHERS.items() if not otherwise])
def test_pages(walk: Walk, path: str) -> None:
    assert walk.look(walk.http.get(path)).status_code == 200
    walk.look(walk.http.post(path, content=b"\0"))
    walk.look(walk.http.get(path + "/nothing"))


def test_the_upload_flow(world: World, walk: Walk, admin: Actor) -> None:
    wire = Wire(world.address, admin.made)
    for content in (world.picture, b"no picture"):
        permission = walk.look(authorize(wire, PYTHON)).json()
        place = place_of(permission)
        fields = fields_of(permission)
        walk.look(post(f"{place}/", {**fields, "Signature": "wrong"}, content, headers={"host": place}))
        walk.look(post(f"{place}/", fields, content, headers={"host": place}))
        url = f"http://{place}/{permission['ObjectKey']}"
        walk.look(wire.call("SearchImageByPic", {"InstanceName": "alpha", "PicContent": url}))
    wire.http.close()


def test_links(world: World, walk: Walk, admin: Actor) -> None:
    wire = Wire(world.address, admin.made)
    name = "amber"
    for action in ("IncreaseList", "DumpMetaList"):
        told = walk.look(wire.call(action, {"InstanceName": name})).text
        for link in re.findall(r'"(http[^"]+)"', told):
            walk.look(walk.http.get(link.replace("\\/", "/")))
    wire.http.close()
    assert 200 in walk.statuses


def _form(**fields: str) -> dict[str, tuple[None, str]]:
    """Fields of a multipart body without a file."""
    return {name: (None, value) for name, value in fields.items()}


def test_what_is_tuned(walk: Walk, admin: Actor) -> None:
    url = "/api/v1/instances/tuned"
    for method, path, options in (
        ("POST", f"{url}/search", {"files": _form(**_TUNED, num="50")}),
        ("GET", f"{url}/tuning", {}),
        ("GET", f"{url}/duplicates", {"params": {"min_similarity": "0.7"}}),
        ("GET", url, {}),
        ("POST", f"{url}/tuning", {"json": {"dry_run": True}}),
    ):
        assert walk.send(admin, Request(method, path, options)).status_code == 200


def test_errors_from_deep_inside(
    world: World, walk: Walk, admin: Actor, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    vector = next(_vectors(world, pipeline))

    def broken(*_: object, **__: object) -> None:
        with np.printoptions(threshold=10**6):
            raise RuntimeError(f"cannot compare {vector!r} and {vector.tobytes().hex()}", vector)

    monkeypatch.setattr(FaissIndex, "search", broken)
    target = world.targets["amber"]
    *_, by_picture = calls.rest("post", "/api/v1/instances/{name}/search", target, world.picture)
    assert walk.send(admin, by_picture).status_code == 500
    for request in calls.wire("2020-12-14", "SearchImageByName", "/", target, world.picture):
        assert walk.send(admin, request).status_code == 500
