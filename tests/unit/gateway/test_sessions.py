"""The console's sessions: how they begin, what they allow, and all the ways they end."""

import re
from collections.abc import Iterator

import httpx
import pytest

from similis.domain import InstanceSpec, NewAccessKey, Role
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


def test_the_page_may_load_pictures_from_the_hosts_of_its_sessions_instances(app: App, page: httpx.Client) -> None:
    for name in ("shop", "other", "bare", "more"):
        app.instances.create(InstanceSpec(name))
    app.instances.set("shop", picture_url="https://shop.example/{pic_name}")
    app.instances.set("more", picture_url="http://127.0.0.1:9000/{product_id}")
    app.instances.set("other", picture_url="https://other.example/{pic_name}")
    assert _pictures(page) == ("'self' blob: data:", "")
    csrf = sign_in(page, app.access.create(Role.READER, ["shop", "bare", "more"]))
    assert _pictures(page) == (
        "'self' blob: data: http://127.0.0.1:9000 https://shop.example",
        "http://127.0.0.1:9000 https://shop.example",
    )
    assert _pictures(page, {"sec-fetch-site": "cross-site"}) == ("'self' blob: data:", "")
    app.instances.set("shop", picture_url=None)
    assert _pictures(page)[1] == "http://127.0.0.1:9000"
    page.delete(SESSION, headers=csrf)
    assert _pictures(page)[1] == ""


def _pictures(page: httpx.Client, headers: dict[str, str] | None = None) -> tuple[str, str]:
    """What the page's policy says of pictures, and what the page tells its scripts of it."""
    answer = page.get("/", headers=headers)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    told = re.search(r'<meta name="picture-origins" content="(.*)">', answer.text)
    assert told is not None
    return policy["img-src"], told[1]


def test_a_header_of_a_thousand_hosts_is_never_sent(app: App, page: httpx.Client, admin: NewAccessKey) -> None:
    for number in range(51):
        app.instances.create(InstanceSpec(f"shop-{number}"))
        app.instances.set(f"shop-{number}", picture_url=f"https://{number:02}.example/{{pic_name}}")
    sign_in(page, admin)
    assert _pictures(page)[1].split(" ") == [f"https://{number:02}.example" for number in range(50)]
