"""Taking HTTP requests apart."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from similis.gateway.alibaba._errors import Refused
from similis.gateway.alibaba._reading import form_of, head_of
from similis.gateway.alibaba._target import OriginForm

FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@pytest.mark.parametrize("content_type", [FORM, f"{FORM}; charset=utf-8", FORM.upper()])
def test_forms(content_type: str) -> None:
    body = b"Filter=a%3E%3D2+AND+b&ProductId=p%20%E4%B8%AD&Empty=&Bare"
    assert form_of(content_type, body) == (
        ("Filter", "a>=2 AND b"), ("ProductId", "p 中"), ("Empty", ""), ("Bare", ""),
    )  # fmt: skip


def test_json_values_become_what_a_form_would_hold() -> None:
    body = json.dumps({"InstanceName": "shop", "Num": 5, "Crop": True, "Region": None, "ScoreThreshold": 0.5})
    assert form_of(f"{JSON};charset=utf-8", body.encode()) == (
        ("InstanceName", "shop"), ("Num", "5"), ("Crop", "true"), ("ScoreThreshold", "0.5"),
    )  # fmt: skip


@pytest.mark.parametrize("body", [b"{", b"[1]", b'"text"', b"\xff", b'{"A": "\\ud800"}', b"[" * 100_000])
def test_json_that_is_no_object_of_texts(body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        form_of(JSON, body)
    assert caught.value.code == "BadRequest"


@given(st.binary(max_size=100))
def test_any_form_is_read(body: bytes) -> None:
    assert all(name.encode() or value for name, value in form_of(FORM, body))


def test_other_bodies_have_no_parameters() -> None:
    assert form_of("", b"A=1") == form_of("application/octet-stream", b"A=1") == form_of(JSON, b"") == ()


def test_head() -> None:
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v2/image/ä",
        "raw_path": b"/v2/image/%C3%A4",
        "query_string": b"ScoreThreshold=0.5&A=+b%20",
        "headers": [(b"x-acs-action", b"AddImage"), (b"via", b"one"), (b"via", b"two")],
    }
    head = head_of(Request(scope))
    assert (head.method, head.path) == ("POST", "/v2/image/%C3%A4")
    assert head.query == (("ScoreThreshold", "0.5"), ("A", " b "))
    assert head.headers == {"x-acs-action": "AddImage", "via": "one,two"}
    assert head.request_id == head.request_id.upper()


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("http://openplatform.aliyuncs.com/", "/"),
        ("http://openplatform.aliyuncs.com", "/"),
        ("https://host:1/v2/image/add", "/v2/image/add"),
        ("/v2/http://x", "/v2/http://x"),
        ("/", "/"),
    ],
)
def test_targets_lose_scheme_and_host(target: str, path: str) -> None:
    seen: list[tuple[str, bytes]] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append((scope["path"], scope["raw_path"]))

    async def receive() -> Message:
        raise AssertionError

    async def send(_message: Message) -> None:
        raise AssertionError

    scope = {"type": "http", "path": target, "raw_path": target.encode()}
    asyncio.run(OriginForm(app)(scope, receive, send))
    assert seen == [(path, path.encode())]
