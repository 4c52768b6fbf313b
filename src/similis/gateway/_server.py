"""Runs the gateway on a socket until it is told to stop."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from similis.domain import Unavailable
from similis.gateway._asgi import create_asgi
from similis.service import App

_GRACE_SECONDS = 20


def serve(app: App, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve `app` until SIGTERM or SIGINT; requests under way are finished first.

    Args:
        app: what to serve; the caller closes it afterwards.
        host: name or address to listen on.
        port: port to listen on; 0 takes a free one.
        on_ready: called with the service's address once it answers.

    Raises:
        Unavailable: the address cannot be listened on.
    """
    with _listen(host, port) as listener, _signals_end_nothing_else():
        # It warns of every malformed form with bytes of it; the caller gets an error anyway.
        logging.getLogger("python_multipart").setLevel(logging.ERROR)
        address = _address(host, listener.getsockname()[1])
        config = uvicorn.Config(
            create_asgi(app),
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        _Server(config, lambda: on_ready(address)).run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise Unavailable(
            f"Cannot listen on {_address(host, port)}: {error.strerror}.",
            "Choose another port with --port, or stop the process that has this one.",
        ) from None


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
