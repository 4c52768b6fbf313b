"""A served Similis with instances of both types, and clients that sign their calls."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from tests.unit.gateway.alibaba.calling import Wire

from similis.algorithm import Pipeline
from similis.domain import InstanceSpec, InstanceType, Role
from similis.service import App, Settings


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, pipeline: Pipeline) -> Iterator[App]:
    """One service for the tests of a module, with an instance of each type."""
    with App.open(Settings(data=tmp_path_factory.mktemp("wire") / "data"), pipeline) as app:
        app.instances.create(InstanceSpec("shop", region="cn-shanghai"))
        app.instances.create(InstanceSpec("things", InstanceType.GENERIC, capacity=20_001))
        app.instances.create(InstanceSpec("full", capacity=1))
        yield app


@pytest.fixture(scope="module")
def address(app: App, serving: Callable[[App], AbstractContextManager[str]]) -> Iterator[str]:
    with serving(app) as address:
        yield address


@pytest.fixture(scope="module")
def connect(app: App, address: str) -> Iterator[Callable[..., Wire]]:
    """Makes clients with a new key of a role, for some instances or all."""
    made: list[Wire] = []

    def make(role: Role = Role.WRITER, *instances: str) -> Wire:
        made.append(Wire(address, app.access.create(role, instances)))
        return made[-1]

    yield make
    for each in made:
        each.http.close()


@pytest.fixture(scope="module")
def wire(connect: Callable[..., Wire]) -> Wire:
    """A client that may do everything that the wire offers."""
    return connect()
