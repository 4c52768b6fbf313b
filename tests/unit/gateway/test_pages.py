"""What is there beside the REST interface: the operator's pages, the description, the console, and every head."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from similis.gateway import console, create_asgi, rest
from similis.gateway.alibaba import _task_files
from similis.service import App

Client = Callable[..., httpx.Client]
STATIC = Path(console.__file__).parent / "static"
FILES = sorted(f"/console/{path.relative_to(STATIC).as_posix()}" for path in STATIC.rglob("*.*"))
PAGES = ["/", "/docs", *(path for path in FILES if path != "/console/index.html")]


@pytest.fixture
def stranger(client: Client) -> httpx.Client:
    return client(None)


def test_health_and_readiness(stranger: httpx.Client, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stranger.get("/healthz").text == "ok\n"
    assert stranger.get("/readyz").json() == {"ready": True}
    monkeypatch.setattr(app, "ready", lambda: False)
    answer = stranger.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def test_metrics_count_requests_by_route_and_name_no_instance(api: httpx.Client, stranger: httpx.Client) -> None:
    api.get("/api/v1/instances/shop")
    api.get("/api/v1/instances/things")
    api.get("/nowhere/secret")
    text = stranger.get("/metrics").text
    label = 'method="GET",route="/api/v1/instances/{name}",status="200"'
    assert f"similis_requests_total{{{label}}} 2.0" in text
    assert f"similis_request_seconds_count{{{label}}} 2.0" in text
    assert 'route="unmatched",status="404"} 1.0' in text
    assert "shop" not in text
    assert "secret" not in text


def test_metrics_tell_what_the_process_takes(stranger: httpx.Client) -> None:
    figures = dict(re.findall(r"^(process_\w+) (\S+)$", stranger.get("/metrics").text, re.MULTILINE))
    assert float(figures["process_resident_memory_bytes"]) > 10_000_000
    assert float(figures["process_cpu_seconds_total"]) > 0
    assert float(figures["process_start_time_seconds"]) > 1_700_000_000


def test_each_application_counts_for_itself(api: httpx.Client, app: App) -> None:
    assert b"similis_requests_total{" not in create_asgi(app).state.metrics.exposition().text
    assert "similis_requests_total{" in api.get("/metrics").text


def test_every_answer_has_a_request_id_and_the_security_headers(stranger: httpx.Client) -> None:
    for path in [*PAGES, "/healthz", "/metrics", "/openapi.json", "/nowhere", "/api/v1/instances"]:
        head = stranger.get(path).headers
        assert re.fullmatch("[0-9a-f]{32}", head["x-request-id"])
        assert head["content-security-policy"] == (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
            "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        assert head["permissions-policy"] == "camera=(self), geolocation=(), microphone=()"
        assert head["cross-origin-opener-policy"] == head["cross-origin-resource-policy"] == "same-origin"
        assert (head["x-content-type-options"], head["referrer-policy"]) == ("nosniff", "no-referrer")


def test_a_plain_request_id_of_the_caller_is_kept(stranger: httpx.Client) -> None:
    assert stranger.get("/healthz", headers={"x-request-id": "abc-1"}).headers["x-request-id"] == "abc-1"
    assert stranger.get("/healthz", headers={"x-request-id": "a b"}).headers["x-request-id"] != "a b"


def test_every_page_and_file_is_served_with_its_type(stranger: httpx.Client) -> None:
    types = {
        "": "text/html; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".jpg": "image/jpeg",
        ".js": "text/javascript; charset=utf-8",
        ".json": "application/json",
        ".svg": "image/svg+xml",
        ".webp": "image/webp",
    }
    for path in PAGES:
        answer = stranger.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["content-type"] == types[Path(path).suffix], path


def test_pages_come_from_this_host_only(stranger: httpx.Client) -> None:
    for path in ("/", "/docs", *(path for path in FILES if path.endswith((".js", ".css", ".svg")))):
        text = stranger.get(path).text
        for host in re.findall(r"""(?:https?:|["'`(])//([\w.-]+)""", text):
            assert host == "www.w3.org" or host.endswith((".example", "127.0.0.1", "localhost")), path
        assert not re.search(r"@import|<script(?! src=)|<style|<[a-z][^>]* style=|<[a-z][^>]* on\w+=", text), path


def test_scripts_store_and_run_no_text(stranger: httpx.Client) -> None:
    """What a page may keep is the look of it, and what it shows is never read as HTML."""
    for path in (path for path in FILES if path.endswith(".js")):
        script = stranger.get(path).text
        assert not re.search(r"sessionStorage|indexedDB|document\.cookie|eval\(|new Function|document\.write", script)
        assert not re.search(r"(inner|outer)HTML|insertAdjacentHTML|setHTMLUnsafe|createContextualFragment", script)
        assert "localStorage" not in script or path in {
            f"/console/{name}.js" for name in ("i18n", "preferences", "theme")
        }


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
        *(rest._keys, rest._connections, rest._transfers, _task_files, console._page, console._session),
    )
    for route in (route for module in modules for route in module.router.routes):
        assert not inspect.iscoroutinefunction(route.endpoint)
