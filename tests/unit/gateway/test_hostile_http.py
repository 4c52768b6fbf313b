"""HTTP that no client of good will sends: each has a proper answer or none, nothing fails inside, others go on."""

from __future__ import annotations

import json
import logging
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

import pytest

from similis.algorithm import Pipeline
from similis.domain import InstanceSpec, Role
from similis.service import App, Settings

HOST = b"host: here\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\n" + HOST
SEARCH = b"POST /api/v1/instances/shop/search HTTP/1.1\r\n" + HOST
ADD = b"POST /api/v1/instances/shop/pictures HTTP/1.1\r\n" + HOST
FORM = b"content-type: multipart/form-data; boundary=x\r\n"

MALFORMED: Mapping[str, bytes] = {
    "nothing but an end": b"\r\n\r\n",
    "no target": b"GET\r\n\r\n",
    "no version": b"GET /healthz\r\n\r\n",
    "a fourth word": b"GET /healthz HTTP/1.1 x\r\n" + HOST + b"\r\n",
    "a version that is none": b"GET /healthz HTTP/one\r\n" + HOST + b"\r\n",
    "a method that is none": b"G(T /healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    "zeros": bytes(64) + b"\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(128, 256)) + b"\r\n\r\n",
    "SSH": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "NUL in the target": b"GET /health\x00z HTTP/1.1\r\n" + HOST + b"\r\n",
    "bytes above ASCII in the target": b"GET /h\xc3\xa4lth HTTP/1.1\r\n" + HOST + b"\r\n",
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two hosts": HEALTH + HOST + b"\r\n",
    "a header without a colon": HEALTH + b"nonsense\r\n\r\n",
    "a header without a name": HEALTH + b": nonsense\r\n\r\n",
    "a space before the colon": HEALTH + b"content-length : 5\r\n\r\nhello",
    "NUL in a header's name": HEALTH + b"x\x00y: z\r\n\r\n",
    "NUL in a header's value": HEALTH + b"x: y\x00z\r\n\r\n",
    "a lone CR in a header": HEALTH + b"x: y\rz: a\r\n\r\n",
    "a negative length": SEARCH + b"content-length: -1\r\n\r\n",
    "a length with a sign": SEARCH + b"content-length: +5\r\n\r\nhello",
    "a length of thirty digits": SEARCH + b"content-length: " + b"9" * 30 + b"\r\n\r\n",
    "a length that is no number": SEARCH + b"content-length: 0x5\r\n\r\nhello",
    "two lengths": SEARCH + b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
    "two lengths in one": SEARCH + b"content-length: 5, 6\r\n\r\nhello!",
    "length and chunks": SEARCH + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": SEARCH + b"transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
    "chunked twice": SEARCH + b"transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "two encodings": SEARCH + b"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n",
    "an encoding like chunked": SEARCH + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "another encoding": SEARCH + b"transfer-encoding: gzip\r\n\r\nhello",
}
"""None of it is a request: 400."""
CHUNKS: Mapping[str, bytes] = {
    "no number": b"zz\r\nhello\r\n0\r\n\r\n",
    "negative": b"-5\r\nhello\r\n0\r\n\r\n",
    "more than can be counted": b"f" * 40 + b"\r\nhello\r\n0\r\n\r\n",
    "longer than said": b"3\r\nhello\r\n0\r\n\r\n",
    "an endless extension": b"5;" + b"x" * 200_000,
}
UNUSUAL: Mapping[str, tuple[bytes, int]] = {
    "an absolute target": (b"GET http://elsewhere/healthz HTTP/1.1\r\n" + HOST + b"\r\n", 200),
    "the target of a proxy": (b"CONNECT elsewhere:443 HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "the target of a tunnel, to read": (b"GET elsewhere:443 HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "the whole server": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "an unknown method": (b"BREW /healthz HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    "the head of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 404),
    "HTTP/1.0 without a host": (b"GET /healthz HTTP/1.0\r\n\r\n", 200),
    "lines that end in LF": (b"GET /healthz HTTP/1.1\nhost: here\n\n", 200),
    "a folded header": (HEALTH + b"x: y\r\n z\r\n\r\n", 200),
    "NUL, escaped": (b"GET /api/v1/instances/%00 HTTP/1.1\r\n" + HOST + b"\r\n", 401),
    "no UTF-8, escaped": (b"GET /%ff%fe HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "a new line, escaped": (b"GET /x%0d%0aset-cookie:%20a=b HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "a way out of the files": (b"GET /console/..%2f..%2f..%2fetc/passwd HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "an escape cut off": (b"GET /healthz%2 HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "an upgrade to WebSocket": (
        HEALTH + b"connection: upgrade\r\nupgrade: websocket\r\n"
        b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        200,
    ),
    "an upgrade to HTTP/2": (HEALTH + b"connection: upgrade, http2-settings\r\nupgrade: h2c\r\n\r\n", 200),
    "an unknown expectation": (HEALTH + b"expect: the-impossible\r\n\r\n", 200),
    "a body where none is wanted": (HEALTH + b"content-length: 5\r\n\r\nhello", 200),
    "no key": (SEARCH + FORM + b"content-length: 5\r\n\r\nhello", 401),
    "a key in bytes that are no text": (
        SEARCH + b"authorization: Bearer \xff\xfe:\xfd\r\ncontent-length: 0\r\n\r\n",
        401,
    ),
}
"""Requests, if strange ones, and their status."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, pipeline: Pipeline) -> Iterator[App]:
    with App.open(Settings(data=tmp_path_factory.mktemp("hostile") / "data"), pipeline) as app:
        app.instances.create(InstanceSpec("shop"))
        yield app


@pytest.fixture(scope="module")
def bearer(app: App) -> bytes:
    """The header of a good key."""
    made = app.access.create(Role.ADMIN)
    return f"authorization: Bearer {made.key.id}:{made.secret}\r\n".encode()


@pytest.fixture(scope="module")
def authorised(bearer: bytes) -> bytes:
    """The head of a search with a good key, but for its end."""
    return SEARCH + FORM + bearer


@pytest.fixture(scope="module")
def form(draw: Callable[..., bytes]) -> bytes:
    """The body of a call that adds a picture."""
    parts = {"name=product_id": b"p", "name=pic_name": b"a", "name=file; filename=a": draw(0, size=160)}
    return (
        b"".join(
            f"--x\r\ncontent-disposition: form-data; {names}\r\n\r\n".encode() + content + b"\r\n"
            for names, content in parts.items()
        )
        + b"--x--\r\n"
    )


@pytest.fixture(scope="module")
def address(app: App, serving: Callable[[App], AbstractContextManager[str]]) -> Iterator[str]:
    with serving(app) as address:
        yield address


@pytest.fixture
def port(address: str, caplog: pytest.LogCaptureFixture) -> Iterator[int]:
    """Where to connect to; after the test nothing has failed inside, and the service answers others."""
    caplog.set_level(logging.WARNING)
    port = int(address.rpartition(":")[2])
    yield port
    with _connected(port) as other:
        other.sendall(HEALTH + b"\r\n")
        assert _answer(other) == (200, b"ok\n")
    assert [record.getMessage() for record in caplog.get_records("call")] == []


@contextmanager
def _connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        yield client


def _until_closed(client: socket.socket) -> bytes:
    received = b""
    try:
        while some := client.recv(65536):
            received += some
    except ConnectionResetError:  # it did not take in all that was sent
        pass
    return received


def _answer(client: socket.socket) -> tuple[int, bytes]:
    """Status and body of one answer."""
    head, body = _whole_answer(client)
    return int(head.split()[1]), body


def _whole_answer(client: socket.socket) -> tuple[bytes, bytes]:
    """Head and body of one answer whose length is said in its head."""
    received = b""
    while b"\r\n\r\n" not in received:
        some = client.recv(65536)
        assert some, received
        received += some
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
    )
    while len(body) < length:
        body += client.recv(65536)
    return head, body[:length]  # another answer may be right behind it


def _code(body: bytes) -> str:
    answer = json.loads(body)
    assert set(answer) == {"code", "message", "hint", "request_id"}
    return str(answer["code"])


@pytest.mark.parametrize("request_", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_request_is_refused_and_the_connection_closed(port: int, request_: bytes) -> None:
    with _connected(port) as client:
        client.sendall(request_)
        status, body = _answer(client)
        assert (status, _code(body)) == (400, "malformed_request")
        assert _until_closed(client) == b""


@pytest.mark.parametrize(("request_", "expected"), UNUSUAL.values(), ids=UNUSUAL)
def test_what_is_a_strange_request_has_its_answer(port: int, request_: bytes, expected: int) -> None:
    with _connected(port) as client:
        client.sendall(request_)
        head, body = _whole_answer(client)
        assert int(head.split()[1]) == expected, body
        assert expected == 200 or _code(body)
        assert b"set-cookie" not in head.lower()


@pytest.mark.parametrize("chunks", CHUNKS.values(), ids=CHUNKS)
def test_chunks_that_cannot_be_read_are_refused(port: int, authorised: bytes, chunks: bytes) -> None:
    with _connected(port) as client:
        client.sendall(authorised + b"transfer-encoding: chunked\r\n\r\n" + chunks)
        status, body = _answer(client)
        assert (status, _code(body)) in {(400, "malformed_request"), (431, "head_too_large")}


def test_garbage_behind_a_request_does_not_lose_its_answer(port: int) -> None:
    with _connected(port) as client:
        client.sendall(HEALTH + b"\r\n" + b"\x00garbage\r\n\r\n")
        received = _until_closed(client)
    assert received.startswith(b"HTTP/1.1 200 ")
    assert received.count(b"HTTP/1.1 400 ") == 1


def test_requests_behind_each_other_are_answered_in_order(port: int) -> None:
    targets = [b"/healthz", b"/nowhere", b"/readyz"] * 30
    with _connected(port) as client:
        client.sendall(b"".join(b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n" for target in targets[:-1]))
        client.sendall(b"GET " + targets[-1] + b" HTTP/1.1\r\nconnection: close\r\n" + HOST + b"\r\n")
        received = _until_closed(client)
    statuses = [int(part[:3]) for part in received.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [200, 404, 200] * 30


def test_a_smuggled_request_is_not_carried_out(port: int) -> None:
    """The two readings of this differ in whether a second request follows."""
    second = b"GET /nowhere HTTP/1.1\r\n" + HOST + b"\r\n"
    with _connected(port) as client:
        lengths = b"content-length: %d\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" % (5 + len(second))
        client.sendall(SEARCH + lengths + second)
        received = _until_closed(client)
    assert received.startswith(b"HTTP/1.1 400 ")
    assert b"HTTP/1.1 404 " not in received


def test_who_asks_before_sending_is_refused_at_once(port: int) -> None:
    with _connected(port) as client:
        client.sendall(SEARCH + FORM + b"expect: 100-continue\r\ncontent-length: 1000\r\n\r\n")
        status, body = _answer(client)
        assert (status, _code(body)) == (401, "not_authenticated")


def test_who_asks_before_sending_and_may_is_told_to_go_on(port: int, authorised: bytes) -> None:
    with _connected(port) as client:
        client.sendall(authorised + b"expect: 100-continue\r\ncontent-length: 7\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 100 ")
        client.sendall(b"--x--\r\n")
        assert _answer(client)[0] == 400


@pytest.mark.parametrize("missing", [None, 100, 1], ids=["all", "a part", "the last byte"])
@pytest.mark.parametrize("how", ["half", "whole", "reset"])
def test_a_body_that_breaks_off_leaves_nothing(
    app: App, port: int, bearer: bytes, form: bytes, missing: int | None, how: str
) -> None:
    sent = b"" if missing is None else form[:-missing]
    with _connected(port) as client:
        client.sendall(ADD + FORM + bearer + b"content-length: %d\r\n\r\n" % len(form) + sent)
        if how == "half":
            client.shutdown(socket.SHUT_WR)
            _until_closed(client)
        elif how == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert app.instances.get("shop").picture_count == 0


def test_the_same_body_as_a_whole_leaves_a_picture(app: App, port: int, bearer: bytes, form: bytes) -> None:
    app.instances.create(InstanceSpec("other"))
    with _connected(port) as client:
        head = ADD.replace(b"shop", b"other") + FORM + bearer
        client.sendall(head + b"content-length: %d\r\n\r\n" % len(form) + form)
        assert _answer(client)[0] == 201
    assert app.instances.get("other").picture_count == 1


@pytest.mark.parametrize("chunked", [False, True], ids=["said before", "in chunks"])
def test_a_body_that_is_too_large_is_refused(port: int, authorised: bytes, chunked: bool) -> None:
    part = b"--x\r\ncontent-disposition: form-data; name=file; filename=a\r\n\r\n".ljust(0x100000, b"y")
    framing = b"transfer-encoding: chunked" if chunked else b"content-length: %d" % (9 * len(part))
    with _connected(port) as client:
        client.sendall(authorised + framing + b"\r\n\r\n")
        for _ in range(9):
            client.sendall(b"100000\r\n" + part + b"\r\n" if chunked else part)
            part = part.replace(b"-", b"y")
        if chunked:
            client.sendall(b"0\r\n\r\n")
        status, body = _answer(client)
        assert (status, _code(body)) == (413, "request_too_large")
