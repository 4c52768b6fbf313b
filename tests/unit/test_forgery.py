"""Server-side request forgery: every place that is told where to connect to, against every trick to be led inside.

Which places there are, tests/unit/test_places_that_connect.py finds out. Nothing is ever sent in these tests: what
really goes out, how much of an answer is read and how long it is waited for is tested beside the code, in
tests/unit/transfer/test_outbound.py and tests/unit/gateway/alibaba/test_fetch.py.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx
import pytest

from similis.domain import Connection, Credentials, InvalidInput, InvalidUrl, Provider, SimilisError
from similis.gateway import create_asgi
from similis.gateway.alibaba._errors import Refused
from similis.service import App, Settings
from similis.transfer import OutboundRequest, open_source

PUBLIC = "93.184.216.34"
THIS_MACHINE = [
    "127.0.0.1",
    "127.1",
    "127.0.0.1.",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "0",
    "0.0.0.0",  # noqa: S104 - nothing listens there
    "127.255.255.254",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "127。0。0。1",
    "①②⑦.⓪.⓪.①",
    "ⓛocalhost",
    "127%2e0%2e0%2e1",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[::1%25lo]",
]
METADATA = [
    "169.254.169.254",
    "169.254.170.2",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "[fe80::1]",
    "[::ffff:169.254.169.254]",
    "[::169.254.169.254]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b:1::a9fe:a9fe]",
    "[2002:a9fe:a9fe::1]",
    "[fd00:ec2::254]",
    "[fd20:ce::254]",
    "100.100.100.200",
    "0x646464c8",
    "[::ffff:100.100.100.200]",
    "168.63.129.16",
    "192.0.0.192",
    "metadata.example",
    "half-metadata.example",
    "mapped-metadata.example",
    "translated-metadata.example",
]
PRIVATE = [
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "[fc00::1]",
    "inside.example",
    "half-inside.example",
    "mapped.example",
]
MISLEADING = [
    "http://good.example@127.0.0.1/",
    "http://good.example:80@127.0.0.1/",
    "http://good.example%40127.0.0.1/",
    "http://127.0.0.1#@good.example/",
    "http://127.0.0.1?@good.example/",
    "http://127.0.0.1\\@good.example/",
    "http://good.example\\@127.0.0.1/",
    "http://127.0.0.1\t.good.example/",
    "http://127.0.0.1%00.good.example/",
    "http://good.example\r\nHost: 127.0.0.1/",
    "http:127.0.0.1/",
    "http:///127.0.0.1/",
    "//127.0.0.1/",
    "http://good.example:22/",
    "http://good.example:6379/",
    "https://good.example:80@169.254.169.254/",
    "file:///etc/passwd",
    "file://good.example/etc/passwd",
    "ftp://good.example/",
    "gopher://good.example:70/_GET",
    "dict://good.example:2628/",
    "ldap://good.example/",
    "unix:///var/run/docker.sock",
    "jar:http://good.example!/",
    "data:text/plain,x",
    "",
]
ADDRESSES: Mapping[str, list[str]] = {
    "example": [PUBLIC],
    "good.example": [PUBLIC],
    "metadata.example": ["169.254.169.254"],
    "half-metadata.example": [PUBLIC, "169.254.169.254"],
    "mapped-metadata.example": ["::ffff:169.254.169.254"],
    "translated-metadata.example": ["64:ff9b::a9fe:a9fe"],
    "inside.example": ["10.0.0.1"],
    "bucket.inside.example": ["10.0.0.2"],
    "half-inside.example": [PUBLIC, "192.168.0.1"],
    "mapped.example": ["::ffff:10.0.0.1"],
}
_ENDS_THERE = ["127.0.0.1", "[::1]", "169.254.169.254", "10.0.0.1", "metadata.example", "inside.example"]


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """What the system's resolver answers: in turn where more is said here, else by ADDRESSES, else as it does."""
    asked, turns = socket.getaddrinfo, dict[str, list[list[str]]]()

    def resolve(host: Any, port: Any, *args: Any, **options: Any) -> list[Any]:  # noqa: ANN401 - as the original
        given = turns[host].pop(0) if turns.get(host) else ADDRESSES.get(host)
        if given is None:
            assert not str(host).endswith(".example"), f"{host} is asked for once too often"
            return list(asked(host, port, *args, **options))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port or 0)) for each in given]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return turns


class Sent:
    """Requests that would have gone out, by the address that they would have gone to."""

    def __init__(self) -> None:
        self.to: list[str] = []
        self.redirect: str | None = None

    async def take(self, request: httpx.Request) -> httpx.Response:
        self.to.append(request.url.host)
        if self.redirect is not None:
            return httpx.Response(302, headers={"location": self.redirect})
        return httpx.Response(200, stream=httpx.ByteStream(b"picture"))


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """Stands in for the network, last of all."""
    sent = Sent()
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", sent.take)
    return sent


Place = Callable[[str], object]
REFUSALS = (SimilisError, Refused, ConnectionError)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A service that fetches from all public hosts, and calls one more of its own network."""
    settings = Settings(
        data=tmp_path_factory.mktemp("forgery") / "data",
        picture_hosts=("*",),
        private_picture_hosts=("images.example",),
        callback_hosts=("images.example",),
    )
    with App.open(settings) as opened:
        yield opened


@pytest.fixture
def picture(app: App) -> Place:
    """Fetches as every action does whose `PicContent` is a URL."""
    fetch: Place = create_asgi(app).state.fetcher.fetch
    return fetch


@pytest.fixture
def callback(app: App) -> Place:
    """Checks and calls as it is done for a task's callback."""

    def call(url: str) -> object:
        app.callbacks.check(url)
        return app.callbacks._outbound.send(OutboundRequest("POST", url, {}, b"{}", most=1024))

    return call


