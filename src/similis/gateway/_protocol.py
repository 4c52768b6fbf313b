"""HTTP/1.1 on one connection, with limits where uvicorn has none.

They are: how long a request may take to begin and an answer to be read, how long a head may be, and how many
connections there may be. What is refused here has not reached the application: a count by code is all that tells of
it, and it is in no audit log.
"""

from __future__ import annotations

import asyncio
import logging
import re
import resource
import sys
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

import h11
from fastapi.responses import JSONResponse
from uvicorn.protocols.http.h11_impl import H11Protocol

from similis.domain import Overloaded, RequestTooSlow, SimilisError, as_json
from similis.gateway._errors import HeadTooLarge, MalformedRequest, status_of
from similis.gateway._security import SECURITY_HEADERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

log = logging.getLogger(__name__)
_uvicorn_log = logging.getLogger("uvicorn.error.connection")
_uvicorn_log.setLevel(logging.ERROR)  # it would warn of every malformed request, of which strangers send many

MAX_HEAD = 64 * 1024
MAX_HEAD_LINES = 128
_HEAD_TOO_LARGE = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
_LEAVE_SECONDS = 1.0
_BLANK_LINE = re.compile(rb"\n\r?\n")


def most_connections() -> int:
    """As many as are useful, and no more than leave half of the files that this process may have open to the rest."""
    return min(1000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a connection may cost.

    Attributes:
        handshake_seconds: in which a handshake of TLS must be over.
        head_seconds: in which the head of the next request must be here; there may be no request at all for as long.
        stall_seconds: in which a client must read on, when so much of an answer waits that no more is written.
        connections: at once, `most_connections` if it does not say; one more takes the place of the one that has been
            without a request for longest. A quarter as many may be in the handshake of TLS.
    """

    handshake_seconds: float = 5.0
    head_seconds: float = 15.0
    stall_seconds: float = 30.0
    connections: int | None = None

    @property
    def handshakes(self) -> int:
        """How many handshakes of TLS there may be at once; then the one that began first is ended."""
        return max(1, (self.connections or most_connections()) // 4)


class Protocol(H11Protocol):
    """One connection of a client."""

    limits: ClassVar[Limits] = Limits()

    def __init__(self, *args: Any, **named: Any) -> None:  # noqa: ANN401 - uvicorn's business
        super().__init__(*args, **named)
        self.logger = _uvicorn_log
        self.conn = _Connection(h11.SERVER, MAX_HEAD)
        self.waiting_since: float | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._watch()
        if len(self.connections) > (self.limits.connections or most_connections()):
            min(self._waiting(), key=lambda each: each.waiting_since or 0.0).make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all clocks."""
        super().connection_lost(exc)
        self._stop_waiting()
        self.resume_writing()

    def handle_events(self) -> None:
        """Take up what has arrived."""
        super().handle_events()
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._watch()

    def pause_writing(self) -> None:
        """Give the client some time to read."""
        super().pause_writing()
        self._stall_timer = self.loop.call_later(self.limits.stall_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has read on."""
        super().resume_writing()
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words
        """Refuse what could not be read; uvicorn calls this while it handles h11's error."""
        error = sys.exception()
        if (
            isinstance(error, h11.RemoteProtocolError)
            and error.error_status_hint == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        ):
            self._refuse(
                HeadTooLarge(
                    f"The head of the request is above {MAX_HEAD:,} bytes or {MAX_HEAD_LINES} lines.",
                    "Send fewer or shorter headers, and long values in the body.",
                )
            )
        else:
            self._refuse(MalformedRequest("The bytes are no sound HTTP/1.1 request.", "Use an ordinary HTTP client."))

    @staticmethod
    def tell_refusal(code: str) -> None:
        """Is told the code of whatever is refused; see `telling`."""

    def make_room(self) -> None:
        """Close, for there are too many connections, and be counted no more from now on."""
        self.connections.discard(self)
        if self.transport.is_closing():
            self.transport.abort()
        else:
            self._refuse(Overloaded("Too many connections are open at once.", "Try again in a few seconds."))
            self._end_soon()

    def _should_upgrade(self) -> bool:
        return False  # nothing here speaks another protocol; the request is answered as what it is otherwise

    def _waiting(self) -> Iterator[Protocol]:
        """The connections without a request, this one included."""
        for each in self.connections:
            if isinstance(each, Protocol) and each.waiting_since is not None:
                yield each

    def _watch(self) -> None:
        """See that the clock runs exactly while no request is carried out."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting()
        elif self.waiting_since is None and self in self.connections:
            self.waiting_since = self.loop.time()  # also if it closes: TLS can take its leave for long
            if not self.transport.is_closing():
                self._head_timer = self.loop.call_later(self.limits.head_seconds, self._waited)

    def _stop_waiting(self) -> None:
        self.waiting_since = None
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _waited(self) -> None:
        if self.transport.is_closing() or self.transport.get_write_buffer_size():  # the answer was never read
            self.transport.abort()
            return
        if self.conn.trailing_data[0]:
            seconds = f"{self.limits.head_seconds:g}"
            self._refuse(RequestTooSlow(f"The head did not arrive within {seconds} seconds.", "Send it faster."))
        else:
            self.transport.close()
        self._end_soon()

    def _end_soon(self) -> None:
        """Close for good: a client that reads nothing, or is silent when TLS takes its leave, would stay for long."""
        self.loop.call_later(_LEAVE_SECONDS, self.transport.abort)

    def _refuse(self, error: SimilisError) -> None:
        """Answer what the application cannot, unless another answer has begun, and close."""
        log.info("A request was refused before it was read: %s", error.code)
        self.tell_refusal(error.code)
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            request_id = uuid.uuid4().hex
            headers = {**SECURITY_HEADERS, "x-request-id": request_id, "connection": "close"}
            answer = JSONResponse({**as_json(error), "request_id": request_id}, status_of(error), headers)
            reason = HTTPStatus(answer.status_code).phrase.encode()
            head = h11.Response(status_code=answer.status_code, headers=answer.raw_headers, reason=reason)
            for event in (head, h11.Data(data=bytes(answer.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def telling(tell_refusal: Callable[[str], None]) -> type[Protocol]:
    """`Protocol`, as the server makes it for each connection, telling the code of whatever it refuses."""
    return type("TellingProtocol", (Protocol,), {"tell_refusal": staticmethod(tell_refusal)})


class _Connection(h11.Connection):
    """What h11 reads, but stricter."""

    def next_event(self) -> Any:  # noqa: ANN401 - as h11 has it
        """The next event.

        Raises:
            RemoteProtocolError: the head is too long – h11 looks at each line for long –, or it says in two ways
                where the body ends, by which requests are smuggled past a proxy.
        """
        if self.their_state is h11.IDLE and _is_long(self.trailing_data[0]):
            raise h11.RemoteProtocolError("too long a head", _HEAD_TOO_LARGE)
        event = super().next_event()
        if isinstance(event, h11.Request) and {b"content-length", b"transfer-encoding"} <= {*dict(event.headers)}:
            raise h11.RemoteProtocolError("two lengths of the body")
        return event


def _is_long(received: bytes) -> bool:
    """Whether the head that these bytes begin with, whole or not, is too long."""
    end = _BLANK_LINE.search(received)
    head = received[: end.start()] if end else received
    return len(head) > MAX_HEAD or head.count(b"\n") > MAX_HEAD_LINES
