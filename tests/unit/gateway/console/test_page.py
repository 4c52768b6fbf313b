"""The console's page: from where it may load pictures."""

import re

import httpx
import pytest
from tests.unit.gateway.console.conftest import SESSION, SignIn

from similis.domain import InstanceSpec, NewAccessKey, Role
from similis.gateway.console import _page
from similis.service import App


def test_the_page_may_load_pictures_from_the_hosts_of_its_sessions_instances(
    app: App, page: httpx.Client, sign_in: SignIn
) -> None:
    for name in ("shop", "other", "bare", "more"):
        app.instances.create(InstanceSpec(name))
    app.instances.set("shop", picture_url="https://shop.example/{pic_name}")
    app.instances.set("more", picture_url="http://127.0.0.1:9000/{product_id}")
    app.instances.set("other", picture_url="https://other.example/{pic_name}")
    assert _pictures(page) == ("'self' blob: data:", "")
    csrf = sign_in(app.access.create(Role.READER, ["shop", "bare", "more"]))
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


def test_a_header_of_a_thousand_hosts_is_never_sent(
    app: App, page: httpx.Client, admin: NewAccessKey, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_page, "_MOST_ORIGINS", 2)
    for number in range(3):
        app.instances.create(InstanceSpec(f"shop-{number}"))
        app.instances.set(f"shop-{number}", picture_url=f"https://{number}.example/{{pic_name}}")
    sign_in(admin)
    assert _pictures(page)[1] == "https://0.example https://1.example"
