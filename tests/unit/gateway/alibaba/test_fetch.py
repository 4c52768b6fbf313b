"""Fetching from allowed hosts, and all the ways in which it must not be talked into fetching from elsewhere."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs

import httpx
import pytest

from similis.domain import MAX_PICTURE_BYTES, PictureTooLarge
from similis.gateway.alibaba._errors import Refused
from similis.gateway.alibaba._fetch import Fetcher
from similis.service import Outbound
from similis.transfer import _outbound
from similis.transfer._addresses import system_resolver
from similis.transfer._outbound import Resolver

PUBLIC = "93.184.216.34"
NAMES = {
    "img.example.com": [PUBLIC],
    "other.example.com": [PUBLIC],
    "inside.example.com": ["10.0.0.1"],
    "mixed.example.com": [PUBLIC, "127.0.0.1"],
    "mapped.example.com": ["::ffff:127.0.0.1"],
    "metadata.example.com": ["169.254.169.254"],
    "two.example.com": ["198.41.0.4", PUBLIC],
    "nothing.example.com": [],
}
ALL = ("*", "*.example.com:8080")


class Web(ThreadingHTTPServer):
    """A picture host on this machine, which remembers what it was asked."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.asked: list[tuple[str, str]] = []


class _Page(BaseHTTPRequestHandler):
    server: Web

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        self.server.asked.append((self.headers["host"], self.path))
        with suppress(OSError):  # the client may give up, as it should
            getattr(self, path.removeprefix("/"))(**{name: each[0] for name, each in parse_qs(query).items()})

    def answer(self, body: bytes, status: int = 200, location: str = "", encoding: str = "") -> None:
        self.send_response(status)
        for name, value in (("Location", location), ("Content-Encoding", encoding)):
            if value:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def picture(self) -> None:
        self.answer(b"picture")

    def missing(self) -> None:
        self.answer(b"secret page", 404)

    def redirect(self, to: str) -> None:
        self.answer(b"", 302, location=to)

    def circle(self) -> None:
        self.redirect("/circle")

    def large(self) -> None:
        self.answer(b"x" * (MAX_PICTURE_BYTES + 1))

    def largest(self) -> None:
        self.answer(b"x" * MAX_PICTURE_BYTES)

    def bomb(self) -> None:
        self.answer(gzip.compress(b"x" * 50_000_000), encoding="gzip")

    def drip(self) -> None:
        self.answer(b"")
        for _ in range(100):
            self.wfile.write(b"x")
            time.sleep(0.05)

    def silent(self) -> None:
        time.sleep(2)

    def garbage(self) -> None:
        self.wfile.write(b"\0\1\2\r\n\r\n")


class Rerouted(httpx.AsyncBaseTransport):
    """Lets the address PUBLIC, and no other, be the test's own server."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "198.41.0.4":
            raise httpx.ConnectError("nobody listens")
        assert request.url.host == PUBLIC, "connected to an address that must be refused"
        url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        return await self._inner.handle_async_request(httpx.Request("GET", url, headers=request.headers))

    async def aclose(self) -> None:
        await self._inner.aclose()


@pytest.fixture(scope="module")
def server() -> Iterator[Web]:
    with Web() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def web(server: Web) -> Web:
    server.asked.clear()
    return server


Make = Callable[..., Fetcher]


def lookup(host: str, port: int) -> list[str]:
    """The addresses in NAMES; those of this machine's own spellings as the system sees them."""
    return NAMES[host] if host in NAMES else system_resolver(host, port)


@pytest.fixture
def fetcher(web: Web) -> Make:
    def make(*hosts: str, resolver: Resolver = lookup, seconds: float = 5.0) -> Fetcher:
        outbound = Outbound(hosts or ALL, (), resolver, lambda: Rerouted(web.server_port))
        return Fetcher(outbound, seconds)

    return make


