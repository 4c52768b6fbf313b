"""The console's page: its files and no others, and from where it may load pictures."""

import http.client
import json
import re
from contextlib import closing

import httpx
from tests.unit.gateway.console.conftest import SESSION, SignIn

from similis.domain import InstanceSpec, NewAccessKey, Role
from similis.service import App

MAIN = "/console/main.js"
NOWHERE = (
    "_page.py ../_page.py ..%2F_page.py %2e%2e/_page.py static/main.js index.html styles styles/ //etc/passwd "
    "%2Fetc%2Fpasswd main.js%00 main.js/ MAIN.JS styles%5Cbase.css styles/../main.js ./main.js"
)


def test_nothing_but_the_files_of_the_console_is_served(address: str) -> None:
    for path in ("", *NOWHERE.split(" ")):
        with closing(http.client.HTTPConnection(address.removeprefix("http://"))) as connection:
            connection.request("GET", f"/console/{path}")  # as it is: another client would put it right
            answer = connection.getresponse()
            assert (answer.status, json.load(answer)["code"]) == (404, "not_found"), path


def test_a_file_that_a_browser_has_is_not_sent_again(page: httpx.Client) -> None:
    first = page.get(MAIN)
    assert first.headers["cache-control"] == "no-cache"
    second = page.get(MAIN, headers={"if-none-match": first.headers["etag"]})
    assert (second.status_code, second.content) == (304, b"")
    assert second.headers["content-security-policy"]
    assert page.get(MAIN, headers={"if-none-match": 'W/"another"'}).status_code == 200


def test_files_are_packed_for_who_can_unpack_them(page: httpx.Client) -> None:
    packed, plain = page.get(MAIN), page.get(MAIN, headers={"accept-encoding": "identity"})
    assert packed.text == plain.text
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 1.5
    assert {each.headers["vary"] for each in (packed, plain)} == {"accept-encoding"}


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
    app: App, page: httpx.Client, admin: NewAccessKey, sign_in: SignIn
) -> None:
    hosts = [f"https://{number}{'.shop' * 49}" for number in range(9)]
    for number, host in enumerate(hosts):
        app.instances.create(InstanceSpec(f"shop-{number}"))
        app.instances.set(f"shop-{number}", picture_url=f"{host}/{{pic_name}}")
    sign_in(admin)
    assert _pictures(page)[1].split(" ") == hosts[:7]  # 254 characters each
    assert page.get(SESSION).json()["picture_origins"] == hosts[:7]
    answer = page.get("/")
    assert sum(len(name) + len(value) for name, value in answer.headers.items()) < 4_000 - 500
