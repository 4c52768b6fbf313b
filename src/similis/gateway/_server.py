"""Runs the gateway on a socket until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn

from similis.domain import Unavailable
from similis.gateway._asgi import begin_leaving, create_asgi
from similis.gateway._handshakes import Handshakes
from similis.gateway._protocol import Protocol, telling
from similis.service import App

_GRACE_SECONDS = 20
_BACKLOG = 128  # asyncio takes in as many in one turn, before any can be refused


@dataclass(frozen=True, slots=True)
class Tls:
    """How to serve over TLS beside plain HTTP: certificate chain and private key in PEM, and the port."""

    certificate: Path
    key: Path
    port: int = 8443

    def context(self) -> ssl.SSLContext:
        """What the sockets need.

        Raises:
            Unavailable: the files cannot be read or do not belong together.
        """
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(self.certificate, self.key, lambda: "")  # else it asks on the terminal
        except OSError as error:  # of which SSLError is one
            raise Unavailable(
                f"Cannot use the certificate {self.certificate} with the key {self.key}: {error.strerror or error}.",
                "Give the certificate chain by --tls-cert and its private key, not encrypted, by --tls-key (PEM).",
            ) from None
        return context


def serve(app: App, host: str, port: int, on_ready: Callable[[str], None], tls: Tls | None = None) -> None:
    """Serve `app` until SIGTERM or SIGINT; requests under way are finished first.

    From the signal on `/readyz` says that the service is not ready. For `Settings.drain_seconds` all else is answered
    as before, so that load balancers notice; a second signal cuts that short.

    Args:
        app: what to serve; the caller closes it afterwards.
        host: name or address to listen on.
        port: port to listen on; 0 takes a free one.
        on_ready: called with the service's address once it answers.
        tls: where to listen for TLS as well, if at all.

    Raises:
        Unavailable: an address cannot be listened on, or the certificate cannot be used.
    """
    with _listen(host, port) as listener, _secured(host, tls) as secured, _signals_end_nothing_else():
        address = _address(host, listener.getsockname()[1])
        api = create_asgi(app, secured.socket.getsockname()[1] if secured else None)
        config = uvicorn.Config(
            api,
            http=telling(api.state.metrics.refuse),
            loop="asyncio",  # others would take in connections without asking `Handshakes`
            ws="none",
            backlog=_BACKLOG,
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        end = _End(app.settings.drain_seconds, lambda: begin_leaving(api))
        _Server(config, secured, lambda: on_ready(address), end).run(sockets=[listener])


@dataclass(frozen=True, slots=True)
class _Secured:
    socket: socket.socket
    context: ssl.SSLContext


@contextmanager
def _secured(host: str, tls: Tls | None) -> Iterator[_Secured | None]:
    if tls is None:
        yield None
        return
    context = tls.context()
    with _listen(host, tls.port) as listener:
        yield _Secured(listener, context)


@dataclass(frozen=True, slots=True)
class _End:
    """What happens at a signal: `begin` is called at once, and `seconds` later no more connections are taken."""

    seconds: float
    begin: Callable[[], None]


class _Server(uvicorn.Server):
    """One server, so that one signal stops it, on one socket or two."""

    def __init__(
        self, config: uvicorn.Config, secured: _Secured | None, on_ready: Callable[[], None], end: _End
    ) -> None:
        super().__init__(config)
        self._secured = secured
        self._on_ready = on_ready
        self._end = end
        self._stop_at: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._secured is not None:
            loop = asyncio.get_running_loop()
            self.servers.append(
                await loop.create_server(
                    self._protocol,
                    sock=Handshakes(self._secured.socket, self.server_state.connections, Protocol.limits.handshakes),
                    ssl=self._secured.context,
                    ssl_handshake_timeout=Protocol.limits.handshake_seconds,
                    backlog=_BACKLOG,
                )
            )
        self._on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._end.begin()
        if self._stop_at is None and self._end.seconds:
            self._stop_at = time.monotonic() + self._end.seconds
        else:
            super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        if self._stop_at is not None and time.monotonic() >= self._stop_at:
            self.should_exit = True
        return await super().on_tick(counter)

    def _protocol(self) -> asyncio.Protocol:
        make: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        return make(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise Unavailable(
            f"Cannot listen on {_address(host, port)}: {error.strerror}.",
            "Choose another port with --port or --tls-port, or stop the process that has this one.",
        ) from None
    # Connections inherit it. Asyncio sets it only on sockets that it made itself; without it the body of an answer
    # waits for the client to acknowledge the head, which clients put off for 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _address(host: str, port: int) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"


@contextmanager
def _signals_end_nothing_else() -> Iterator[None]:
    """Keep SIGTERM and SIGINT from ending the process: uvicorn raises them once more after its graceful stop."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.signal(each, lambda *_: None) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
