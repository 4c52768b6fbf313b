"""HTTP as plain as can be: ready-made requests over connections that are kept.

The client of a benchmark shares the processors with the service that it measures. An ordinary one takes about as much
of them for a call as the service itself does for a search by name; so requests are encoded by one before the clock
runs, and only sent and answered here.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

import httpx

from similis.domain import ServiceUnreachable

_SECONDS = 120.0
_MOST_HEAD = 2**16


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: status, headers with names in small letters, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Requests:
    """Encodes calls to the REST interface of one service with one access key."""

    def __init__(self, endpoint: str, key: str) -> None:
        self._client = httpx.Client(
            base_url=endpoint, headers={"authorization": f"Bearer {key}", "accept-encoding": "identity"}
        )

    def json(self, method: str, path: str, form: Mapping[str, str] | None = None) -> bytes:
        """A request with JSON, or with nothing."""
        return _encoded(self._client.build_request(method, path, json=form))

    def form(self, path: str, fields: Mapping[str, str], picture: bytes | None = None) -> bytes:
        """A request with a form, and a picture as its file."""
        parts: dict[str, tuple[str | None, bytes]] = {name: (None, text.encode()) for name, text in fields.items()}
        if picture is not None:
            parts["file"] = ("picture", picture)
        return _encoded(self._client.build_request("POST", path, files=parts))


class Connection:
    """A connection that makes one call after the other, opened anew when the other end has closed it."""

    def __init__(self, endpoint: str) -> None:
        url = httpx.URL(endpoint)
        self._endpoint = endpoint
        self._tls = ssl.create_default_context() if url.scheme == "https" else None
        self._host, self._port = url.host, url.port or (443 if self._tls else 80)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self, request: bytes) -> Reply:
        """Send a request and read its answer.

        Raises:
            ServiceUnreachable: there is none.
        """
        try:
            async with asyncio.timeout(_SECONDS):
                return await self._call(request)
        except (OSError, EOFError, ValueError, LookupError, asyncio.LimitOverrunError) as error:
            await self.close()
            raise ServiceUnreachable(
                f"{self._endpoint} does not answer: {error or type(error).__name__}.",
                "Check the address, and that `similis serve` is running there.",
            ) from None

    async def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            writer, self._streams = self._streams[1], None
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _call(self, request: bytes) -> Reply:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port, ssl=self._tls, limit=_MOST_HEAD)
        reader, writer = self._streams
        writer.write(request)
        await writer.drain()
        status, headers = _head(await reader.readuntil(b"\r\n\r\n"))
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        if headers.get("connection") == "close":
            await self.close()
        return Reply(status, headers, body)


def _encoded(request: httpx.Request) -> bytes:
    head = f"{request.method} {request.url.raw_path.decode()} HTTP/1.1\r\n".encode()
    headers = b"".join(name + b": " + value + b"\r\n" for name, value in request.headers.raw)
    return head + headers + b"\r\n" + request.read()


def _head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return int(first.split()[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}
