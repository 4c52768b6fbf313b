"""Sign in, who is signed in, sign out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http.cookies import Morsel, SimpleCookie

import httpx
import pytest
from tests.unit.gateway.console.conftest import SESSION, SignIn, text_of

from similis.domain import InstanceSpec, NewAccessKey, Role
from similis.service import SESSION_LIFETIME, App

COOKIE = "similis_session"
OUT = {"signed_in": False}


def test_a_session_begins_serves_and_ends(page: httpx.Client, admin: NewAccessKey) -> None:
    assert page.get(SESSION).json() == OUT
    assert page.get("/api/v1/instances").status_code == 401
    told = page.post(SESSION, json={"key": f"  {text_of(admin)}\n"}).json()
    assert told["signed_in"] is True
    assert (told["key_id"], told["role"], told["instances"]) == (admin.key.id, "admin", [])
    left = datetime.fromisoformat(told["expires_at"]) - datetime.now(UTC)
    assert SESSION_LIFETIME - timedelta(minutes=1) < left <= SESSION_LIFETIME
    assert page.get(SESSION).json() == told
    form, csrf = {"name": "shop", "type": "product"}, {"x-similis-csrf": told["csrf"]}
    assert page.post("/api/v1/instances", json=form, headers=csrf).status_code == 201
    assert page.get("/api/v1/instances").json()["instances"][0]["name"] == "shop"
    assert page.delete(SESSION, headers=csrf).status_code == 204
    assert page.get(SESSION).json() == OUT
    assert page.delete(SESSION).status_code == 204  # once more is no error


def test_what_a_session_may_do_is_what_its_key_may(app: App, page: httpx.Client, sign_in: SignIn) -> None:
    for name in ("shop", "other"):
        app.instances.create(InstanceSpec(name))
    csrf = sign_in(app.access.create(Role.READER, ["shop"]))
    told = page.get(SESSION).json()
    assert (told["role"], told["instances"]) == ("reader", ["shop"])
    assert [each["name"] for each in page.get("/api/v1/instances").json()["instances"]] == ["shop"]
    assert page.get("/api/v1/instances/other").json()["code"] == "permission_denied"
    assert page.delete("/api/v1/instances/shop", headers=csrf).json()["code"] == "permission_denied"


def test_calls_of_a_session_count_on_its_key(app: App, page: httpx.Client, sign_in: SignIn) -> None:
    csrf = sign_in(app.access.create(Role.READER, qps=3))
    answers = [page.get(path) for path in ("/api/v1/instances", SESSION) * 20]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert {answer.request.url.path for answer in refused} == {"/api/v1/instances"}  # the page can always open
    assert {answer.json()["code"] for answer in refused} == {"key_throttled"}
    assert page.delete(SESSION, headers=csrf).status_code == 204  # nobody is held


def test_signing_in_counts_on_the_key(app: App, page: httpx.Client) -> None:
    key = text_of(app.access.create(Role.READER, qps=0.01))
    assert page.post(SESSION, json={"key": key}).status_code == 200
    assert page.post(SESSION, json={"key": key}).json()["code"] == "key_throttled"
    assert page.get(SESSION).json()["signed_in"] is True  # which is free


def test_a_temporary_key_needs_its_token_and_gives_a_shorter_session(app: App, page: httpx.Client) -> None:
    made = app.access.create(Role.READER, lifetime=timedelta(minutes=10))
    assert page.post(SESSION, json={"key": f"{made.key.id}:{made.secret}"}).status_code == 401
    answer = page.post(SESSION, json={"key": text_of(made)})
    assert made.key.expires_at is not None
    assert answer.json()["expires_at"] == made.key.expires_at.replace(microsecond=0).isoformat()
    assert 500 < int(_cookie(answer)["max-age"]) <= 600


@pytest.mark.parametrize(
    ("proxied", "name", "secure"),
    [({}, COOKIE, False), ({"x-forwarded-proto": "https"}, f"__Host-{COOKIE}", True)],
)
def test_the_cookie_is_out_of_reach(
    page: httpx.Client, admin: NewAccessKey, proxied: dict[str, str], name: str, secure: bool
) -> None:
    answer = page.post(SESSION, json={"key": text_of(admin)}, headers=proxied)
    given = _cookie(answer)
    assert given.key == name
    assert given["httponly"] is True
    assert (given["samesite"].lower(), given["path"], bool(given["secure"])) == ("strict", "/", secure)
    assert given["domain"] == given["expires"] == ""
    assert SESSION_LIFETIME.total_seconds() - 60 < int(given["max-age"]) <= SESSION_LIFETIME.total_seconds()
    assert admin.secret not in f"{answer.headers} {answer.text}"
    csrf = {"x-similis-csrf": answer.json()["csrf"], "cookie": f"{name}={given.value}"}
    assert page.get("/api/v1/instances", headers={**csrf, **proxied}).status_code == 200
    ended = _cookie(page.delete(SESSION, headers={**csrf, **proxied}))
    assert ended.key == name
    assert (ended.value, ended["max-age"], ended["path"], bool(ended["secure"])) == ("", "0", "/", secure)


def _cookie(answer: httpx.Response) -> Morsel[str]:
    (line,) = answer.headers.get_list("set-cookie")
    (cookie,) = SimpleCookie(line).values()
    return cookie


def test_a_copy_of_the_cookie_is_no_use_after_the_sign_out(
    page: httpx.Client, admin: NewAccessKey, sign_in: SignIn
) -> None:
    csrf = sign_in(admin)
    copy = {"cookie": f"{COOKIE}={page.cookies[COOKIE]}"}
    page.delete(SESSION, headers=csrf)
    answer = page.get("/api/v1/instances", headers=copy)
    assert (answer.status_code, answer.json()["message"]) == (401, "The session is over.")


def test_a_cookie_that_is_none_is_taken_away(page: httpx.Client) -> None:
    page.cookies[COOKIE] = "nonsense"
    assert page.get("/").status_code == 200
    assert page.get("/api/v1/instances").json()["code"] == "not_authenticated"
    answer = page.get(SESSION)
    assert answer.json() == OUT
    assert _cookie(answer)["max-age"] == "0"


def test_a_session_ends_with_its_key_at_the_next_call(app: App, page: httpx.Client, sign_in: SignIn) -> None:
    made = app.access.create(Role.ADMIN)
    sign_in(made)
    app.access.disable(made.key.id)
    assert page.get("/api/v1/instances").status_code == 401
    assert page.get(SESSION).json() == OUT


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"json": {"key": "SIMNOBODY:secret"}}, 401, "not_authenticated"),
        ({"json": {"key": "{id}:wrong"}}, 401, "not_authenticated"),
        ({"json": {"key": "{id}"}}, 401, "not_authenticated"),
        ({"json": {"key": ""}}, 401, "not_authenticated"),
        ({"json": {}}, 400, "invalid_input"),
        ({"json": {"key": "SIM\x00:secret"}}, 401, "not_authenticated"),
        ({"json": {"key": "{id}\u00fc:secret"}}, 401, "not_authenticated"),
        ({"json": {"key": "SIM:" + "x" * 2_045}}, 400, "invalid_input"),
        (
            {"content": b'{"key": "\\ud800:\\ud800"}', "headers": {"content-type": "application/json"}},
            400,
            "invalid_input",
        ),
        ({"json": {"key": 1}}, 400, "invalid_input"),
        ({"json": {"key": "a:b", "more": 1}}, 400, "invalid_input"),
        ({"data": {"key": "a:b"}}, 400, "invalid_input"),  # as a form of another site could send it
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400, "invalid_input"),
    ],
)
def test_who_is_not_let_in_is_told_why(
    page: httpx.Client, admin: NewAccessKey, body: dict[str, dict[str, str]], status: int, code: str
) -> None:
    if "{id}" in str(body):
        body = {"json": {"key": body["json"]["key"].format(id=admin.key.id)}}
    answer = page.post(SESSION, **body)  # type: ignore[arg-type] # any of httpx's ways to give a body
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["hint"]
    assert not answer.headers.get_list("set-cookie")


def test_guessing_one_key_is_slowed_down(app: App, page: httpx.Client, admin: NewAccessKey) -> None:
    statuses = [page.post(SESSION, json={"key": f"{admin.key.id}:{guess}"}).status_code for guess in range(11)]
    assert statuses == [401] * 10 + [429]
    other = app.access.create(Role.READER)
    assert (
        page.post(SESSION, json={"key": text_of(other)}).status_code == 200
    )  # which behind a proxy may be anybody's
    refused = page.post(SESSION, json={"key": text_of(admin)})  # else one could go on guessing
    assert (refused.status_code, refused.json()["code"]) == (429, "sign_in_throttled")
    assert 1 <= int(refused.headers["retry-after"]) <= 6


def test_who_signs_in_and_out_is_noted(app: App, page: httpx.Client, admin: NewAccessKey, sign_in: SignIn) -> None:
    page.post(SESSION, json={"key": f"{admin.key.id}:wrong"})
    page.get(SESSION)
    csrf = sign_in(admin)
    page.get(SESSION)
    page.get("/api/v1/instances")
    page.delete(SESSION)
    page.delete(SESSION, headers=csrf)
    page.delete(SESSION)  # there is none to end, so there is nothing to tell of
    noted = [(str(each.action), each.actor, each.outcome) for each in app.audit.events()]
    assert noted[4::-1] == [  # the last ones, oldest first
        ("session.start", "unknown", "not_authenticated"),
        ("session.start", admin.key.id, "ok"),
        ("instance.list", admin.key.id, "ok"),
        ("session.end", admin.key.id, "csrf_failed"),
        ("session.end", admin.key.id, "ok"),
    ]
