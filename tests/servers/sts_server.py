"""A token service of Alibaba Cloud's kind, for the real client, which insists on TLS and on its own host names.

Whoever uses it makes these names lead to it (`resolves`), and trusts its certificate by SSL_CERT_FILE.
"""

from __future__ import annotations

import base64
import hmac
import json
import ssl
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Resolver = Callable[..., list[Any]]

HOST = "127.0.0.1"
STS_HOSTS = ("sts.aliyuncs.com", "sts.cn-shanghai.aliyuncs.com")


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


@dataclass
class StsServer:
    """Gives keys of roles.

    Attributes:
        folder: for its certificate.
        secrets: of access keys, by id.
        trusts: which keys may assume a role, by its ARN.
        issued: secret and token of every key that it gave, by id.
        ahead: how far its clock is ahead of this machine's.
    """

    folder: Path
    secrets: dict[str, str] = field(default_factory=dict)
    trusts: dict[str, set[str]] = field(default_factory=dict)
    issued: dict[str, tuple[str, str]] = field(default_factory=dict)
    ahead: timedelta = timedelta()

    def __post_init__(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(_certificate(self.folder))
        self._http = _Server((HOST, 0), type("Handler", (_Handler,), {"sts": self}))
        self._http.daemon_threads = True
        # The handshake is made by the thread that reads first, not by the one that accepts.
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def endpoint(self) -> str:
        """URL of the server, which is no name of its certificate."""
        return f"https://{HOST}:{self._http.server_port}"

    def resolves(self, resolve: Resolver) -> Resolver:
        """The system's resolver, but for the names of token services: those lead here."""

        def resolved(host: str, port: int, *more: Any, **options: Any) -> list[Any]:  # noqa: ANN401 - handed through
            own = host in STS_HOSTS
            return (
                resolve(HOST, self._http.server_port, *more, **options)
                if own
                else resolve(host, port, *more, **options)
            )

        return resolved

    @property
    def authority(self) -> Path:
        """File to set as SSL_CERT_FILE."""
        return self.folder / "sts.pem"

    def start(self) -> None:
        """Start it."""
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """End it."""
        self._http.shutdown()
        self._http.server_close()

    def assume(self, query: dict[str, str]) -> dict[str, object]:
        """The answer to AssumeRole.

        Raises:
            Refusal: it is an error.
        """
        now = datetime.now(UTC) + self.ahead
        sent = datetime.strptime(query["Timestamp"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        if abs(now - sent) > timedelta(minutes=15):
            raise Refusal(400, "InvalidTimeStamp.Expired")
        key = query["AccessKeyId"]
        if key not in self.secrets:
            raise Refusal(404, "InvalidAccessKeyId.NotFound")
        if query["Signature"] != _signature(query, self.secrets[key]):
            raise Refusal(400, "SignatureDoesNotMatch")
        if query["RoleArn"].split(":")[3] == "0":
            raise Refusal(400, "InvalidParameter.RoleArn")
        trusted = self.trusts.get(query["RoleArn"])
        if trusted is None:
            raise Refusal(404, "EntityNotExist.Role")
        if key not in trusted:
            raise Refusal(403, "NoPermission")
        made, secret, token = f"STS.{uuid.uuid4().hex}", uuid.uuid4().hex, uuid.uuid4().hex
        self.issued[made] = (secret, token)
        expires = (now + timedelta(seconds=int(query["DurationSeconds"]))).strftime("%Y-%m-%dT%H:%M:%SZ")
        given = {"AccessKeyId": made, "AccessKeySecret": secret, "SecurityToken": token, "Expiration": expires}
        return {"RequestId": str(uuid.uuid4()), "Credentials": given}


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that trust it not."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    sts: StsServer

    def do_GET(self) -> None:
        query = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        try:
            if self.headers["host"].partition(":")[0] not in STS_HOSTS or query.get("Action") != "AssumeRole":
                self._send(404, {"Code": "InvalidAction.NotFound"})
            else:
                self._send(200, self.sts.assume(query))
        except Refusal as refusal:
            self._send(refusal.status, {"Code": refusal.code, "Message": "You are refused.", "HostId": STS_HOSTS[0]})

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def _send(self, status: int, answer: dict[str, object]) -> None:
        body = json.dumps(answer).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _signature(query: dict[str, str], secret: str) -> str:
    """As "Request signatures" of Alibaba Cloud's RPC interfaces has it."""
    pairs = sorted((name, value) for name, value in query.items() if name != "Signature")
    canonical = "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs)
    to_sign = f"GET&%2F&{quote(canonical, safe='~')}"
    return base64.b64encode(hmac.digest(f"{secret}&".encode(), to_sign.encode(), "sha1")).decode()


def _certificate(folder: Path) -> Path:
    """Certificate and key in one file, which is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "similis tests")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in STS_HOSTS]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "sts.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return path
