"""The limit of request bodies, kept while they stream in, whether or not they declare their length."""

from __future__ import annotations

import anyio
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from similis.domain import RequestTooLarge

MAX_BODY = 8 * 1024 * 1024
_DRAINED = 64 * 1024 * 1024
_DRAIN_SECONDS = 5.0


class BodyLimit:
    """Middleware that makes reading a body above `limit` bytes fail with `RequestTooLarge`."""

    def __init__(self, app: ASGIApp, limit: int = MAX_BODY) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application with a guarded `receive`."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(receive, Headers(scope=scope), self._limit)

        async def send_after_body(message: Message) -> None:
            if message["type"] == "http.response.start":
                await body.drain()
            await send(message)

        await self._app(scope, body.receive, send_after_body)


class _Body:
    def __init__(self, receive: Receive, headers: Headers, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._waits_for_go = "expect" in headers
        length = headers.get("content-length", "")
        self._declared = int(length) if length.isdecimal() else 0
        self._received = 0
        self._complete = False

    async def receive(self) -> Message:
        if self._declared > self._limit:
            raise self._too_large()
        message = await self._next()
        if self._received > self._limit:
            raise self._too_large()
        return message

    async def drain(self) -> None:
        """Take in the rest of a refused body: closing on a client that still writes would lose it the answer."""
        if self._waits_for_go and not self._received:
            return
        with anyio.move_on_after(_DRAIN_SECONDS):
            while not self._complete and self._received < _DRAINED:
                await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        self._received += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        return message

    def _too_large(self) -> RequestTooLarge:
        return RequestTooLarge(f"The body of the request is above {self._limit:,} bytes.", "Send a smaller picture.")
