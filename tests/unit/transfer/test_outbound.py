"""Calls to hosts that strangers name: which are made, and how much of an answer is taken.

How pictures are fetched, and callbacks sent, is tested where that is done; the ways in which somebody could be led
inside are tested there too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from similis.domain import InvalidUrl
from similis.transfer import Outbound, OutboundRequest


class Web(ThreadingHTTPServer):
    """Remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.asked: list[tuple[str, str, str, bytes]] = []


class _Page(BaseHTTPRequestHandler):
    server: Web

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.asked.append((self.command, self.path, self.headers["host"], body))
        moved = self.path == "/moved"
        self.send_response(308 if moved else 200)
        if moved:
            self.send_header("location", "/there")
        self.end_headers()
        with suppress(OSError):  # the client may have read enough
            self.wfile.write(b"" if moved else b"x" * 100_000)

    def do_GET(self) -> None:
        self.do_POST()


@pytest.fixture
def web() -> Iterator[Web]:
    with Web() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


NAMED = [("hooks.lan", "hooks.lan"), ("127.0.0.1", "127.0.0.1"), ("a.b.lan", "*.lan")]


@pytest.mark.parametrize(("host", "entry"), NAMED)
def test_a_named_host_may_be_private(web: Web, host: str, entry: str) -> None:
    port = web.server_port
    outbound = Outbound(("*",), (f"{entry}:{port}",), lambda *_: ["127.0.0.1"])
    answer = outbound.send(OutboundRequest("POST", f"http://{host}:{port}/a?b=c", {}, b"body", most=10))
    assert (answer.status, len(answer.content)) == (200, 11)
    assert web.asked == [("POST", "/a?b=c", f"{host}:{port}", b"body")]


def test_others_beside_it_may_not(web: Web) -> None:
    outbound = Outbound(("*",), (f"hooks.lan:{web.server_port}",), lambda *_: ["127.0.0.1"])
    for url in (f"http://other.lan:{web.server_port}/", "http://hooks.lan/", "http://other.lan/"):
        with pytest.raises(InvalidUrl):
            outbound.send(OutboundRequest("GET", url, {}))
    assert not web.asked


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "100.100.100.200", "fd00:ec2::254", "0.0.0.0"])  # noqa: S104 - nothing listens there
def test_even_a_named_host_is_no_metadata_service(address: str) -> None:
    outbound = Outbound((), ("hooks.lan",), lambda *_: [address])
    with pytest.raises(InvalidUrl, match="public address"):
        outbound.send(OutboundRequest("GET", "http://hooks.lan/", {}))


def test_a_redirect_is_the_answer_where_none_is_followed(web: Web) -> None:
    place = f"127.0.0.1:{web.server_port}"
    outbound = Outbound((), (place,))
    answer = outbound.send(OutboundRequest("POST", f"http://{place}/moved", {}, b"body"))
    assert (answer.status, answer.location, len(web.asked)) == (308, "/there", 1)
    outbound.send(OutboundRequest("GET", f"http://{place}/moved", {}, redirects=1))
    assert [path for _, path, _, _ in web.asked] == ["/moved", "/moved", "/there"]


def test_nobody_there(web: Web) -> None:
    place = f"127.0.0.1:{web.server_port}"
    web.server_close()
    with pytest.raises(ConnectionError):
        Outbound((), (place,)).send(OutboundRequest("GET", f"http://{place}/", {}))
