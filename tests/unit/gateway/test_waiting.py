"""Pictures wait for their turn without keeping light calls waiting; one too many is told when to come again."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from tests.unit.gateway.alibaba.calling import Wire, base64_of, refusal_of

from similis.domain import InstanceSpec, InstanceType, Role
from similis.service import App, Settings

ROOM = 60
Client = Callable[..., httpx.Client]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"queue": ROOM})


@pytest.fixture(autouse=True)
def shop(app: App) -> None:
    app.instances.create(InstanceSpec("shop", InstanceType.GENERIC))


@contextmanager
def _all_at_work(app: App) -> Iterator[None]:
    """A block in which every slot is taken."""
    with ExitStack() as held:
        for _ in range(app.analyst.slots):
            held.enter_context(app.analyst.turns.turn())
        yield


def _search(api: httpx.Client, picture: bytes) -> httpx.Response:
    form = {"crop": "false"}
    return api.post("/api/v1/instances/shop/search", files={"file": picture}, data=form, timeout=120)


@contextmanager
def _queue_full(app: App, api: httpx.Client, picture: bytes) -> Iterator[list[Future[httpx.Response]]]:
    """A block in which as many searches wait as may; all of them are answered after it."""
    with ThreadPoolExecutor(ROOM) as pool:
        with _all_at_work(app):
            searches = [pool.submit(_search, api, picture) for _ in range(ROOM)]
            pause = threading.Event()
            while app.analyst.turns.waiting < ROOM:
                assert not any(search.done() for search in searches)
                pause.wait(0.01)
            yield searches
        assert {search.result().status_code for search in searches} == {200}


@pytest.mark.slow
def test_light_calls_are_answered_while_pictures_wait(app: App, client: Client, pictures: list[bytes]) -> None:
    api = client()
    with _queue_full(app, api, pictures[0]):
        assert [api.get("/api/v1/instances", timeout=20).status_code for _ in range(5)] == [200] * 5


@pytest.mark.slow
def test_one_too_many_is_told_when_to_come_again(
    app: App, client: Client, address: str, pictures: list[bytes]
) -> None:
    api, wire = client(), Wire(address, app.access.create(Role.WRITER))
    app.analyst.turns._seconds = 0.2  # a picture: the queue takes 60 × 0.2 s / 2
    with _queue_full(app, api, pictures[0]):
        refused = _search(api, pictures[0])
        assert (refused.status_code, refused.json()["code"]) == (429, "queue_full")
        assert refused.headers["retry-after"] == "6"
        form = {"InstanceName": "shop", "ProductId": "p", "PicName": "a", "PicContent": base64_of(pictures[0])}
        told = wire.call("AddImage", form)
        assert refusal_of(told)[:2] == (400, "Throttling.User")
        assert told.headers["x-acs-retry-after"] == "6000"
    assert _search(api, pictures[0]).status_code == 200
    wire.http.close()
