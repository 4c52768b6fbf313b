"""What surrounds every request: its id, the security headers, what is observed, and a net under unforeseen errors."""

from __future__ import annotations

import logging
import re
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from similis.domain import watching_stages
from similis.gateway._errors import unexpected_response
from similis.gateway._metrics import Metrics
from similis.gateway._request_log import log_request
from similis.gateway._security import SECURITY_HEADERS
from similis.gateway._traces import Tracing
from similis.gateway._watch import Watch

log = logging.getLogger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Observe:
    """The outermost middleware.

    Args:
        app: the application.
        metrics: counts every request.
        tracing: follows every request; None where nobody asks for traces.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, tracing: Tracing | None = None) -> None:
        self._app = app
        self._metrics = metrics
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application, complete its answer, and tell all who observe."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["request_id"] = _request_id(scope)
        watch = Watch(scope)
        trace = self._tracing.begin(watch) if self._tracing else None
        told = {"request_id": watch.request_id} | ({"trace_id": trace.id} if trace else {})
        with bound_contextvars(**told), watching_stages(watch.stage):
            try:
                await self._run(watch, receive, send)
            finally:
                watch.end()
                self._metrics.count(watch)
                log_request(watch)
                if trace is not None:
                    trace.end()

    async def _run(self, watch: Watch, receive: Receive, send: Send) -> None:
        exchange = _Exchange(watch, receive, send)
        try:
            await self._app(watch.scope, exchange.receive, exchange.send)
        except ClientDisconnect:
            log.info("The client went away.")
        except Exception as error:
            response = unexpected_response(watch.scope, error)
            if watch.status:  # the head has gone out: only breaking off can tell the client
                raise
            await response(watch.scope, exchange.receive, exchange.send)


class _Exchange:
    """Counts what is received, and completes the head of the answer."""

    def __init__(self, watch: Watch, receive: Receive, send: Send) -> None:
        self._watch = watch
        self._receive = receive
        self._send = send

    async def receive(self) -> Message:
        message = await self._receive()
        self._watch.received += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            headers["x-request-id"] = self._watch.scope["state"]["request_id"]
            self._watch.status = message["status"]
        await self._send(message)


def _request_id(scope: Scope) -> str:
    """The caller's own `x-request-id` if short and plain, so that logs along a chain agree; else a new one."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
