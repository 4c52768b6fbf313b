"""Many pictures that wait for their turn do not keep light calls waiting."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

from similis.domain import InstanceSpec, InstanceType
from similis.service import App

WAITING = 60
Client = Callable[..., httpx.Client]


def test_light_calls_are_answered_while_pictures_wait(app: App, client: Client, pictures: list[bytes]) -> None:
    app.instances.create(InstanceSpec("shop", InstanceType.GENERIC))
    api = client()
    form = {"crop": "false"}
    held = [app.analyst._slots for _ in range(app.analyst.slots)]
    for slot in held:
        slot.acquire()
    with ThreadPoolExecutor(WAITING) as pool:
        searches = [
            pool.submit(
                api.post, "/api/v1/instances/shop/search", files={"file": pictures[0]}, data=form, timeout=120
            )
            for _ in range(WAITING)
        ]
        try:
            light = [api.get("/api/v1/instances", timeout=20).status_code for _ in range(5)]
        finally:
            for slot in held:
                slot.release()
        assert light == [200] * 5
        assert not any(search.cancelled() for search in searches)
        assert {search.result().status_code for search in searches} == {200}
