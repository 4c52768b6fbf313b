"""The console's sessions: how they begin, what they allow, and all the ways they end."""

from collections.abc import Iterator

import httpx
import pytest

from similis.domain import NewAccessKey, Role
from similis.service import App

SESSION = "/console/session"


@pytest.fixture
def page(address: str) -> Iterator[httpx.Client]:
    """A browser without its page: it keeps cookies."""
    with httpx.Client(base_url=address) as client:
        yield client


@pytest.fixture
def admin(app: App) -> NewAccessKey:
    return app.access.create(Role.ADMIN)


def text_of(made: NewAccessKey) -> str:
    return ":".join(filter(None, (made.key.id, made.secret, made.security_token)))


def sign_in(page: httpx.Client, made: NewAccessKey) -> dict[str, str]:
    """Sign in and return the header that changes need."""
    answer = page.post(SESSION, json={"key": text_of(made)})
    assert answer.status_code == 200
    return {"x-similis-csrf": answer.json()["csrf"]}


def test_a_session_begins_serves_and_ends(page: httpx.Client, admin: NewAccessKey) -> None:
    assert page.get(SESSION).json() == {"signed_in": False}
    assert page.get("/api/v1/instances").status_code == 401
    csrf = sign_in(page, admin)
    told = page.get(SESSION).json()
    assert (told["signed_in"], told["key_id"], told["role"], told["instances"]) == (True, admin.key.id, "admin", [])
    form = {"name": "shop", "type": "product"}
    assert page.post("/api/v1/instances", json=form).json()["code"] == "csrf_failed"
    assert page.post("/api/v1/instances", json=form, headers=csrf).status_code == 201
    assert page.get("/api/v1/instances").json()["instances"][0]["name"] == "shop"
    assert page.delete(SESSION, headers=csrf).status_code == 204
    assert page.get(SESSION).json() == {"signed_in": False}
