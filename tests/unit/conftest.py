"""A really served Similis: uvicorn on a free port, real models, a fresh data directory for every test."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import httpx
import pytest
import uvicorn

from similis.domain import Role
from similis.gateway import create_asgi
from similis.gateway._protocol import Protocol
from similis.service import App

Client = Callable[..., httpx.Client]
Serving = Callable[[App], AbstractContextManager[str]]


@pytest.fixture(scope="session")
def serving() -> Serving:
    """Serves an app for as long as a `with` block runs."""
    return _served


@contextmanager
def _served(app: App) -> Iterator[str]:
    """Serve on a free port for as long as the block runs; gives the address."""
    app.analyst.warm_up()
    config = uvicorn.Config(create_asgi(app), port=0, http=Protocol, ws="none", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.005)
        assert thread.is_alive()
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def address(app: App, serving: Serving) -> Iterator[str]:
    with serving(app) as address:
        yield address


@pytest.fixture
def client(app: App, address: str) -> Iterator[Client]:
    """Makes HTTP clients with a key of a role; without a role, without a key."""
    clients: list[httpx.Client] = []

    def make(role: Role | None = Role.ADMIN, *instances: str) -> httpx.Client:
        headers = {}
        if role is not None:
            made = app.access.create(role, instances)
            headers["authorization"] = f"Bearer {made.key.id}:{made.secret}"
        clients.append(httpx.Client(base_url=address, headers=headers, timeout=30))
        return clients[-1]

    yield make
    for each in clients:
        each.close()


@pytest.fixture
def api(client: Client) -> httpx.Client:
    """A client with an admin key and two instances, `shop` (product) and `things` (generic, room for two)."""
    api = client()
    for form in ({"name": "shop", "type": "product"}, {"name": "things", "type": "generic", "capacity": 2}):
        assert api.post("/api/v1/instances", json=form).status_code == 201
    return api


@pytest.fixture(scope="session")
def pictures(draw: Callable[..., bytes]) -> list[bytes]:
    """Five different encoded pictures of 160×160 pixels."""
    return [draw(product, size=160) for product in range(5)]


@pytest.fixture
def restored() -> Iterator[None]:
    """Logging as it was before, whatever a test sets up."""
    root, own = logging.getLogger(), logging.getLogger("similis")
    before = root.handlers, root.level, own.level, threading.excepthook
    yield
    root.handlers, threading.excepthook = before[0], before[3]
    root.setLevel(before[1])
    own.setLevel(before[2])
    logging.captureWarnings(capture=False)
