"""Every call of every REST route makes exactly one audit event, whatever becomes of it, without data or secrets."""

from __future__ import annotations

import base64
import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from similis.algorithm import Pipeline
from similis.domain import AuditAction, AuditEvent, AuditQuery, InstanceSpec, NewAccessKey, PictureKey, Role
from similis.gateway import create_asgi
from similis.gateway.rest import AUDIT_ACTIONS
from similis.service import App, Settings

API = "/api/v1"
SHOP = f"{API}/instances/shop"
PRODUCT, NAME, CONTENT = "canary-product", "canary-name", "canary-content"
KEY = {"product_id": PRODUCT, "pic_name": NAME}
BEARER = "authorization"
Call = tuple[str, str, dict[str, Any]]

# For each route, in an order in which all of them succeed: a call and which subject its event has, if any.
CALLS: dict[str, tuple[str, str, dict[str, Any], str | None]] = {
    "create_instance": ("POST", f"{API}/instances", {"json": {"name": "made", "type": "generic"}}, None),
    "list_instances": ("GET", f"{API}/instances", {}, None),
    "show_instance": ("GET", SHOP, {}, None),
    "set_instance": ("PATCH", SHOP, {"json": {"retention_days": 30}}, None),
    "add_picture": ("POST", f"{SHOP}/pictures", {"picture": {**KEY, "custom_content": CONTENT}}, f"{PRODUCT}/{NAME}"),
    "show_picture": ("GET", f"{SHOP}/pictures", {"params": KEY}, f"{PRODUCT}/{NAME}"),
    "update_picture": ("PATCH", f"{SHOP}/pictures", {"params": KEY, "json": {"int_attr": 1}}, f"{PRODUCT}/{NAME}"),
    "search": ("POST", f"{SHOP}/search", {"picture": {}}, None),
    "check_filter": ("POST", f"{API}/filters/check", {"json": {"expression": "int_attr>1"}}, None),
    "compare": ("POST", f"{API}/compare", {"picture": {"second": True}}, None),
    "list_duplicates": ("GET", f"{SHOP}/duplicates", {}, None),
    "show_tuning": ("GET", f"{SHOP}/tuning", {}, None),
    "undo_tuning": ("DELETE", f"{SHOP}/tuning", {}, None),
    "rebuild_instance": ("POST", f"{SHOP}/rebuild", {}, None),
    "move_instance": ("POST", f"{SHOP}/move", {"json": {"index": "faiss"}}, None),
    "create_connection": ("POST", f"{API}/connections", {"json": {}}, "storage"),
    "list_connections": ("GET", f"{API}/connections", {}, None),
    "show_connection": ("GET", f"{API}/connections/storage", {}, "storage"),
    "check_connection": ("POST", f"{API}/connections/storage/check", {}, "storage"),
    "start_import": ("POST", f"{SHOP}/imports", {"json": {"connection": "storage", "bucket": "b", "path": "/"}}, "1"),
    "list_imports": ("GET", f"{SHOP}/imports", {}, None),
    "show_task": ("GET", f"{API}/tasks/1", {}, "1"),
    "cancel_task": ("POST", f"{API}/tasks/1/cancel", {}, "1"),
    "download_failures": ("GET", f"{API}/tasks/1/failures", {}, "1"),
    "start_export": ("POST", f"{SHOP}/exports", {}, "2"),
    "list_exports": ("GET", f"{SHOP}/exports", {}, None),
    "download_export": ("GET", f"{API}/tasks/2/export", {}, "2"),
    "delete_connection": ("DELETE", f"{API}/connections/storage", {}, "storage"),
    "create_key": ("POST", f"{API}/keys", {"json": {"role": "reader", "instances": ["made"]}}, "KEY"),
    "list_keys": ("GET", f"{API}/keys", {}, None),
    "set_key": ("PATCH", f"{API}/keys/KEY", {"json": {"qps": 5}}, "KEY"),
    "disable_key": ("POST", f"{API}/keys/KEY/disable", {}, "KEY"),
    "export_customer": ("GET", f"{API}/customers/KEY/export", {}, "KEY"),
    "list_audit_events": ("GET", f"{API}/audit", {"params": {"action": "picture.add"}}, None),
    "plan_erasure": ("GET", f"{API}/customers/KEY", {}, "KEY"),
    "erase_customer": ("DELETE", f"{API}/customers/KEY", {}, "KEY"),
    "start_rekey": ("POST", f"{SHOP}/rekey", {}, "3"),
    "list_rekeys": ("GET", f"{SHOP}/rekey", {}, None),
    "delete_pictures": ("DELETE", f"{SHOP}/pictures", {"params": KEY}, f"{PRODUCT}/{NAME}"),
    "delete_instance": ("DELETE", SHOP, {}, None),
}
# There are too few products for it.
FAILING: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "tune_instance": ("POST", f"{SHOP}/tuning", {}, "nothing_to_tune")
}


