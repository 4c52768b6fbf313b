"""The description of the REST interface is true: what it allows, and what it does not, is answered as it says.

Schemathesis makes the requests up from the description itself; the same ones every time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from similis.algorithm import Pipeline
from similis.domain import Connection, InstanceNotFound, InstanceSpec, PictureKey, Provider, Role
from similis.gateway import rest
from similis.service import App, Settings

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 16
SETTINGS = settings(derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
INSTANCE = "shop"
pytestmark = pytest.mark.slow


def _operations() -> list[tuple[str, str]]:
    api = FastAPI()
    api.include_router(rest.router)
    return [(method.upper(), path) for path, methods in api.openapi()["paths"].items() for method in methods]


class World:
    """A served Similis in which each thing that a path can name is there."""

    def __init__(self, app: App, address: str, picture: bytes, storage: Path) -> None:
        self._app, self._address, self._picture = app, address, picture
        self._http = requests.Session()
        made = app.access.create(Role.ADMIN)
        self._key = {"authorization": f"Bearer {made.key.id}:{made.secret}"}
        app.connections.create(Connection("files", Provider.FILE, bucket="b", root=str(storage)), operator=True)
        self.complete()
        task = app.transfers.start_export(INSTANCE)
        other = app.access.create(Role.READER)
        self.known = {"name": INSTANCE, "connection": "files", "task_id": task.id, "identity": other.key.id}

    def complete(self) -> None:
        """Put the instance back that a call may have deleted, with a picture in it."""
        try:
            self._app.instances.get(INSTANCE)
        except InstanceNotFound:
            self._app.instances.create(InstanceSpec(INSTANCE))
            self._app.pictures.add(INSTANCE, self._picture, PictureKey("p", "a"))

    def call(self, case: Case[Any]) -> None:
        """Send a request, and hold the answer against the description."""
        self.complete()
        case.validate_response(
            case.call(base_url=self._address, session=self._http, headers=self._key), checks=CHECKS
        )

    def call_as_a_stranger(self, case: Case[Any]) -> None:
        """Send a request without a key, by which nobody learns anything, whatever is wrong with it besides."""
        stranger = case.call(base_url=self._address, session=self._http)
        assert stranger.status_code in {401, 403, 404, 405}, stranger.text  # 403: a link whose signature is wrong

    def close(self) -> None:
        """Close the connection to it."""
        self._http.close()


@pytest.fixture(scope="module")
def world(
    tmp_path_factory: pytest.TempPathFactory,
    pipeline: Pipeline,
    serving: Callable[[App], AbstractContextManager[str]],
    pictures: list[bytes],
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("described")
    with App.open(Settings(data=folder / "data"), pipeline) as app, serving(app) as address:
        world = World(app, address, pictures[0], folder)
        yield world
        world.close()


@pytest.fixture(scope="module")
def description() -> BaseSchema:
    api = FastAPI(title="Similis", version="1")
    api.include_router(rest.router)
    return schemathesis.openapi.from_dict(api.openapi())


@pytest.mark.parametrize(("method", "path"), _operations())
def test_answers_are_as_described(world: World, description: BaseSchema, method: str, path: str) -> None:
    operation = description[path][method]
    known = {name: value for name, value in world.known.items() if f"{{{name}}}" in path}
    strategies = [
        operation.as_strategy(generation_mode=mode, path_parameters=named)
        for mode in GenerationMode
        for named in (known or None, None)
    ]

    @settings(SETTINGS, max_examples=EXAMPLES)
    @given(case=st.one_of(strategies))
    def conform(case: Case[Any]) -> None:
        world.call(case)

    @settings(SETTINGS, max_examples=3)
    @given(case=st.one_of(strategies))
    def keep_out(case: Case[Any]) -> None:
        world.call_as_a_stranger(case)

    conform()
    keep_out()
