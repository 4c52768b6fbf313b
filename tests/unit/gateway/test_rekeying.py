"""A new key of an instance over REST: who may ask for it, and what is told of it."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx

from similis.domain import Role
from similis.service import App

Client = Callable[..., httpx.Client]
REKEY = "/api/v1/instances/shop/rekey"


def _ended(client: httpx.Client, task_id: int) -> dict[str, object]:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        task: dict[str, object] = client.get(f"/api/v1/tasks/{task_id}").json()
        if task["status"] != "processing":
            return task
        time.sleep(0.05)
    raise AssertionError


def test_an_admin_gives_an_instance_a_new_key(
    app: App, api: httpx.Client, client: Client, pictures: list[bytes]
) -> None:
    form = {"product_id": "p", "pic_name": "a", "category_id": 3, "custom_content": "mine"}
    assert api.post("/api/v1/instances/shop/pictures", data=form, files={"file": pictures[0]}).status_code == 201
    uid = app.instances.get("shop").uid
    begun = api.post(REKEY)
    assert (begun.status_code, begun.json()["kind"], begun.json()["connection"]) == (202, "rekey", None)
    assert _ended(api, begun.json()["id"]).items() >= {"status": "success", "added": 1, "code": None}.items()
    assert app.instances.get("shop").uid != uid
    found = api.post("/api/v1/instances/shop/search", data={"category_id": 3}, files={"file": pictures[0]}).json()
    assert [(each["score"], each["custom_content"]) for each in found["matches"]] == [(1.0, "mine")]
    listed = client(Role.READER, "shop").get(REKEY).json()
    assert [each["id"] for each in listed["tasks"]] == [begun.json()["id"]]
    assert api.get("/api/v1/instances/shop/imports").json()["total"] == 0


def test_nobody_else_may(api: httpx.Client, client: Client) -> None:
    for role in (Role.WRITER, Role.READER):
        assert client(role).post(REKEY).status_code == 403
    assert client(Role.ADMIN, "things").post(REKEY).status_code == 403
    assert client(None).post(REKEY).status_code == 401
    assert api.post("/api/v1/instances/none/rekey").status_code == 404
    assert client(Role.READER, "things").get(REKEY).status_code == 403


def test_while_one_is_under_way_there_is_no_other(app: App, api: httpx.Client) -> None:
    app.transfers.end()  # so that it stays under way
    task = api.post(REKEY).json()["id"]
    assert (api.post(REKEY).status_code, api.post(REKEY).json()["code"]) == (409, "task_running")
    deleted = api.delete("/api/v1/instances/shop/pictures", params={"product_id": "p"})
    assert (deleted.status_code, deleted.json()["code"]) == (409, "instance_rebuilding")
    assert api.post(f"/api/v1/tasks/{task}/cancel").json()["code"] == "task_cancelled"
