"""Whether a service could listen: its port is free, its certificate good."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from cryptography import x509

from similis.domain import SimilisError
from similis.gateway import Tls
from similis.service import Finding

_SOON = timedelta(days=14)
_PATIENCE = 2.0


def check_port(host: str, port: int) -> Finding:
    """Whether the port is free, or a Similis has it."""
    check, address = f"Port {port}", f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        with socket.create_server((host, port), family=family):
            return Finding(check, True, "free")
    except OSError as error:
        if _is_similis(f"http://{address}"):
            return Finding(check, True, "a Similis listens there")
        return Finding(
            check,
            False,
            f"Cannot listen on {address}: {error.strerror or error}",
            "Stop the process that has this port, or choose another one with --port.",
        )


def _is_similis(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=_PATIENCE, trust_env=False).text == "ok\n"
    except httpx.HTTPError:
        return False


def check_tls(certificate: Path | None, key: Path | None) -> Iterator[Finding]:
    """Whether certificate and key can be read, belong together and hold for some time."""
    if certificate is None and key is None:
        return
    check = "TLS certificate"
    if certificate is None or key is None:
        yield Finding(check, False, "A certificate needs its key.", "Give both --tls-cert and --tls-key.")
        return
    try:
        Tls(certificate, key).context()
        first, *_ = x509.load_pem_x509_certificates(certificate.read_bytes())
    except SimilisError as error:
        yield Finding(check, False, error.message, error.hint)
        return
    yield validity(first.not_valid_before_utc, first.not_valid_after_utc, datetime.now(UTC))


def validity(begins: datetime, ends: datetime, now: datetime) -> Finding:
    """Whether a certificate that holds from one moment to another holds now, and will for two weeks."""
    state = "holds" if begins <= now < ends else "does not hold"
    return Finding(
        "TLS certificate",
        begins <= now and now + _SOON < ends,
        f"{state} now; from {begins:%Y-%m-%d} to {ends:%Y-%m-%d}",
        "Renew it, and start the service again. If the dates are right, the clock may be wrong.",
    )
