"""`similis doctor` as it is typed: ports, certificates, and services behind proxies."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.unit.conftest import Serving

from similis.cli._check_listening import check_port, check_tls, validity
from similis.domain import Role
from similis.service import App

Similis = Callable[..., Any]
Certificate = tuple[Path, Path]
NOW = datetime(2026, 11, 30, tzinfo=UTC)


def certificate(folder: Path, name: str = "server", days: int = 90) -> Certificate:
    """A certificate that began a day ago, and its key."""
    secret, subject, now = ec.generate_private_key(ec.SECP256R1()), x509.Name([]), datetime.now(UTC)
    signed = x509.CertificateBuilder(
        subject, subject, secret.public_key(), 1, now - timedelta(days=1), now + timedelta(days=days)
    ).sign(secret, hashes.SHA256())
    chain, key = folder / f"{name}.pem", folder / f"{name}.key"
    chain.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        secret.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return chain, key


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        found = check_port("127.0.0.1", taken.getsockname()[1])
    assert not found.good
    assert "--port" in found.to_do
    assert check_port("127.0.0.1", 0).good


def test_a_port_that_a_similis_has_is_right(app: App, serving: Serving) -> None:
    with serving(app) as address:
        assert check_port("127.0.0.1", int(address.rpartition(":")[2])).found == "a Similis listens there"


def test_a_certificate_that_is_good(tmp_path: Path) -> None:
    [found] = check_tls(*certificate(tmp_path))
    assert found.good


def test_a_certificate_that_is_not_that_of_its_key(tmp_path: Path) -> None:
    [found] = check_tls(certificate(tmp_path)[0], certificate(tmp_path, "other")[1])
    assert not found.good
    assert "KEY_VALUES_MISMATCH" in found.found or "mismatch" in found.found.lower()


def test_a_certificate_that_ends_soon(tmp_path: Path) -> None:
    [found] = check_tls(*certificate(tmp_path, days=3))
    assert not found.good
    assert "Renew" in found.to_do


def test_a_certificate_without_its_key(tmp_path: Path) -> None:
    [found] = check_tls(tmp_path / "server.pem", None)
    assert not found.good


@pytest.mark.parametrize(
    ("begins", "ends", "good", "state"),
    [(-1, 90, True, "holds now"), (-90, -1, False, "does not hold"), (1, 90, False, "does not hold")],
    ids=["good", "over", "not-yet"],
)
def test_the_time_of_a_certificate(begins: int, ends: int, good: bool, state: str) -> None:
    found = validity(NOW + timedelta(days=begins), NOW + timedelta(days=ends), NOW)
    assert (found.good, found.found.startswith(state)) == (good, True)


def test_the_command_fails_where_something_must_be_mended(similis: Similis) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = similis("doctor", "--port", port)
        told = similis("doctor", "--port", port, "--json")
    assert (ran.status, told.status) == (1, 1)
    assert f"!!  Port {port}" in ran.out
    assert [each["check"] for each in told.json["findings"] if not each["good"]] == [f"Port {port}"]


def _proxy(address: str, changed: dict[str, str]) -> type[BaseHTTPRequestHandler]:
    """Passes requests on to an address, with some headers changed."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()} | changed
            answer = httpx.request(self.command, address + self.path, headers=headers, content=body)
            self.send_response_only(answer.status_code)
            for name in {"content-type", "date"} & set(answer.headers):
                self.send_header(name, answer.headers[name])
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None: ...

    return Handler


@pytest.fixture
def proxied(app: App, serving: Serving) -> Iterator[Callable[..., str]]:
    """Starts proxies that change headers on the way to a service; gives their addresses."""
    servers: list[ThreadingHTTPServer] = []
    with serving(app) as address:

        def start(**changed: str) -> str:
            named = {name.replace("_", "-"): value for name, value in changed.items()}
            servers.append(ThreadingHTTPServer(("127.0.0.1", 0), _proxy(address, named)))
            threading.Thread(target=servers[-1].serve_forever).start()
            return f"http://127.0.0.1:{servers[-1].server_address[1]}"

        yield start
        for server in servers:
            server.shutdown()
            server.server_close()


def checked(similis: Similis, endpoint: str, key: str) -> dict[str, bool]:
    ran = similis("doctor", "--data", "nowhere", "--endpoint", endpoint, "--key", key, "--json")
    findings = {each["check"]: each["good"] for each in ran.json["findings"]}
    assert ran.status == (0 if all(findings.values()) else 1)
    return findings


@pytest.fixture
def key(app: App) -> str:
    app.analyst.warm_up()
    made = app.access.create(Role.READER)
    return f"{made.key.id}:{made.secret}"


def test_a_proxy_that_passes_everything_on(similis: Similis, proxied: Callable[..., str], key: str) -> None:
    findings = checked(similis, proxied(), key)
    assert findings == dict.fromkeys(("Service", "Readiness", "Clocks", "Access key", "Signed calls"), True)


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"host": "similis_upstream"}, "Signed calls"),
        ({"user_agent": "proxy/1"}, "Signed calls"),
        ({"authorization": ""}, "Access key"),
    ],
    ids=["host", "agent", "authorization"],
)
def test_a_proxy_that_changes_what_is_signed(
    similis: Similis, proxied: Callable[..., str], key: str, changed: dict[str, str], check: str
) -> None:
    assert not checked(similis, proxied(**changed), key)[check]


def test_where_the_data_are_both_are_looked_at(similis: Similis, proxied: Callable[..., str], key: str) -> None:
    ran = similis("doctor", "--port", 0, "--endpoint", proxied(), "--key", key, "--json")
    checks = {each["check"] for each in ran.json["findings"]}
    assert ran.status == 0
    assert {"Data directory", "Port 0", "Signed calls"} <= checks


def test_a_wrong_key(similis: Similis, proxied: Callable[..., str], key: str) -> None:
    findings = checked(similis, proxied(), f"{key}x")
    assert (findings["Service"], findings["Access key"]) == (True, False)


def test_nothing_or_something_else_at_the_endpoint(similis: Similis, proxied: Callable[..., str], key: str) -> None:
    assert checked(similis, "http://127.0.0.1:9", key) == {"Service": False}
    assert checked(similis, f"{proxied()}/api/v1/nothing", key) == {"Service": False}
