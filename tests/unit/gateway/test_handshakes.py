"""TLS gives nobody more connections, or longer ones, than the limits say."""

from __future__ import annotations

import datetime as dt
import os
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.types import Receive, Scope, Send
from tests.unit.gateway.connecting import connected

from similis.gateway._protocol import Limits, Protocol
from similis.gateway._server import Tls, _End, _Secured, _Server


async def _nothing(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """Of a server that vouches for itself."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "similis")])
    begin = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(begin).not_valid_after(begin + dt.timedelta(days=1))
    pem = serialization.Encoding.PEM
    (folder / "certificate").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(pem))
    (folder / "key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return Tls(folder / "certificate", folder / "key").context()


@contextmanager
def _serving(context: ssl.SSLContext, limits: Limits, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(Protocol, "limits", limits)
    with socket.create_server(("127.0.0.1", 0)) as plain, socket.create_server(("127.0.0.1", 0)) as secured:
        port = secured.getsockname()[1]
        ready = threading.Event()
        config = uvicorn.Config(_nothing, http=Protocol, ws="none", lifespan="off", log_config=None)
        server = _Server(config, _Secured(secured, context), ready.set, _End(0, lambda: None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [plain]})
        thread.start()
        assert ready.wait(10)
        try:
            yield port
        finally:
            server.should_exit = True
            thread.join()


def _shaken(client: socket.socket) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(client)


def _ended(client: socket.socket) -> bool:
    return bool(select.select([client], [], [], 0.01)[0])


def test_handshakes_that_do_not_go_on_are_bounded_and_keep_nobody_out(
    context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = Limits(connections=8)
    with _serving(context, limits, monkeypatch) as port, ExitStack() as opened:
        silent = [opened.enter_context(connected(port)) for _ in range(30)]
        end, left = time.monotonic() + 3, silent
        while len(left) > 2 and time.monotonic() < end:
            left = [each for each in left if not _ended(each)]
        assert left == silent[-2:]
        with connected(port) as client, _shaken(client) as secured:
            secured.sendall(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n")
            assert secured.recv(100).startswith(b"HTTP/1.1 204 ")


def test_connections_behind_their_handshake_are_not_taken_for_one(
    context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _serving(context, Limits(connections=8), monkeypatch) as port, ExitStack() as opened:
        clients = [opened.enter_context(_shaken(opened.enter_context(connected(port)))) for _ in range(8)]
        for client in clients:
            client.sendall(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 204 ")


def test_a_handshake_has_its_time(context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    with _serving(context, Limits(handshake_seconds=0.2), monkeypatch) as port, connected(port) as client:
        client.settimeout(3)
        assert client.recv(100) == b""


def test_who_must_go_need_not_agree(context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """TLS ends by a word from both sides, and one may be silent."""
    with _serving(context, Limits(connections=1), monkeypatch) as port, ExitStack() as opened:
        first = opened.enter_context(_shaken(opened.enter_context(connected(port))))
        below = opened.enter_context(socket.socket(fileno=os.dup(first.fileno())))
        second = opened.enter_context(_shaken(opened.enter_context(connected(port))))
        second.sendall(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n")
        assert second.recv(100).startswith(b"HTTP/1.1 204 ")
        assert first.recv(100).startswith(b"HTTP/1.1 503 ")
        below.settimeout(4)
        while below.recv(65536):
            pass
