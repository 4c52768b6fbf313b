"""The wheel has all that it needs and nothing else, and works where nothing else is installed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from tests.packaging.conftest import ROOT, Distributions, Installation

Draw = Callable[..., bytes]
SOURCE = ROOT / "src" / "similis"
CONSOLE = SOURCE / "gateway" / "console" / "static"
IMAGE = ROOT / "packaging" / "docker" / "Dockerfile"
OF_PIP = {"pip", "setuptools"}


def _may_mount() -> bool:
    """Whether there can be a view of the file system of a process's own."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0  # noqa: S607


pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory, draw: Draw) -> Path:
    """Two products, one view each, in folders, and beside them another view of the second."""
    folder = tmp_path_factory.mktemp("photos")
    for product in range(2):
        (folder / f"product-{product}").mkdir()
        (folder / f"product-{product}" / "front.png").write_bytes(draw(product))
    (folder / "query.png").write_bytes(draw(1, 1))
    return folder


@pytest.fixture(scope="module")
def service(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """`similis serve` of the installation, and what it announced."""
    command = [str(installation.folder / "bin" / "similis"), "serve", "--port", "0", "--show-key", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=tmp_path_factory.mktemp("service"),
        env=installation.environment,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        try:
            announced = "".join(iter(process.stdout.readline, "}\n")) + "}"
            yield json.loads(announced)
        finally:
            process.terminate()


def test_the_wheel_has_every_file_of_the_package_and_no_other(distributions: Distributions) -> None:
    wanted = {
        f"similis/{path.relative_to(SOURCE)}"
        for path in SOURCE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    names = set(zipfile.ZipFile(distributions.wheel).namelist())
    assert {name for name in names if ".dist-info/" not in name} == wanted


def test_the_sdist_has_what_building_and_testing_take(distributions: Distributions) -> None:
    with tarfile.open(distributions.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    folders = ("src", "tests", "fuzz", "tools", "training", "benchmarks")
    modules = {str(path.relative_to(ROOT)) for folder in folders for path in (ROOT / folder).rglob("*.py")}
    files = {"Makefile", "LICENSE", "README.md", "pyproject.toml", "mkdocs.yml", "docs/index.md"}
    pinned = {"requirements/run.lock", "requirements/dev.lock", "packaging/docker/Dockerfile"}
    assert modules | files | pinned <= names


def test_the_image_is_given_all_that_the_wheel_is_built_from(distributions: Distributions, tmp_path: Path) -> None:
    """Its build copies these four and then installs as pip does here."""
    for name in re.findall(r"^COPY (?!--from)(pyproject.+|src) \S+$", IMAGE.read_text("utf-8"), re.MULTILINE):
        for each in name.split():
            _copy(ROOT / each, tmp_path / "context" / each)
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(tmp_path), str(tmp_path / "context")]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    assert zipfile.ZipFile(wheel).namelist() == zipfile.ZipFile(distributions.wheel).namelist()


def test_nothing_else_is_needed_or_installed(installation: Installation) -> None:
    installation.run("python", "-m", "pip", "check")
    installed = json.loads(installation.run("python", "-m", "pip", "list", "--format", "json"))
    locked = re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements" / "run.lock").read_text(), re.MULTILINE)
    assert {each["name"].lower().replace("_", "-") for each in installed} - OF_PIP - {"similis"} <= set(locked)


def test_the_command_line_finds_a_picture(
    distributions: Distributions, installation: Installation, photos: Path, tmp_path: Path
) -> None:
    installation.run("similis", "models", "fetch")
    assert installation.run("similis", "--version").strip() in distributions.wheel.name
    installation.run("similis", "instance", "create", "shop", "--type", "generic", folder=tmp_path)
    installation.run("similis", "add", "shop", *map(str, photos.glob("product-*")), folder=tmp_path)
    found = json.loads(
        installation.run("similis", "search", "shop", str(photos / "query.png"), "--json", folder=tmp_path)
    )
    assert found["matches"][0]["product_id"] == "product-1"


@pytest.mark.skipif(
    not _may_mount(), reason="only root, and not in every container, may make a file system read-only"
)
def test_the_service_needs_no_root_that_can_be_written_and_no_privileges(
    installation: Installation, photos: Path, tmp_path: Path
) -> None:
    for volume in ("data", "keys"):
        (tmp_path / volume).mkdir(mode=0o700)
    script = Path(__file__).with_name("read_only.sh")
    ran = subprocess.run(
        ["unshare", "--mount", "sh", str(script), str(installation.folder), str(photos), str(tmp_path)],  # noqa: S607
        env=installation.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert json.loads((tmp_path / "found").read_text("utf-8"))["matches"][0]["product_id"] == "product-1"


def test_python_finds_a_picture(installation: Installation, photos: Path, tmp_path: Path) -> None:
    program = (
        "import similis\n"
        "with similis.open('data') as opened:\n"
        "    shop = opened.create_instance('shop', type='product')\n"
        f"    shop.add({str(photos / 'product-1' / 'front.png')!r}, product_id='p', pic_name='a')\n"
        f"    print(shop.search({str(photos / 'product-1' / 'front.png')!r}).matches[0].score)\n"
    )
    assert installation.run("python", "-W", "error", "-c", program, folder=tmp_path) == "1.0\n"


def test_the_service_serves_rest_and_all_of_the_console(service: dict[str, str]) -> None:
    assert b"<!doctype html>" in _get(service, "/").lower()
    for file in CONSOLE.rglob("*"):
        if file.is_file() and file.name != "index.html":
            assert _get(service, f"/console/{file.relative_to(CONSOLE)}") == file.read_bytes()
    assert json.loads(_get(service, "/api/v1/instances")) == {"instances": []}
    assert _get(service, "/readyz")
    assert b"Similis REST API" in _get(service, "/docs")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


def _get(service: dict[str, str], path: str) -> bytes:
    request = Request(service["address"] + path, headers={"Authorization": f"Bearer {service['key']}"})  # noqa: S310 - http
    with urlopen(request, timeout=30) as answer:  # noqa: S310
        read: bytes = answer.read()
        return read
