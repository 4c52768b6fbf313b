"""Fetches pictures from URLs of allowed hosts, so that nobody can make the service call what only it can reach.

Against server-side request forgery (OWASP): hosts are on a list, names are resolved once, every address is checked,
and the connection goes to the very address that was checked. Each redirect starts all of that again.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Collection
from functools import cached_property

import anyio
import anyio.to_thread
import httpx

from similis.domain import MAX_PICTURE_BYTES, PictureTooLarge
from similis.gateway.alibaba._addresses import is_public, system_resolver
from similis.gateway.alibaba._errors import Refused

Resolver = Callable[[str, int], list[str]]
Transport = Callable[[], httpx.AsyncBaseTransport]

MAX_SECONDS = 5.0
_MAX_REDIRECTS = 3
_HOST = re.compile(rb"[a-z0-9._-]+|[0-9a-f:.]+")
_PORTS = {"http": 80, "https": 443}


class Fetcher:
    """Fetches pictures over HTTP.

    Args:
        hosts: `name`, `*.domain` or `*` for every public host, each with `:port` unless it is the scheme's own.
        resolver: gives a host's addresses.
        transport: makes what carries the requests; their URLs have the checked address in place of the host.
        seconds: time for everything together, redirects included.
    """

    def __init__(
        self,
        hosts: Collection[str] = (),
        resolver: Resolver = system_resolver,
        transport: Transport | None = None,
        seconds: float = MAX_SECONDS,
    ) -> None:
        self._hosts = hosts
        self._resolver = resolver
        self._transport = transport or self._direct
        self._seconds = seconds

    def fetch(self, url: str) -> bytes:
        """The bytes at a URL. Blocks; must not be called on an event loop.

        Raises:
            Refused: `InvalidPicUrl` when it is refused or nothing is there, `TimeoutForTransferImage`.
            PictureTooLarge: there are more bytes than a picture may have.
        """
        try:
            return anyio.run(self._fetch, url)
        except TimeoutError:
            raise Refused("TimeoutForTransferImage") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError):
            raise _invalid("It could not be fetched.") from None

    def _direct(self) -> httpx.AsyncBaseTransport:
        return httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return httpx.create_ssl_context()  # slow: not before it is needed, and once

    async def _fetch(self, text: str) -> bytes:
        url = httpx.URL(text)
        with anyio.fail_after(self._seconds):
            for _ in range(1 + _MAX_REDIRECTS):
                self._check(url)
                answer = await self._get(url)
                if isinstance(answer, bytes):
                    return answer
                url = url.join(answer)
        raise _invalid("It redirects too often.")

    def _check(self, url: httpx.URL) -> None:
        if url.scheme not in _PORTS or not _HOST.fullmatch(url.raw_host):
            raise _invalid("Only http and https URLs of a plain host are fetched.")
        if url.userinfo:
            raise _invalid("URLs with credentials are not fetched.")
        if not any(_allows(entry, url) for entry in self._hosts):
            raise _invalid(
                "Pictures are not fetched from that host: upload the picture, send it in Base64, "
                "or have the host allowed by SIMILIS_PICTURE_HOSTS."
            )

    async def _get(self, url: httpx.URL) -> bytes | str:
        """The content, or where it redirects to."""
        addresses = await self._addresses(url)
        async with self._transport() as transport:
            for address in addresses[:-1]:
                try:
                    return await _exchange(transport, url, address)
                except httpx.ConnectError:
                    continue
            return await _exchange(transport, url, addresses[-1])

    async def _addresses(self, url: httpx.URL) -> list[str]:
        host, port = url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme]
        found = await anyio.to_thread.run_sync(self._resolver, host, port, abandon_on_cancel=True)
        if not found or not all(map(is_public, found)):
            raise _invalid("Its host has no public address, or not only such.")
        return found


async def _exchange(transport: httpx.AsyncBaseTransport, url: httpx.URL, address: str) -> bytes | str:
    headers = {"host": url.netloc.decode("ascii"), "accept": "image/*", "accept-encoding": "identity"}
    request = httpx.Request(
        "GET", url.copy_with(host=address), headers=headers, extensions={"sni_hostname": url.raw_host.decode("ascii")}
    )
    response = await transport.handle_async_request(request)
    try:
        if response.has_redirect_location:
            return response.headers["location"]
        if response.status_code != httpx.codes.OK:
            raise _invalid(f"Its host answered with status {response.status_code}.")
        return await _read(response)
    finally:
        await response.aclose()


async def _read(response: httpx.Response) -> bytes:
    content = bytearray()
    async for chunk in response.aiter_raw():  # raw: a compressed body must not be able to explode
        content += chunk
        if len(content) > MAX_PICTURE_BYTES:
            raise PictureTooLarge(
                f"The picture at the URL is above {MAX_PICTURE_BYTES:,} bytes.", "Use a smaller picture."
            )
    return bytes(content)


def _allows(entry: str, url: httpx.URL) -> bool:
    place = url.netloc.decode("ascii")
    if entry == "*":
        return url.port is None
    return place.endswith(entry[1:]) if entry.startswith("*.") else place == entry


def _invalid(why: str) -> Refused:
    return Refused("InvalidPicUrl", why)
