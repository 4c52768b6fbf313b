"""What one connection may cost: time for a head, time to read an answer, and room among all connections."""

from __future__ import annotations

import json
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from tests.unit.gateway.connecting import connected

from similis.gateway._protocol import MAX_HEAD, MAX_HEAD_LINES, Limits, most_connections, telling

HEAD = b"GET / HTTP/1.1\r\nhost: here\r\n"
WHOLE = HEAD + b"\r\n"
LARGE = 64 * 1024 * 1024
Serve = Callable[[Limits], int]


async def _answers(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answers `/` shortly and `/large` with more than any buffer on the way holds."""
    size = LARGE if scope["path"] == "/large" else 2
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(size).encode())]})
    for _ in range(size // 65536):
        await send({"type": "http.response.body", "body": bytes(65536), "more_body": True})
    await send({"type": "http.response.body", "body": b"" if size == LARGE else b"ok"})


@contextmanager
def _serving(limits: Limits, told: list[str] | None = None) -> Iterator[int]:
    """The port; what is refused is put on `told`."""
    kind = type("Limited", (telling((told if told is not None else []).append),), {"limits": limits})
    server = uvicorn.Server(uvicorn.Config(_answers, port=0, http=kind, ws="none", lifespan="off", log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.005)
        assert thread.is_alive()
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def _ask(client: socket.socket) -> None:
    """Make a short request and take in its answer."""
    client.sendall(WHOLE)
    received = b""
    while not received.endswith(b"ok"):
        received += client.recv(65536)
    assert received.startswith(b"HTTP/1.1 200 ")


def _rest(client: socket.socket) -> bytes:
    """All that still comes before the service closes."""
    received = b""
    while some := client.recv(65536):
        received += some
    return received


def _refusal(received: bytes) -> tuple[int, str]:
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"connection: close" in head.lower()
    answer = json.loads(body)
    assert f"x-request-id: {answer['request_id']}".encode() in head
    assert answer["message"]
    assert answer["hint"]
    return int(head.split()[1]), answer["code"]


@pytest.mark.parametrize("begun", [HEAD, b"G"], ids=["a head without an end", "one byte"])
def test_a_head_that_does_not_arrive_is_refused(begun: bytes) -> None:
    with _serving(Limits(head_seconds=0.2)) as port, connected(port) as client:
        client.sendall(begun)
        assert _refusal(_rest(client)) == (408, "request_too_slow")


def test_bytes_that_trickle_in_win_no_time() -> None:
    with _serving(Limits(head_seconds=0.3)) as port, connected(port) as client:
        client.sendall(HEAD)
        begun, line = time.monotonic(), b"x: y\r\n"
        client.settimeout(0.02)
        for number in range(500):
            try:
                answer = client.recv(65536)
                break
            except TimeoutError:
                client.sendall(line[number % 6 : number % 6 + 1])
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - begun < 3


def test_who_says_nothing_is_left_without_a_word() -> None:
    with _serving(Limits(head_seconds=0.2)) as port, connected(port) as client:
        assert _rest(client) == b""


def test_each_request_has_its_own_time() -> None:
    with _serving(Limits(head_seconds=0.5)) as port, connected(port) as client:
        for _ in range(4):
            time.sleep(0.2)
            _ask(client)


def test_a_body_that_nobody_asked_for_may_not_trickle_in_for_ever() -> None:
    with _serving(Limits(head_seconds=0.3)) as port, connected(port) as client:
        client.sendall(HEAD + b"content-length: 1000000\r\n\r\n")
        with pytest.raises(OSError, match=r"reset|[Pp]ipe"):
            for _ in range(200):
                client.sendall(b"x")
                time.sleep(0.02)


def test_an_answer_that_is_not_read_is_given_up() -> None:
    with _serving(Limits(stall_seconds=0.3)) as port, connected(port) as client:
        client.sendall(WHOLE.replace(b"/", b"/large", 1))
        time.sleep(1)
        assert len(_rest(client)) < LARGE


def test_an_answer_that_is_read_slowly_is_not() -> None:
    with _serving(Limits(head_seconds=0.3, stall_seconds=0.3)) as port, connected(port) as client:
        client.sendall(WHOLE.replace(b"/", b"/large", 1))
        received = 0
        while received < LARGE:
            received += len(client.recv(4 * 1024 * 1024))
            time.sleep(0.01)


def test_a_new_connection_takes_the_place_of_the_one_that_waits_for_longest() -> None:
    with _serving(Limits(connections=2)) as port, connected(port) as first:
        _ask(first)
        with connected(port) as second:
            second.sendall(HEAD)
            time.sleep(0.1)
            with connected(port) as third:
                _ask(third)
                assert _refusal(_rest(first)) == (503, "overloaded")


def test_many_who_come_at_once_are_not_more_than_may_be() -> None:
    """They are taken in together, before any that must go is gone."""
    with _serving(Limits(connections=4)) as port, ExitStack() as opened:
        clients = [opened.enter_context(connected(port)) for _ in range(40)]
        end, left = time.monotonic() + 5, clients
        while len(left) > 4 and time.monotonic() < end:
            left = [each for each in left if not _has_news(each)]
        assert len(left) == 4
        _ask(left[-1])


def _has_news(client: socket.socket) -> bool:
    return bool(select.select([client], [], [], 0.01)[0])


def test_who_comes_while_all_are_busy_is_told_so() -> None:
    with _serving(Limits(connections=1)) as port, connected(port) as busy:
        busy.sendall(WHOLE.replace(b"/", b"/large", 1))
        busy.recv(100)
        with connected(port) as client:
            assert _refusal(_rest(client)) == (503, "overloaded")
        _rest_of_large(busy)


def _rest_of_large(client: socket.socket) -> None:
    received = 100
    while received < LARGE:
        received += len(client.recv(4 * 1024 * 1024))


@pytest.mark.parametrize(("files", "most"), [(256, 128), (1024, 512), (1_048_576, 1000)])
def test_connections_leave_open_files_to_the_rest(monkeypatch: pytest.MonkeyPatch, files: int, most: int) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _kind: (files, files))
    assert most_connections() == most


@pytest.mark.parametrize(
    "head",
    [HEAD + b"x: " + b"y" * MAX_HEAD, b"GET /" + b"y" * MAX_HEAD, HEAD + b"a:\r\n" * MAX_HEAD_LINES],
    ids=["a long line", "a long target", "many lines"],
)
@pytest.mark.parametrize("before", [b"", WHOLE], ids=["first", "behind another"])
def test_a_long_head_is_refused_whole_or_not(head: bytes, before: bytes) -> None:
    for end in (b"", b"\r\n\r\n"):
        with _serving(Limits()) as port, connected(port) as client:
            client.sendall(before + head + end)
            received = _rest(client)
            assert received.startswith(b"HTTP/1.1 200 ") is bool(before)
            assert _refusal(received[received.index(b"HTTP/1.1 431 ") :]) == (431, "head_too_large")


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"GET\r\n\r\n", "malformed_request"),
        (HEAD + b"a:\r\n" * MAX_HEAD_LINES, "head_too_large"),
        (HEAD, "request_too_slow"),
        (b"", None),
    ],
    ids=["malformed", "long", "slow", "silent"],
)
def test_the_code_of_a_refusal_is_told_once(sent: bytes, code: str | None) -> None:
    told: list[str] = []
    with _serving(Limits(head_seconds=0.2), told) as port, connected(port) as client:
        client.sendall(sent)
        _rest(client)
    assert told == ([code] if code else [])


def test_who_has_to_make_room_is_told_of() -> None:
    told: list[str] = []
    with _serving(Limits(connections=1), told) as port, connected(port) as first:
        _ask(first)
        with connected(port) as second:
            _ask(second)
    assert told == ["overloaded"]
