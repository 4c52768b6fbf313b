"""Taking HTTP requests apart."""

import asyncio
import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from similis.gateway.alibaba._errors import Refused
from similis.gateway.alibaba._reading import form_of, head_of, with_parameters
from similis.gateway.alibaba._target import OriginForm

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


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


@pytest.mark.parametrize(
    "body", [b"{", b"[1]", b'"text"', b"\xff", b'{"A": "\\ud800"}', b'{"\\ud800": "A"}', b"[" * 9_000]
)
def test_json_that_is_no_object_of_texts(body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        form_of(JSON, body)
    assert caught.value.code == "BadRequest"


@pytest.mark.parametrize(("kind", "body"), [(FORM, b"a&" * 300), (JSON, b"[" + b"1," * 20_000 + b"1]")])
def test_bodies_of_very_many_values_are_not_taken_apart(kind: str, body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        form_of(kind, body)
    assert caught.value.code == "BadRequest"


@given(st.lists(st.tuples(TEXTS, TEXTS)))
def test_forms_are_read_back(pairs: list[tuple[str, str]]) -> None:
    assert form_of(FORM, urlencode(pairs).encode()) == tuple(pairs)


@given(st.binary(max_size=100))
def test_any_form_is_read_as_texts_that_can_be_encoded(body: bytes) -> None:
    for pair in form_of(FORM, body):
        "".join(pair).encode()


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
    whole = with_parameters(head, scope["query_string"], b"")  # type: ignore[arg-type] # bytes in this scope
    assert whole.query == (("ScoreThreshold", "0.5"), ("A", " b "))
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