def refusal(fetcher: Fetcher, url: str) -> str:
    with pytest.raises(Refused, match="InvalidPicUrl") as refused:
        fetcher.fetch(url)
    return refused.value.what


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("img.example.com", "http://img.example.com/picture"),
        ("img.example.com", "https://img.example.com/picture"),
        ("img.example.com", "http://IMG.example.com:80/picture#part"),
        ("*.example.com", "http://img.example.com/picture"),
        ("img.example.com:8080", "http://img.example.com:8080/picture"),
        ("*", "http://img.example.com/picture"),
        ("two.example.com", "http://two.example.com/picture"),
    ],
)
def test_a_picture_of_an_allowed_host_is_fetched(fetcher: Make, web: Web, entry: str, url: str) -> None:
    assert fetcher(entry).fetch(url) == b"picture"
    assert web.asked == [(url.split("/")[2].lower().removesuffix(":80"), "/picture")]


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("img.example.com", "http://other.example.com/picture"),
        ("img.example.com", "http://img.example.com:8080/picture"),
        ("img.example.com", "http://img.example.com.evil.test/picture"),
        ("*.example.com", "http://example.com/picture"),
        ("*.example.com", "http://evilexample.com/picture"),
        ("*.example.com", "http://evil.test/.example.com"),
        ("*.example.com", "http://evil.test?.example.com"),
        ("*.example.com", "http://evil.test\\.example.com/"),
        ("*", "http://img.example.com:22/picture"),
    ],
)
def test_other_hosts_and_ports_are_refused(fetcher: Make, web: Web, entry: str, url: str) -> None:
    refusal(fetcher(entry), url)
    assert not web.asked


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://img.example.com/picture",
        "gopher://img.example.com/picture",
        "javascript://img.example.com/%0aalert(1)",
        "http+unix://img.example.com/picture",
        "://img.example.com",
        "http://",
        "http:///picture",
        "http://user@img.example.com/picture",
        "http://user:secret@img.example.com/picture",
        "http://img.example.com:99999/picture",
        "http://[::1/picture",
        "http://img.example.com/\r\nX: y",
        "http://" + "a" * 300 + ".example.com/",
    ],
)
def test_urls_that_are_not_plain_http_are_refused(fetcher: Make, web: Web, url: str) -> None:
    refusal(fetcher(), url)
    assert not web.asked


@pytest.mark.parametrize("name", ["inside", "mixed", "mapped", "metadata", "nothing"])
def test_a_name_with_any_private_address_is_refused(fetcher: Make, web: Web, name: str) -> None:
    assert "no public address" in refusal(fetcher(), f"http://{name}.example.com/picture")
    assert not web.asked


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "0",
        "localhost",
        "[::1]",
        "[::ffff:7f00:1]",
    ],
)
def test_no_spelling_of_this_machine_is_connected_to_even_where_it_is_on_the_list(web: Web, host: str) -> None:
    place = f"{host}:{web.server_port}"
    refusal(Fetcher(Outbound([place])), f"http://{place}/picture")
    refusal(Fetcher(Outbound(["*"])), f"http://{host}/picture")
    assert not web.asked


def test_the_address_that_was_checked_is_the_one_connected_to(fetcher: Make, web: Web) -> None:
    """A name that changes its address between check and connection gains nothing: it is resolved once."""
    answers = iter([[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]])
    rebinding = fetcher(resolver=lambda *_: next(answers))
    assert rebinding.fetch("http://img.example.com/picture") == b"picture"
    assert "no public address" in refusal(rebinding, "http://img.example.com/picture")
    assert len(web.asked) == 1


def test_a_redirect_to_an_allowed_host_is_followed(fetcher: Make, web: Web) -> None:
    url = "http://img.example.com/redirect?to=//other.example.com/picture"
    assert fetcher("img.example.com", "other.example.com").fetch(url) == b"picture"
    assert web.asked[-1] == ("other.example.com", "/picture")


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1/picture",
        "http://[::ffff:127.0.0.1]/picture",
        "http://inside.example.com/picture",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "http://user:secret@img.example.com/picture",
        "http://img.example.com:22/picture",
    ],
)
def test_every_redirect_is_checked_again(fetcher: Make, web: Web, target: str) -> None:
    refusal(fetcher(), f"http://img.example.com/redirect?to={target}")
    assert len(web.asked) == 1


def test_a_redirect_to_the_same_name_is_resolved_again(fetcher: Make) -> None:
    answers = iter([[PUBLIC], ["10.0.0.1"]])
    rebinding = fetcher(resolver=lambda *_: next(answers))
    assert "no public address" in refusal(rebinding, "http://img.example.com/redirect?to=/picture")


def test_redirects_in_a_circle_end(fetcher: Make, web: Web) -> None:
    assert "too often" in refusal(fetcher(), "http://img.example.com/circle")
    assert len(web.asked) == 4


