"""What surrounds every request: its id, the security headers, the metrics, and a net under unforeseen errors."""

from __future__ import annotations

import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from similis.gateway._errors import unexpected_response
from similis.gateway._metrics import Metrics
from similis.gateway._security import SECURITY_HEADERS

log = logging.getLogger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Observe:
    """The outermost middleware."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application, complete its answer and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["request_id"] = _request_id(scope)
        answer = _Answer(send, scope["state"]["request_id"])
        begun = time.perf_counter()
        try:
            await self._run(scope, receive, answer)
        finally:
            seconds = time.perf_counter() - begun
            self._metrics.count(_method(scope), _route(scope), answer.status, seconds)

    async def _run(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        try:
            await self._app(scope, receive, answer.send)
        except ClientDisconnect:
            log.info("Request %s: the client went away.", scope["state"]["request_id"])
        except Exception as error:
            response = unexpected_response(scope, error)
            if answer.status:  # the head has gone out: only breaking off can tell the client
                raise
            await response(scope, receive, answer.send)


class _Answer:
    """Completes the head of an answer; `status` is 0 until it has gone out."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            headers["x-request-id"] = self._request_id
            self.status = message["status"]
        await self._send(message)


def _request_id(scope: Scope) -> str:
    """The caller's own `x-request-id` if short and plain, so that logs along a chain agree; else a new one."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "other"


def _route(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", "unmatched")