def body(given: dict[str, Any], picture: bytes, root: Path) -> dict[str, Any]:
    """What httpx takes, of a call's own form."""
    if (fields := given.get("picture")) is not None:
        second = {"second": ("b", picture)} if fields.get("second") else {}
        name = "first" if second else "file"
        return {"files": {name: ("a", picture), **second}, "data": {} if second else fields}
    if given == {"json": {}}:
        return {"json": {"name": "storage", "provider": "file", "root": str(root)}}
    return given


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("storage")
    (root / "b").mkdir()
    (root / "b" / "increment.meta").write_text("nonsense\n")
    return root


@pytest.fixture
def app(tmp_path: Path, pipeline: Pipeline, root: Path) -> Iterator[App]:
    settings = Settings(data=tmp_path / "data", threads=1, import_roots=(root,))
    with App.open(settings, pipeline) as app:
        app.instances.create(InstanceSpec("shop"))
        yield app


@pytest.fixture
def address(app: App, serving: Callable[[App], AbstractContextManager[str]]) -> Iterator[str]:
    with serving(app) as address:
        yield address


def client(address: str, key: NewAccessKey | str | None) -> httpx.Client:
    bearer = key if isinstance(key, str) else None if key is None else f"{key.key.id}:{key.secret}"
    return httpx.Client(base_url=address, headers={} if bearer is None else {BEARER: f"Bearer {bearer}"}, timeout=60)


