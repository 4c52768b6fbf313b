"""Limits of request bodies – size, time, and bytes held by all together – kept while they stream in.

They come before anything is known of the caller, so they are all that stands between a stranger and the memory.
"""

from __future__ import annotations

import anyio
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from similis.domain import MAX_BODY, Overloaded, RequestTooLarge, RequestTooSlow

MAX_HELD = 256 * 1024 * 1024
MAX_SECONDS = 30.0
_DRAINED = 64 * 1024 * 1024
_DRAIN_SECONDS = 5.0
_STATE = "body_limit"


class BodyLimit:
    """Middleware that guards the reading of bodies.

    Args:
        app: the application.
        limit: bytes of one body; more fail with `RequestTooLarge`.
        seconds: time for one body to arrive; more fails with `RequestTooSlow`.
        held: bytes of all bodies whose requests are not answered yet; more fail with `Overloaded`.
    """

    def __init__(
        self, app: ASGIApp, limit: int = MAX_BODY, seconds: float = MAX_SECONDS, held: int = MAX_HELD
    ) -> None:
        self._app = app
        self._limit = limit
        self._seconds = seconds
        self._held = _Held(held)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application with a guarded `receive`."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(receive, Headers(scope=scope), self._limit, self._seconds, self._held)
        scope.setdefault("state", {})[_STATE] = body

        async def send_after_body(message: Message) -> None:
            if message["type"] == "http.response.start":
                await body.drain()
            await send(message)

        try:
            await self._app(scope, body.receive, send_after_body)
        finally:
            body.release()


def narrow_body(scope: Scope, size: int) -> None:
    """Let the body of a request have fewer bytes than others, before it is read, for its caller is known."""
    body: _Body = scope["state"][_STATE]
    body.narrow(size)


def check_size(size: int, most: int) -> None:
    """Check that a body, or a picture that stands for one, has no more bytes than may be.

    Raises:
        RequestTooLarge: it has.
    """
    if size > most:
        raise RequestTooLarge(f"The body of the request is above {most:,} bytes.", "Send a smaller picture.")


class _Held:
    """Counts the bytes of bodies in memory; only ever touched by the event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._now = 0

    def add(self, count: int) -> None:
        self._now += count
        if self._now > self._most:
            raise Overloaded("Too many bodies of requests are arriving at once.", "Try again in a few seconds.")

    def remove(self, count: int) -> None:
        self._now -= count


class _Body:
    def __init__(self, receive: Receive, headers: Headers, limit: int, seconds: float, held: _Held) -> None:
        self._receive = receive
        self._limit = limit
        self._seconds = seconds
        self._deadline = anyio.current_time() + seconds
        self._held = held
        self._counted = 0
        self._waits_for_go = "expect" in headers
        length = headers.get("content-length", "")
        self._declared = int(length) if length.isdecimal() else 0
        self._received = 0
        self._complete = False

    async def receive(self) -> Message:
        check_size(self._declared, self._limit)
        if self._complete:
            return await self._receive()
        message = await self._in_time()
        check_size(self._received, self._limit)
        self._counted += len(message.get("body", b""))
        self._held.add(len(message.get("body", b"")))
        return message

    def narrow(self, size: int) -> None:
        """Take no more than so many bytes."""
        self._limit = min(self._limit, size)

    def release(self) -> None:
        """Count the body out again."""
        self._held.remove(self._counted)

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

    async def _in_time(self) -> Message:
        try:
            with anyio.fail_after(self._deadline - anyio.current_time()):
                return await self._next()
        except TimeoutError:
            raise RequestTooSlow(
                f"The body of the request did not arrive within {self._seconds:g} seconds.", "Send it faster."
            ) from None