PLACES = ["picture", "callback"]


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(request.param)
    return found


def _connected(provider: Provider, endpoint: str, bucket: str = "bucket") -> None:
    connection = Connection("c", provider, endpoint=endpoint, region="cn-shanghai", bucket=bucket)
    open_source(connection, None, Credentials("id", "secret")).close()


@pytest.mark.parametrize("host", [*THIS_MACHINE, *METADATA, *PRIVATE])
@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_no_host_inside_is_called(place: Place, sent: Sent, host: str) -> None:
    for scheme in ("http", "https"):
        with pytest.raises(REFUSALS):
            place(f"{scheme}://{host}/")
    assert sent.to == []


@pytest.mark.parametrize("url", MISLEADING)
@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_no_misleading_url_is_called(place: Place, sent: Sent, url: str) -> None:
    with pytest.raises(REFUSALS):
        place(url)
    assert sent.to == []


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_a_good_one_is(place: Place, sent: Sent) -> None:
    place("https://good.example/a.jpg")
    assert sent.to == [PUBLIC]


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00:ec2::254"])
@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_a_name_that_changes_after_the_check_gains_nothing(
    place: Place, sent: Sent, names: dict[str, list[list[str]]], address: str
) -> None:
    names["rebound.example"] = [[PUBLIC]]  # a second question would fail
    place("http://rebound.example/")
    assert sent.to == [PUBLIC]
    names["rebound.example"] = [[address]]
    with pytest.raises(REFUSALS):
        place("http://rebound.example/")
    assert sent.to == [PUBLIC]


@pytest.mark.parametrize("host", _ENDS_THERE)
def test_no_redirect_leads_a_picture_inside(picture: Place, sent: Sent, host: str) -> None:
    sent.redirect = f"http://{host}/"
    with pytest.raises(REFUSALS):
        picture("http://good.example/")
    assert sent.to == [PUBLIC]


@pytest.mark.parametrize("host", ["good.example", *_ENDS_THERE])
def test_a_callback_follows_no_redirect(callback: Place, sent: Sent, host: str) -> None:
    sent.redirect = f"http://{host}/"
    callback("http://good.example/")
    assert sent.to == [PUBLIC]


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1", "fd00:ec2::254", "100.100.100.200", "::ffff:10.0.0.1", "64:ff9b::a00:1"]
)
@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_a_host_that_may_be_private_is_no_way_to_metadata(
    place: Place, sent: Sent, names: dict[str, list[list[str]]], address: str
) -> None:
    names["images.example"] = [["10.0.0.1"], [address], ["10.0.0.1", address]]
    place("http://images.example/")
    for _ in range(2):
        with pytest.raises(REFUSALS):
            place("http://images.example/")
    assert sent.to == ["10.0.0.1"]


@pytest.mark.parametrize("host", METADATA)
@pytest.mark.parametrize("provider", [Provider.S3, Provider.OSS])
def test_no_endpoint_of_storage_is_a_metadata_service(provider: Provider, host: str) -> None:
    for endpoint in (host, f"http://{host}:80", f"https://{host}"):
        with pytest.raises(InvalidInput, match=r"not for storage|The endpoint is"):
            _connected(provider, endpoint)


@pytest.mark.parametrize(
    ("provider", "endpoint", "bucket"),
    [
        (Provider.S3, "http://{bucket}.254.169.254", "169"),
        (Provider.S3, "http://{bucket}.254.43518", "169"),
        (Provider.S3, "https://{bucket}.example", "metadata"),
        (Provider.OSS, "https://example", "metadata"),
    ],
)
def test_no_bucket_s_host_is_a_metadata_service(provider: Provider, endpoint: str, bucket: str) -> None:
    with pytest.raises(InvalidInput, match="not for storage"):
        _connected(provider, endpoint, bucket)


@pytest.mark.parametrize("provider", [Provider.S3, Provider.OSS])
def test_storage_at_home_is_reached(provider: Provider) -> None:
    for endpoint in ("http://127.0.0.1:9000", "192.168.1.10:9000", "inside.example"):
        _connected(provider, endpoint)


@pytest.mark.parametrize("endpoint", [url for url in MISLEADING if not url.endswith((":22/", ":6379/"))])
def test_no_misleading_endpoint_is_kept(endpoint: str) -> None:
    with pytest.raises(InvalidInput):
        Connection("c", Provider.S3, endpoint=endpoint)


@pytest.mark.parametrize(
    "region",
    ["evil.example", "x.evil.example/", "evil.example#", "a@169.254.169.254/?", "cn shanghai", "a\r\nb", "."],
)
@pytest.mark.parametrize("provider", [Provider.S3, Provider.OSS])
def test_no_region_becomes_another_host(provider: Provider, region: str) -> None:
    """Names of the storage's and the token service's hosts are put together from it."""
    with pytest.raises(InvalidInput, match="No region is named"):
        Connection("c", provider, region=region, bucket="bucket")


def test_a_callback_that_would_be_refused_is_not_even_kept(app: App) -> None:
    for url in ("file:///etc/passwd", "http://user:word@good.example/", "http://good.example:22/"):
        with pytest.raises(InvalidUrl):
            app.callbacks.check(url)
