"""A really served Similis, and the official SDKs that judge it, each in the environment that `make judges` made."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.contract.judging import Judge, Received, Send, Served, command, exchange, plain_environment, served

Launch = Callable[..., Send]


@pytest.fixture(scope="session")
def similis(
    tmp_path_factory: pytest.TempPathFactory,
    tls: tuple[Path, Path, Path],
    free_port: int,
    storage: Path,
    hooks: Received,
) -> Iterator[Served]:
    """Similis as an operator starts it, with HTTP and TLS."""
    authority, certificate, key = tls
    options = ["--tls-cert", str(certificate), "--tls-key", str(key), "--tls-port", str(free_port)]
    variables = {
        "SIMILIS_IMPORT_ROOTS": str(storage),
        "SIMILIS_CALLBACK_HOSTS": hooks.place,
        "SIMILIS_THREADS": "1",  # an import then starts one process, not one a processor
    }
    with served(tmp_path_factory.mktemp("served"), *options, **variables) as (address, operator):
        yield Served(address, free_port, authority, operator)


@pytest.fixture(scope="session")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of buckets that the service may import from."""
    return tmp_path_factory.mktemp("storage")


@pytest.fixture(scope="session")
def hooks() -> Iterator[Received]:
    """A host that the service may tell of the end of tasks."""
    with Received() as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[..., Send]]:
    """Starts drivers, each once a session: by environment, kind and variables of its own; gives what sends orders."""
    running: dict[tuple[str, ...], subprocess.Popen[str]] = {}

    def started(environment: str, *arguments: str, **variables: str) -> Send:
        name = (environment, *arguments, *variables)
        if name not in running:
            running[name] = subprocess.Popen(
                command(environment, *arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                env={**plain_environment(), **variables},
            )  # fmt: skip
        return lambda order: exchange(running[name], order)

    yield started
    for process in running.values():
        with process:
            assert process.stdin is not None
            process.stdin.close()


@pytest.fixture(scope="session")
def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A test authority, and a certificate of it for 127.0.0.1 with its key: three PEM files."""
    folder = tmp_path_factory.mktemp("tls")
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _certificate("Similis test authority", authority_key.public_key(), None, authority_key)
    server = _certificate("127.0.0.1", server_key.public_key(), authority, authority_key)
    contents = {
        "authority.pem": authority.public_bytes(serialization.Encoding.PEM),
        "server.pem": server.public_bytes(serialization.Encoding.PEM),
        "server.key": server_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder / "authority.pem", folder / "server.pem", folder / "server.key"


def _certificate(
    name: str,
    key: ec.EllipticCurvePublicKey,
    issuer: x509.Certificate | None,
    signing: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder(issuer.subject if issuer else subject, subject, key, x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if issuer is not None:
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    return builder.sign(signing, hashes.SHA256())


@pytest.fixture(scope="session")
def current(similis: Served, launch: Launch) -> Judge:
    """Python SDK 4.4.0 of 2020-12-14, with a writer's key."""
    return _tea(similis, launch("current", "tea"), "20201214")


@pytest.fixture(scope="session")
def older(similis: Served, launch: Launch) -> Judge:
    """Python SDK 4.0.2 of 2020-12-14."""
    return _tea(similis, launch("older", "tea"), "20201214")


@pytest.fixture(scope="session")
def oldest(similis: Served, launch: Launch) -> Judge:
    """Python SDK 1.0.1 of 2020-02-12."""
    return _tea(similis, launch("oldest", "tea"), "20200212")


@pytest.fixture(scope="session")
def tea_2019(similis: Served, launch: Launch) -> Judge:
    """Python SDK `alibabacloud-imagesearch20190325` 2.0.2."""
    return _tea(similis, launch("older", "tea"), "20190325")


@pytest.fixture(scope="session")
def classic(similis: Served, launch: Launch) -> Judge:
    """Python SDK `aliyun-python-sdk-imagesearch` 2.0.0 of 2019-03-25."""
    return _classic(similis, launch("older", "classic"))


@pytest.fixture(scope="session")
def item(similis: Served, launch: Launch) -> Judge:
    """Python SDK `aliyun-python-sdk-imagesearch` 1.0.1 of 2018-01-20."""
    return _classic(similis, launch("oldest", "item"))


@pytest.fixture(scope="session")
def node(similis: Served, launch: Launch) -> Judge:
    """Node SDK 4.4.0 of 2020-12-14."""
    key = similis.key()
    client = {"endpoint": similis.place, "accessKeyId": key.id, "accessKeySecret": key.secret}
    return Judge(launch("node"), {"version": "20201214", "client": client})


@pytest.fixture(scope="session")
def node_2019(similis: Served, launch: Launch) -> Judge:
    """Node SDK `@alicloud/imagesearch-2019-03-25` 1.0.0."""
    key = similis.key()
    client = {"endpoint": similis.address, "accessKeyId": key.id, "accessKeySecret": key.secret}
    return Judge(launch("node"), {"version": "2019-03-25", "client": client})


def _tea(similis: Served, send: Send, version: str) -> Judge:
    key = similis.key()
    client = {"endpoint": similis.place, "access_key_id": key.id, "access_key_secret": key.secret}
    return Judge(send, {"version": version, "client": client})


def _classic(similis: Served, send: Send) -> Judge:
    key = similis.key()
    return Judge(send, {"client": {"endpoint": similis.place, "id": key.id, "secret": key.secret}})
