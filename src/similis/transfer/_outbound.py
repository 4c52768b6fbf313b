"""HTTP to hosts that strangers name, so that nobody can make the service call what only it can reach.

Against server-side request forgery (OWASP): hosts are on a list, names are resolved once, every address is checked,
and the connection goes to the very address that was checked. Each redirect starts all of that again.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import anyio
import anyio.to_thread
import httpx

from similis.domain import InvalidUrl
from similis.transfer._addresses import is_private, is_public, system_resolver

Resolver = Callable[[str, int], list[str]]
Transport = Callable[[], httpx.AsyncBaseTransport]

_HOST = re.compile(rb"[a-z0-9._-]+|[0-9a-f:.]+")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class OutboundRequest:
    """What is sent, and how much of an answer is waited for.

    Attributes:
        method: such as `GET`.
        url: where to.
        headers: besides `host`.
        content: the body.
        seconds: time for everything together, redirects included.
        most: bytes of the answer to read; one more is read, to tell that there are more.
        redirects: how many to follow; with 0 the redirect is the answer.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes = b""
    seconds: float = 10.0
    most: int = 0
    redirects: int = 0


@dataclass(frozen=True, slots=True)
class OutboundAnswer:
    """What came back: status and the first bytes of the body, as sent, not unpacked."""

    status: int
    content: bytes
    location: str | None = None


class Outbound:
    """Sends requests to allowed hosts.

    Args:
        hosts: `name`, `*.domain` or `*` for every host, each with `:port` unless it is the scheme's own; all their
            addresses must be public.
        private_hosts: likewise; their addresses may also be those of a private network.
        resolver: gives a host's addresses.
        transport: makes what carries the requests; their URLs have the checked address in place of the host.
    """

    def __init__(
        self,
        hosts: Collection[str] = (),
        private_hosts: Collection[str] = (),
        resolver: Resolver = system_resolver,
        transport: Transport | None = None,
    ) -> None:
        self._hosts = hosts
        self._private_hosts = private_hosts
        self._resolver = resolver
        self._transport = transport or self._direct

    def send(self, request: OutboundRequest) -> OutboundAnswer:
        """Send a request. Blocks; must not be called on an event loop.

        Raises:
            InvalidUrl: the URL, its host, an address of it or a redirect is refused; nothing was sent there.
            TimeoutError: it took too long.
            ConnectionError: nothing answers there, or something else than HTTP.
        """
        try:
            return anyio.run(self._send, request)
        except TimeoutError:
            raise
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            raise ConnectionError(type(error).__name__) from None

    def check(self, text: str) -> None:
        """Check a URL before it is kept: its form and its host, not yet the host's addresses.

        Raises:
            InvalidUrl: it would be refused.
        """
        try:
            self._check(httpx.URL(text))
        except (httpx.InvalidURL, UnicodeError):
            raise InvalidUrl("The URL cannot be read.", "Give an http or https URL.") from None

    def _direct(self) -> httpx.AsyncBaseTransport:
        return httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return httpx.create_ssl_context()  # slow: not before it is needed, and once

    async def _send(self, request: OutboundRequest) -> OutboundAnswer:
        url = httpx.URL(request.url)
        with anyio.fail_after(request.seconds):
            for _ in range(1 + request.redirects):
                self._check(url)
                answer = await self._try_addresses(request, url)
                if answer.location is None or not request.redirects:
                    return answer
                url = url.join(answer.location)
        raise InvalidUrl("It redirects too often.", "Give the URL that it ends at.")

    def _check(self, url: httpx.URL) -> None:
        if url.scheme not in _PORTS or not _HOST.fullmatch(url.raw_host):
            raise InvalidUrl("Only http and https URLs of a plain host are called.", "Give such a URL.")
        if url.userinfo:
            raise InvalidUrl("URLs with credentials are not called.", "Leave them out.")
        if not _on(self._hosts, url) and not _on(self._private_hosts, url):
            raise InvalidUrl("That host is not on the list.", "Have it allowed by the operator of this service.")

    async def _try_addresses(self, request: OutboundRequest, url: httpx.URL) -> OutboundAnswer:
        addresses = await self._addresses(url)
        async with self._transport() as transport:
            for address in addresses[:-1]:
                try:
                    return await _exchange(transport, request, url, address)
                except httpx.ConnectError:
                    continue
            return await _exchange(transport, request, url, addresses[-1])

    async def _addresses(self, url: httpx.URL) -> list[str]:
        host, port = url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme]
        found = await anyio.to_thread.run_sync(self._resolver, host, port, abandon_on_cancel=True)
        private = _on(self._private_hosts, url)
        if not found or not all(is_public(each) or (private and is_private(each)) for each in found):
            raise InvalidUrl("Its host has no public address, or not only such.", "Give a public host.")
        return found


async def _exchange(
    transport: httpx.AsyncBaseTransport, request: OutboundRequest, url: httpx.URL, address: str
) -> OutboundAnswer:
    headers = {**request.headers, "host": url.netloc.decode("ascii"), "accept-encoding": "identity"}
    sent = httpx.Request(
        request.method,
        url.copy_with(host=address),
        headers=headers,
        content=request.content or None,
        extensions={"sni_hostname": url.raw_host.decode("ascii")},
    )
    response = await transport.handle_async_request(sent)
    try:
        if response.has_redirect_location:
            return OutboundAnswer(response.status_code, b"", response.headers["location"])
        return OutboundAnswer(response.status_code, await _read(response, request.most))
    finally:
        await response.aclose()


async def _read(response: httpx.Response, most: int) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_raw():  # raw: a compressed body must not be able to explode
        content += chunk[: most + 1 - len(content)]
        if len(content) > most:
            break
    return bytes(content)


def _on(hosts: Collection[str], url: httpx.URL) -> bool:
    return any(_allows(entry, url) for entry in hosts)


def _allows(entry: str, url: httpx.URL) -> bool:
    place = url.netloc.decode("ascii")
    if entry == "*":
        return url.port is None
    return place.endswith(entry[1:]) if entry.startswith("*.") else place == entry
