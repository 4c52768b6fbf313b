"""The session's cookie: which calls it opens, and that only the console's own page can change anything by it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from tests.unit.gateway.console.conftest import SESSION, SignIn

from similis.domain import NewAccessKey, Role
from similis.service import App

CSRF = "x-similis-csrf"
FILLED = {"name": "shop", "connection": "c", "identity": "SIMX", "task_id": "1"}
OTHERS = [("delete", SESSION)]


def _routes(page: httpx.Client) -> Iterator[tuple[str, str]]:
    """Every route of REST, its path filled in."""
    for path, operations in page.get("/openapi.json").json()["paths"].items():
        for method in operations:
            yield method, re.sub(r"\{(\w+)\}", lambda found: FILLED[found[1]], path)


def test_no_change_is_made_without_the_pages_own_header(
    app: App, page: httpx.Client, admin: NewAccessKey, sign_in: SignIn
) -> None:
    own, other = sign_in(admin)[CSRF], app.sessions.start(admin.key, datetime.now(UTC))[0]
    unsafe = [route for route in _routes(page) if route[0] not in {"get", "head"}] + OTHERS
    assert len(unsafe) > 20
    for method, path in unsafe:
        for headers in ({}, {CSRF: other.csrf}):
            _refused(page.request(method, path, headers=headers), method, path)
    for wrong in ("", "x", own[:-1], own + "0", own.upper(), "ü"):
        _refused(page.delete("/api/v1/instances/shop", headers=httpx.Headers({CSRF: wrong}, "utf-8")), wrong)
    assert page.get(SESSION).json()["signed_in"] is True


def _refused(answer: httpx.Response, *told: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed"), told
    assert "Bearer" in answer.json()["hint"]


def test_every_route_takes_the_session(page: httpx.Client, admin: NewAccessKey, sign_in: SignIn) -> None:
    csrf = sign_in(admin)
    for method, path in _routes(page):
        answer = page.request(method, path, headers={} if method == "get" else csrf)
        assert answer.status_code not in {401, 403}, (method, path, answer.text)


@pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense"])
def test_what_another_page_asks_for_is_refused_even_to_read(
    page: httpx.Client, admin: NewAccessKey, sign_in: SignIn, site: str
) -> None:
    csrf, origin = sign_in(admin), {"sec-fetch-site": site}
    for method, path in [*_routes(page), *OTHERS, ("get", SESSION)]:
        answer = page.request(method, path, headers={**csrf, **origin})
        assert answer.json()["code"] == "csrf_failed", (method, path)
    refused = page.post(SESSION, json={"key": f"{admin.key.id}:{admin.secret}"}, headers=origin)
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_what_the_page_or_the_user_asks_for_is_answered(
    page: httpx.Client, admin: NewAccessKey, sign_in: SignIn, site: str
) -> None:
    csrf, origin = sign_in(admin), {"sec-fetch-site": site}
    assert page.get("/api/v1/instances", headers=origin).status_code == 200
    form = {"name": "made", "type": "generic"}
    assert page.post("/api/v1/instances", json=form, headers={**csrf, **origin}).status_code == 201


def test_a_header_of_a_key_is_used_alone(app: App, page: httpx.Client, admin: NewAccessKey, sign_in: SignIn) -> None:
    csrf = sign_in(admin)
    reader = app.access.create(Role.READER)
    for wrong in ("Bearer nobody:secret", "Bearer", "Basic eA==", "", f"Bearer {admin.key.id}:x"):
        for headers in ({}, csrf):
            answer = page.get("/api/v1/instances", headers={"authorization": wrong, **headers})
            assert answer.json()["code"] == "not_authenticated", wrong
    bearer = {"authorization": f"Bearer {reader.key.id}:{reader.secret}", "sec-fetch-site": "cross-site"}
    assert page.get("/api/v1/instances", headers=bearer).status_code == 200
    made = page.post("/api/v1/instances", json={"name": "x", "type": "generic"}, headers={**bearer, **csrf})
    assert made.json()["code"] == "permission_denied"  # the reader's, not the administrator's who is signed in


def test_the_cloud_services_protocol_does_not_know_the_cookie(
    page: httpx.Client, admin: NewAccessKey, sign_in: SignIn
) -> None:
    csrf = sign_in(admin)
    calls: list[tuple[str, dict[str, str]]] = [
        ("/", {"x-acs-version": "2020-12-14", "x-acs-action": "Detail"}),
        ("/?Action=Detail&Version=2020-12-14&InstanceName=shop", {}),
        ("/v2/image/search", {"x-acs-version": "2019-03-25"}),
        ("/item/search?instanceName=shop", {"x-acs-version": "2018-01-20"}),
    ]
    with httpx.Client(base_url=page.base_url) as stranger:
        for path, headers in calls:
            signed_in, other = (each.post(path, headers={**csrf, **headers}) for each in (page, stranger))
            assert 400 <= signed_in.status_code < 500, path
            assert _without_id(signed_in) == _without_id(other), path


def _without_id(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, re.sub("[0-9a-fA-F-]{32,36}", "", answer.text)
