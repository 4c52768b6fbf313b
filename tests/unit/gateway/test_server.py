"""`serve` in a process of its own: it says when it answers, and stops on a signal without losing what it does."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from similis.domain import Unavailable
from similis.gateway import serve
from similis.gateway._server import _listen
from similis.service import App, Settings

SCRIPT = """
import sys
from similis.gateway import serve
from similis.gateway._server import _listen
from similis.service import App, Settings
with App.open(Settings(data=sys.argv[1])) as app:
    serve(app, "127.0.0.1", 0, lambda address: print(address, flush=True))
print("closed", flush=True)
"""


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_announces_its_address_and_stops_gracefully(settings: Settings, stop: signal.Signals) -> None:
    command = [sys.executable, "-c", SCRIPT, str(settings.data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        address = process.stdout.readline().strip()
        answer = httpx.get(f"{address}/healthz")
        assert answer.text == "ok\n"
        assert "server" not in answer.headers
        process.send_signal(stop)
        assert process.stdout.read() == "closed\n"
        assert process.wait(20) == 0


@pytest.fixture
def draining(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A service that takes calls for a minute after it was told to end, and its address."""
    monkeypatch.setenv("SIMILIS_DRAIN_SECONDS", "60")
    command = [sys.executable, "-c", SCRIPT, str(settings.data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process, process.stdout.readline().strip()
        process.kill()


def test_it_is_not_ready_from_the_signal_on_and_takes_calls_until_it_has_drained(
    draining: tuple["subprocess.Popen[str]", str],
) -> None:
    process, address = draining
    assert "not loaded" in httpx.get(f"{address}/readyz").json()["message"]
    process.send_signal(signal.SIGTERM)
    told = httpx.get(f"{address}/readyz")
    assert (told.status_code, told.json()["message"]) == (503, "The service is ending.")
    assert httpx.get(f"{address}/healthz").status_code == 200
    assert httpx.get(f"{address}/api/v1/instances").status_code == 401
    process.send_signal(signal.SIGTERM)  # somebody cannot wait
    assert process.wait(20) == 0


def test_what_is_refused_before_it_is_a_request_is_counted_by_its_code(
    draining: tuple["subprocess.Popen[str]", str],
) -> None:
    _, address = draining
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", httpx.URL(address).port or 0), timeout=10) as client:
            client.sendall(b"nonsense\r\n\r\n")
            assert client.recv(65536).startswith(b"HTTP/1.1 400 ")
    assert 'similis_refused_unread_total{code="malformed_request"} 3.0' in httpx.get(f"{address}/metrics").text


def test_a_port_in_use_is_said_clearly(app: App) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Unavailable, match=f"Cannot listen on http://127.0.0.1:{port}: Address already in use"):
            serve(app, "127.0.0.1", port, lambda _: None)


def test_an_unknown_host_is_said_clearly(app: App) -> None:
    with pytest.raises(Unavailable, match="Cannot listen on http://"):
        serve(app, "256.0.0.1", 0, lambda _: None)


def test_answers_are_not_held_back_until_the_client_has_acknowledged_their_beginning() -> None:
    with _listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