class Events:
    """Gives the events that came since it was asked last, oldest first; those of the service itself left out."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._seen = len(list(app.audit.events()))

    def new(self) -> list[AuditEvent]:
        events = list(self._app.audit.events())
        new, self._seen = events[: len(events) - self._seen][::-1], len(events)
        return [event for event in new if event.actor != "service"]


def routes(app: App) -> dict[str, APIRoute]:
    found: dict[str, APIRoute] = {}

    def walk(listed: list[Any]) -> None:
        for route in listed:
            if isinstance(route, APIRoute) and route.path.startswith(API):
                found[route.name] = route
            elif hasattr(route, "routes"):
                walk(route.routes)
            elif hasattr(route, "original_router"):
                walk(route.original_router.routes)

    walk(create_asgi(app).routes)
    return found


def test_every_route_is_in_the_table_and_in_this_walk(app: App) -> None:
    names = routes(app).keys()
    assert len(names) > 30
    assert names == AUDIT_ACTIONS.keys() - {"download_errors"}
    assert names == CALLS.keys() | FAILING.keys()


def test_every_route_makes_one_event(app: App, address: str, draw: Callable[..., bytes], root: Path) -> None:
    picture, admin = draw(0, size=160), app.access.create(Role.ADMIN)
    events, made = Events(app), ""
    with client(address, admin) as caller:
        for name, (method, path, given, code) in FAILING.items():
            answer = caller.request(method, path, **given)
            assert answer.json()["code"] == code
            (event,) = events.new()
            assert (event.action, event.outcome, event.actor) == (AUDIT_ACTIONS[name], code, admin.key.id)
        for name, (method, path, given, subject) in CALLS.items():
            answer = caller.request(method, path.replace("KEY", made), **body(given, picture, root))
            assert answer.is_success, (name, answer.text)
            made = answer.json()["id"] if name == "create_key" else made
            new = events.new()
            assert len(new) == 1, (name, new)
            told = (new[0].action, new[0].outcome, new[0].actor, new[0].subject, new[0].request_id)
            expected = made if subject == "KEY" else subject
            assert told == (AUDIT_ACTIONS[name], "ok", admin.key.id, expected, answer.headers["x-request-id"]), name
            about = "made" if name == "create_instance" else "shop" if SHOP in path or "tasks" in path else None
            assert new[0].instance == about, name
            assert new[0].origin is None
            if name in {"start_import", "start_export", "start_rekey"}:
                wait(app, answer.json()["id"])
    check_clean(app, [picture], [admin.secret])


def wait(app: App, task_id: int) -> None:
    """Until a task has ended, and that was noted."""
    query = AuditQuery(action=AuditAction.TASK_END)
    while str(task_id) not in [event.subject for event in app.audit.events(query)]:
        time.sleep(0.02)


def check_clean(app: App, pictures: list[bytes], secrets: list[str]) -> None:
    """No picture, secret or text of a customer is in the files."""
    app.audit.flush()
    text = "".join(file.read_text() for file in app.settings.audit_directory.iterdir())
    for word in (PRODUCT, NAME, CONTENT, *secrets):
        assert word not in text
    for picture in pictures:
        for form in (base64.b64encode(picture).decode(), picture.hex()):
            assert not any(form[start : start + 40] in text for start in range(0, len(form) - 40, 40))


@pytest.mark.parametrize("who", ["nobody", "wrong secret", "reader", "limited"])
def test_refused_calls_make_one_event_too(app: App, address: str, who: str) -> None:
    key = app.access.create(Role.READER)
    app.instances.create(InstanceSpec("other"))
    callers: dict[str, NewAccessKey | str | None] = {
        "nobody": None,
        "wrong secret": f"{key.key.id}:wrong",
        "reader": key,
        "limited": app.access.create(Role.ADMIN, ["other"]),
    }
    events = Events(app)
    with client(address, callers[who]) as caller:
        for name, (method, path, *_) in (CALLS | FAILING).items():
            answer = caller.request(method, path)
            (event,) = events.new()
            assert event.action is AUDIT_ACTIONS[name]
            assert event.outcome == ("ok" if answer.is_success else answer.json()["code"])
            if who in {"nobody", "wrong secret"}:
                assert (event.outcome, event.actor, event.subject) == ("not_authenticated", "unknown", None)
            else:
                assert event.actor.startswith("SIM")


def test_what_is_named_and_cannot_be_is_not_repeated(app: App, address: str) -> None:
    admin = app.access.create(Role.ADMIN)
    events = Events(app)
    with client(address, admin) as caller:
        for path in (
            f"{API}/instances/no%20instance%0Aat%20all",
            f"{API}/connections/{admin.secret}",
            f"{SHOP}/pictures?product_id={'p' * 600}&pic_name=x",
        ):
            assert caller.get(path).is_client_error
        assert caller.post(f"{API}/keys/{admin.secret}/disable").is_client_error
        assert caller.delete(f"{API}/customers/{admin.secret}").is_client_error
    assert [(event.instance, event.subject) for event in events.new()] == [
        (None, None), (None, None), ("shop", None), (None, None), (None, None),
    ]  # fmt: skip
    check_clean(app, [], [admin.secret])


def test_paths_that_nobody_answers_and_pages_for_all_are_no_events(app: App, address: str) -> None:
    events = Events(app)
    with client(address, app.access.create(Role.ADMIN)) as caller:
        for path in ("/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/", "/nothing", f"{API}/nothing"):
            caller.get(path)
        assert caller.put(f"{API}/instances").status_code == 405
    assert events.new() == []


def test_links_name_nobody(app: App, address: str) -> None:
    admin = app.access.create(Role.ADMIN)
    with client(address, admin) as caller:
        task = caller.post(f"{SHOP}/exports").json()
        wait(app, task["id"])
        url = caller.get(f"{API}/tasks/{task['id']}").json()["export_url"]
    events = Events(app)
    assert httpx.get(url).is_success
    assert httpx.get(url + "0").status_code == 403
    good, bad = events.new()
    assert (good.actor, good.action, good.instance, good.subject) == ("link", AuditAction.EXPORT_READ, "shop", "1")
    assert (bad.actor, bad.outcome) == ("unknown", "permission_denied")
    assert "signature" not in "".join(file.read_text() for file in app.settings.audit_directory.iterdir())


def test_addresses_of_clients_are_noted_where_that_is_wanted(
    tmp_path: Path, pipeline: Pipeline, serving: Callable[[App], AbstractContextManager[str]]
) -> None:
    with App.open(Settings(data=tmp_path / "data", audit_origin=True), pipeline) as app, serving(app) as address:
        assert httpx.get(f"{address}{API}/instances").status_code == 401
        assert next(app.audit.events()).origin == "127.0.0.1"


def test_nothing_is_changed_while_it_cannot_be_noted(app: App, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with client(address, app.access.create(Role.ADMIN)) as caller:
        monkeypatch.setattr("similis.service._audit_files.os.write", full)
        assert caller.post(f"{API}/keys", json={"role": "reader"}).is_success  # nobody knew
        refused = caller.post(f"{API}/keys", json={"role": "reader"})
        assert (refused.status_code, refused.json()["code"]) == (503, "storage_failed")
        assert caller.get(f"{API}/keys").is_success
        monkeypatch.undo()
        assert caller.post(f"{API}/keys", json={"role": "reader"}).is_success
    assert app.audit.verify().problems == ()


def test_the_log_is_read_page_by_page_by_unlimited_admins_alone(app: App, address: str) -> None:
    with client(address, app.access.create(Role.ADMIN)) as caller:
        for _ in range(5):
            caller.get(SHOP)
        page = caller.get(f"{API}/audit", params={"action": "instance.show", "num": 3}).json()
        assert (len(page["events"]), page["more"]) == (3, True)
        page = caller.get(f"{API}/audit", params={"action": "instance.show", "num": 3, "start": 3}).json()
        assert (len(page["events"]), page["more"]) == (2, False)
        assert caller.get(f"{API}/audit", params={"action": "fly"}).status_code == 400
        changes = caller.get(f"{API}/audit", params={"changes": True, "num": 1000}).json()["events"]
        assert {event["action"] for event in changes} == {"audit.read"}
        assert caller.get(f"{API}/audit", params={"until": "2020-01-01"}).json()["events"] == []
    for key in (app.access.create(Role.ADMIN, ["shop"]), app.access.create(Role.WRITER)):
        with client(address, key) as caller:
            assert caller.get(f"{API}/audit").status_code == 403


def test_a_customer_is_exported_as_an_archive(app: App, address: str, draw: Callable[..., bytes]) -> None:
    app.pictures.add("shop", draw(0, size=160), PictureKey(PRODUCT, NAME), custom_content=CONTENT)
    owner = app.access.create(Role.WRITER, ["shop"])
    with client(address, app.access.create(Role.ADMIN)) as caller:
        answer = caller.get(f"{API}/customers/{owner.key.id}/export")
        assert answer.headers["content-type"] == "application/zip"
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert archive.testzip() is None
            (line,) = archive.read("instances/shop/pictures.jsonl").decode().splitlines()
        assert json.loads(line)["custom_content"] == CONTENT
        assert caller.get(f"{API}/customers/nobody/export").json()["code"] == "key_not_found"
