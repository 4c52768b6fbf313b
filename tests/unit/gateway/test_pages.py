"""What is there beside the REST interface: the operator's pages, the description, the console, and every head."""

import inspect
import re
from collections.abc import Callable

import httpx
import pytest

from similis.gateway import create_asgi, rest
from similis.gateway.alibaba import _task_files
from similis.service import App

Client = Callable[..., httpx.Client]
PAGES = ["/", "/docs", "/console/console.css", "/console/console.js", "/console/icon.svg"]


@pytest.fixture
def stranger(client: Client) -> httpx.Client:
    return client(None)


def test_health_and_readiness(stranger: httpx.Client, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stranger.get("/healthz").text == "ok\n"
    assert stranger.get("/readyz").json() == {"ready": True}
    monkeypatch.setattr(app, "ready", lambda: False)
    answer = stranger.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def test_metrics_count_requests_by_route_and_name_no_instance(api: httpx.Client) -> None:
    api.get("/api/v1/instances/shop")
    api.get("/api/v1/instances/things")
    api.get("/nowhere/secret")
    text = api.get("/metrics").text
    label = 'method="GET",route="/api/v1/instances/{name}",status="200"'
    assert f"similis_requests_total{{{label}}} 2.0" in text
    assert f"similis_request_seconds_count{{{label}}} 2.0" in text
    assert 'route="unmatched",status="404"} 1.0' in text
    assert "shop" not in text
    assert "secret" not in text


def test_each_application_counts_for_itself(api: httpx.Client, app: App) -> None:
    assert b"similis_requests_total{" not in create_asgi(app).state.metrics.text()
    assert "similis_requests_total{" in api.get("/metrics").text


def test_every_answer_has_a_request_id_and_the_security_headers(stranger: httpx.Client) -> None:
    for path in [*PAGES, "/healthz", "/metrics", "/openapi.json", "/nowhere", "/api/v1/instances"]:
        head = stranger.get(path).headers
        assert re.fullmatch("[0-9a-f]{32}", head["x-request-id"])
        assert head["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
        assert head["x-content-type-options"] == "nosniff"


def test_a_plain_request_id_of_the_caller_is_kept(stranger: httpx.Client) -> None:
    assert stranger.get("/healthz", headers={"x-request-id": "abc-1"}).headers["x-request-id"] == "abc-1"
    assert stranger.get("/healthz", headers={"x-request-id": "a b"}).headers["x-request-id"] != "a b"


@pytest.mark.parametrize("path", PAGES)
def test_pages_come_from_this_host_only(stranger: httpx.Client, path: str) -> None:
    answer = stranger.get(path)
    assert answer.status_code == 200
    assert not re.search(r'(src|href)="(https?:)?//|url\(|@import|fetch\([`"](https?:)?//', answer.text)
    assert not re.search(r"<script(?! src=)|<style| style=| on\w+=", answer.text)


def test_the_script_writes_to_no_storage(stranger: httpx.Client) -> None:
    script = stranger.get("/console/console.js").text
    assert not re.search(r"localStorage|sessionStorage|indexedDB|cookie|innerHTML|eval\(", script)


def test_ids_in_the_script_are_on_the_page(stranger: httpx.Client) -> None:
    used = set(re.findall(r'\$\("([\w-]+)"\)', stranger.get("/console/console.js").text))
    there = set(re.findall(r' id="([\w-]+)"', stranger.get("/").text))
    assert used <= there


def test_the_description_says_what_the_routes_take_and_answer(stranger: httpx.Client) -> None:
    schema = stranger.get("/openapi.json").json()
    add = schema["paths"]["/api/v1/instances/{name}/pictures"]["post"]
    form = add["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["properties"]["file"]["format"] == "binary"
    assert set(form["required"]) == {"file", "product_id", "pic_name"}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            answers = operation["responses"]
            assert operation["security"], (method, path)
            assert answers["4XX"]["content"]["application/json"]["schema"] == {
                "$ref": "#/components/schemas/ErrorAnswer"
            }
            assert "422" not in answers


def test_the_page_lists_every_route(stranger: httpx.Client) -> None:
    page = stranger.get("/docs").text
    for path, operations in stranger.get("/openapi.json").json()["paths"].items():
        for method in operations:
            assert f"<code>{method.upper()} {path}</code>" in page
    for target in re.findall(r'href="#(\w+)"', page):
        assert f'id="{target}"' in page


def test_no_route_runs_on_the_event_loop() -> None:
    modules = (
        *(rest._instances, rest._pictures, rest._search, rest._quality),
        *(rest._keys, rest._connections, rest._transfers, _task_files),
    )
    for route in (route for module in modules for route in module.router.routes):
        assert not inspect.iscoroutinefunction(route.endpoint)
