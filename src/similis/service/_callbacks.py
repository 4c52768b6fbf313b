"""Tells the end of tasks to the URL that asked for it: signed by the Standard Webhooks scheme, and tried again."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from similis.catalogue import Callback, CallbackState, Catalogue
from similis.domain import InvalidUrl, JsonObject, KeyNotFound, SimilisError, Task
from similis.service._access import Access
from similis.transfer import Outbound, OutboundRequest

log = logging.getLogger(__name__)

CallbackBody = Callable[[Task, str], JsonObject]
"""Makes what is told of a task, given the address at which the service was called, or ""."""

RETRIES = tuple(timedelta(seconds=each) for each in (5, 30, 120, 600, 3600))
"""How long after each attempt that failed the next one is; after the last the callback has failed."""

_AT_ONCE = 4
_SECONDS = 10.0
_READ = 1024
# Longer than an attempt can take: after this another process may begin one, for this one must have died.
_HELD = timedelta(minutes=1)
_SUCCESS = range(200, 300)


class Callbacks:
    """Sends callbacks that are due. At least one attempt reaches a host that answers; a repeated one has the same id.

    Args:
        catalogue: knows what is due, so that restarts lose nothing.
        access: knows the secrets that sign.
        outbound: carries the requests, to the hosts that it allows.
    """

    def __init__(self, catalogue: Catalogue, access: Access, outbound: Outbound) -> None:
        self._catalogue = catalogue
        self._access = access
        self._outbound = outbound
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="callback")
        self._room = threading.BoundedSemaphore(_AT_ONCE)

    def check(self, url: str) -> None:
        """Check a callback's URL before it is kept.

        Raises:
            InvalidUrl: it is malformed, or its host will not be called.
        """
        self._outbound.check(url)

    def send_due(self, body: CallbackBody, now: datetime | None = None) -> None:
        """Begin to send what is due, as many at once as there is room for, and return before they have arrived.

        Args:
            body: what to tell.
            now: the present moment, unless it is another.
        """
        moment = now or datetime.now(UTC)
        for due in self._catalogue.callbacks.due(moment, _AT_ONCE):
            if not self._room.acquire(blocking=False):
                return
            begun = False
            try:
                if self._catalogue.callbacks.take(due, moment + _HELD):
                    self._pool.submit(self._attempt, due, body, moment)
                    begun = True
            finally:
                if not begun:
                    self._room.release()

    def close(self) -> None:
        """Wait for what is being sent; the rest is sent by the next process."""
        self._pool.shutdown()

    def _attempt(self, due: Callback, body: CallbackBody, begun: datetime) -> None:
        try:
            state, wait = self._send(due, body)
            self._catalogue.callbacks.note(due.task.id, state, begun + wait)
        except SimilisError as error:  # the catalogue's; the attempt is made again when its time is over
            log.warning("The callback of task %d: %s", due.task.id, error.message)
        except Exception as error:  # as unforeseen as it is, its message may quote what strangers sent
            log.error("The callback of task %d failed with %s.", due.task.id, type(error).__name__)  # noqa: TRY400
        finally:
            self._room.release()

    def _send(self, due: Callback, body: CallbackBody) -> tuple[CallbackState, timedelta]:
        """Send once; returns how it went, and how long to wait for the next attempt."""
        try:
            answer = self._outbound.send(self._request(due, body))
        except (InvalidUrl, KeyNotFound) as error:
            log.warning("Task %d: its callback is not called. %s", due.task.id, error.message)
            return CallbackState.FAILED, timedelta()
        except OSError as error:
            why = type(error).__name__
        else:
            if answer.status in _SUCCESS:
                return CallbackState.DELIVERED, timedelta()
            why = f"status {answer.status}"
        if due.attempts >= len(RETRIES):
            log.warning("Task %d: its callback was given up after %s.", due.task.id, why)
            return CallbackState.FAILED, timedelta()
        return CallbackState.PENDING, RETRIES[due.attempts]

    def _request(self, due: Callback, body: CallbackBody) -> OutboundRequest:
        content = json.dumps(body(due.task, due.origin or ""), ensure_ascii=False).encode()
        headers = {"content-type": "application/json", "user-agent": "Similis", "accept": "*/*"}
        if due.caller is not None:
            secret = self._access.reveal(due.caller)[1].encode()
            headers |= signature(f"task-{due.task.id}", secret, content, datetime.now(UTC))
        return OutboundRequest("POST", due.task.callback or "", headers, content, seconds=_SECONDS, most=_READ)


def signature(identity: str, secret: bytes, content: bytes, now: datetime) -> dict[str, str]:
    """The headers that prove who sends a callback.

    Standard Webhooks (https://www.standardwebhooks.com), symmetric: HMAC-SHA256 over id, moment and body.

    Args:
        identity: of the message, the same in every attempt.
        secret: the key: the access key secret as UTF-8.
        content: the body.
        now: the moment of this attempt.
    """
    moment = str(int(now.timestamp()))
    signed = b".".join((identity.encode(), moment.encode(), content))
    digest = hmac.digest(secret, signed, hashlib.sha256)
    return {
        "webhook-id": identity,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
