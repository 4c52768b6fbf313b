"""TLS beside plain HTTP, with a certificate authority made here, and the upload of an SDK that insists on it."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from similis.domain import Unavailable
from similis.gateway import Tls, serve
from similis.gateway.alibaba._errors import Refused
from similis.gateway.alibaba._fetch import Fetcher
from similis.service import App, Outbound

SCRIPT = """
import json, pathlib, sys
from similis.domain import InstanceSpec, Role
from similis.gateway import Tls, serve
from similis.service import App, Settings
data, certificate, key, port = sys.argv[1:]
with App.open(Settings(data=data)) as app:
    app.instances.create(InstanceSpec("shop"))
    made = app.access.create(Role.WRITER)
    def ready(address):
        print(json.dumps({"address": address, "id": made.key.id, "secret": made.secret}), flush=True)
    serve(app, "127.0.0.1", 0, ready, Tls(pathlib.Path(certificate), pathlib.Path(key), int(port)))
print("closed", flush=True)
"""
NODE = "AlibabaCloud (linux; x64) Node.js/v18.19.0 Core/1.0.1 TeaDSL/2"
PUBLIC = "93.184.216.34"
NOW = dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Authority:
    """A certificate authority in a folder."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def context(self) -> ssl.SSLContext:
        """Trusts this authority and no other."""
        return ssl.create_default_context(cafile=self.folder / "ca.pem")

    def issue(self) -> tuple[Path, Path]:
        """Certificate and key for 127.0.0.1 and img.example.com."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("img.example.com")]
        builder = _builder("similis", self.certificate.subject, key).add_extension(
            x509.SubjectAlternativeName(names), critical=False
        )
        certificate, private = self.folder / "server.pem", self.folder / "server.key"
        certificate.write_bytes(builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        private.write_bytes(_pem(key, serialization.NoEncryption()))
        return certificate, private


def _builder(name: str, issuer: x509.Name | None, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - dt.timedelta(hours=1))
        .not_valid_after(NOW + dt.timedelta(days=1))
    )


def _pem(key: ec.EllipticCurvePrivateKey, encryption: serialization.KeySerializationEncryption) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    folder = tmp_path_factory.mktemp("authority")
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder("Test CA", None, key).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    certificate = builder.sign(key, hashes.SHA256())
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return Authority(folder, key, certificate)


@dataclass(frozen=True)
class Served:
    process: subprocess.Popen[str]
    plain: str
    secured: str
    key: dict[str, str]


@pytest.fixture(scope="module")
def served(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    data = tmp_path_factory.mktemp("served") / "data"
    command = [sys.executable, "-c", SCRIPT, *map(str, (data, *authority.issue(), port))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        announced = json.loads(process.stdout.readline())
        yield Served(process, announced["address"], f"https://127.0.0.1:{port}", announced)
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == "closed\n"
        assert process.wait(20) == 0


def test_both_ports_answer(served: Served, authority: Authority) -> None:
    assert httpx.get(f"{served.plain}/healthz").text == "ok\n"
    assert httpx.get(f"{served.secured}/healthz", verify=authority.context).text == "ok\n"


def test_a_session_that_began_over_tls_stays_there(served: Served, authority: Authority) -> None:
    form = {"key": f"{served.key['id']}:{served.key['secret']}"}
    secured = httpx.post(f"{served.secured}/console/session", json=form, verify=authority.context)
    plain = httpx.post(f"{served.plain}/console/session", json=form)
    assert secured.headers["set-cookie"].startswith("__Host-similis_session=")
    assert "; Secure" in secured.headers["set-cookie"]
    assert "; Secure" not in plain.headers["set-cookie"]


def test_a_stranger_to_the_authority_does_not_connect(served: Served) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{served.secured}/healthz", verify=ssl.create_default_context())


def test_plain_http_is_not_answered_on_the_tls_port(served: Served) -> None:
    with pytest.raises(httpx.HTTPError):
        httpx.get(served.secured.replace("https", "http") + "/healthz")


class _Local(httpx.AsyncHTTPTransport):
    """Takes this machine for the public address."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert request.url.host == PUBLIC
        request.url = request.url.copy_with(host="127.0.0.1")
        return await super().handle_async_request(request)


def test_pictures_are_fetched_over_tls_from_who_can_prove_the_name(served: Served, authority: Authority) -> None:
    port = served.secured.rpartition(":")[2]
    outbound = Outbound([f"*.example.com:{port}"], (), lambda *_: [PUBLIC], lambda: _Local(verify=authority.context))
    fetcher = Fetcher(outbound)
    assert fetcher.fetch(f"https://img.example.com:{port}/healthz") == b"ok\n"
    with pytest.raises(Refused, match="InvalidPicUrl"):
        fetcher.fetch(f"https://other.example.com:{port}/healthz")


def test_an_sdk_that_insists_on_tls_uploads_there(
    served: Served, authority: Authority, draw: Callable[..., bytes]
) -> None:
    headers = {
        "x-acs-action": "AuthorizeFileUpload",
        "x-acs-version": "2019-12-19",
        "x-acs-bearer-token": f"{served.key['id']}:{served.key['secret']}",
        "user-agent": NODE,
    }
    permission: dict[str, Any] = httpx.get(
        served.plain, params={"Product": "ImageSearch", "SignatureType": "BEARERTOKEN"}, headers=headers
    ).json()
    place = f"{permission['Bucket']}.{permission['Endpoint']}"
    assert f"https://{place}" == served.secured
    fields = {
        "OSSAccessKeyId": permission["AccessKeyId"],
        "policy": permission["EncodedPolicy"],
        "Signature": permission["Signature"],
        "key": permission["ObjectKey"],
    }
    file = {"file": (permission["ObjectKey"], draw(1))}
    assert httpx.post(f"https://{place}/", data=fields, files=file, verify=authority.context).status_code == 201
    form = {"InstanceName": "shop", "PicContent": f"http://{place}/{permission['ObjectKey']}"}
    form |= {"ProductId": "p", "PicName": "a.png"}
    answer = httpx.post(
        served.plain,
        params={"SignatureType": "BEARERTOKEN"},
        data=form,
        headers={**headers, "x-acs-action": "AddImage", "x-acs-version": "2020-12-14"},
        timeout=60,
    )
    assert answer.json()["Success"] is True, answer.text


def test_files_that_cannot_be_used_are_said_clearly(app: App, authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.issue()
    other, locked, text = tmp_path / "other.key", tmp_path / "locked.key", tmp_path / "text.pem"
    private = ec.generate_private_key(ec.SECP256R1())
    other.write_bytes(_pem(private, serialization.NoEncryption()))
    locked.write_bytes(_pem(private, serialization.BestAvailableEncryption(b"secret")))
    text.write_text("no certificate")
    for pair in ((certificate, other), (certificate, locked), (text, key), (tmp_path / "missing", key)):
        with pytest.raises(Unavailable, match="Cannot use the certificate") as refused:
            serve(app, "127.0.0.1", 0, lambda _: None, Tls(*pair, port=0))
        assert "--tls-key" in refused.value.hint


def test_a_tls_port_in_use_is_said_clearly(app: App, authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Unavailable, match=f"Cannot listen on .*:{port}"):
            serve(app, "127.0.0.1", 0, lambda _: None, Tls(*authority.issue(), port))