def test_sizes_are_limited_and_nothing_is_unpacked(fetcher: Make) -> None:
    assert len(fetcher().fetch("http://img.example.com/largest")) == MAX_PICTURE_BYTES
    with pytest.raises(PictureTooLarge):
        fetcher().fetch("http://img.example.com/large")
    assert len(fetcher().fetch("http://img.example.com/bomb")) < 100_000


@pytest.mark.parametrize("page", ["drip", "silent"])
def test_a_slow_host_is_given_up(fetcher: Make, page: str) -> None:
    begun = time.monotonic()
    with pytest.raises(Refused, match="TimeoutForTransferImage"):
        fetcher(seconds=0.3).fetch(f"http://img.example.com/{page}")
    assert time.monotonic() - begun < 1.5


def test_slow_name_resolution_is_given_up(fetcher: Make) -> None:
    def resolve(*_: object) -> list[str]:
        time.sleep(1.5)
        return [PUBLIC]

    begun = time.monotonic()
    with pytest.raises(Refused, match="TimeoutForTransferImage"):
        fetcher(resolver=resolve, seconds=0.2).fetch("http://img.example.com/picture")
    assert time.monotonic() - begun < 1


def test_the_content_of_an_error_page_is_not_passed_on(fetcher: Make) -> None:
    assert refusal(fetcher(), "http://img.example.com/missing") == "Its host answered with status 404."
    assert refusal(fetcher(), "http://img.example.com/garbage") == "It could not be fetched."


def test_an_unknown_name_is_refused() -> None:
    def resolve(host: str, _: int) -> list[str]:
        raise OSError(f"{host} is unknown")

    assert (
        refusal(Fetcher(Outbound(["*"], (), resolve)), "http://img.example.com/picture") == "It could not be fetched."
    )


def test_the_default_transport_connects_to_the_address_it_is_given(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_outbound, "is_public", lambda _: True)  # only so can the test's own server be reached
    place = f"img.example.com:{web.server_port}"
    outbound = Outbound([place], (), lambda *_: ["127.0.0.1"])
    assert Fetcher(outbound).fetch(f"http://{place}/picture") == b"picture"
    assert web.asked == [(place, "/picture")]


def private(web: Web, *names: str, resolver: Resolver = lambda *_: ["127.0.0.1"]) -> Fetcher:
    """Fetches from public hosts and, on the test server's port, from hosts of a private network that are named."""
    return Fetcher(Outbound(ALL, [f"{name}:{web.server_port}" for name in names], resolver))


@pytest.mark.parametrize("name", ["images.lan", "127.0.0.1"])
def test_a_named_host_of_a_private_network_is_fetched_from(web: Web, name: str) -> None:
    assert private(web, name).fetch(f"http://{name}:{web.server_port}/picture") == b"picture"
    assert web.asked == [(f"{name}:{web.server_port}", "/picture")]


@pytest.mark.parametrize(
    "place", ["other.lan:{}", "images.lan", "images.lan:1", "images.lan.:{}", "a.images.lan:{}", "localhost:{}"]
)
def test_no_other_host_or_port_beside_it_is(web: Web, place: str) -> None:
    fetcher, url = private(web, "images.lan"), f"http://{place.format(web.server_port)}/picture"
    refusal(fetcher, url)
    assert not web.asked
    refusal(fetcher, f"http://images.lan:{web.server_port}/redirect?to={url}")
    assert len(web.asked) == 1


def test_it_may_redirect_to_another_that_is_named(web: Web) -> None:
    port = web.server_port
    fetcher = private(web, "images.lan", "store.lan")
    assert fetcher.fetch(f"http://images.lan:{port}/redirect?to=//store.lan:{port}/picture") == b"picture"


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "100.100.100.200", "fd00:ec2::254", "0.0.0.0"])  # noqa: S104 - nothing listens there
def test_its_name_leads_neither_to_metadata_nor_to_another_address_later(web: Web, address: str) -> None:
    answers = iter([["127.0.0.1"], [address], ["127.0.0.1", address]])
    fetcher, url = private(web, "images.lan", resolver=lambda *_: next(answers)), "http://images.lan:{}/picture"
    assert fetcher.fetch(url.format(web.server_port)) == b"picture"
    for _ in range(2):
        assert "no public address" in refusal(fetcher, url.format(web.server_port))
    assert len(web.asked) == 1
