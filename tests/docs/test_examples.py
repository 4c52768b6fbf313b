"""Every example in README and docs/ works, run as a reader would: in a folder with photos, against a service."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.docs.encoder import write_encoder

from similis.service import Settings

Draw = Callable[..., bytes]
ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MADE = sorted((ROOT / "docs" / "reference").glob("*.md"))
ADDRESS = "http://127.0.0.1:8000"
KEY = "SIMABCDEFGHJKLMNPQRST:the-secret"
ENCODER = "my-encoder"
MILVUS = "http://milvus.example.com:19530"
DATABASE = "postgresql+psycopg://similis:PASSWORD@db.example.com/similis"


def _blocks(language: str) -> list[tuple[str, str]]:
    return [
        (page.name, block)
        for page in PAGES
        if page.name != "compatibility.md"  # its examples need the SDKs: tests/contract runs them
        for block in re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, draw: Draw) -> Path:
    """What the reader is told to have: photos by product, a query, a manifest and labels."""
    folder = tmp_path_factory.mktemp("reader")
    for product, name in enumerate(("boot-17", "sandal-3")):
        (folder / "photos" / name).mkdir(parents=True)
        for view, side in enumerate(("front", "left")):
            (folder / "photos" / name / f"{side}.jpg").write_bytes(draw(product, view, form="JPEG"))
    (folder / "query.jpg").write_bytes(draw(0, 2, form="JPEG"))
    (folder / "catalogue.csv").write_text("path,product_id,pic_name,category_id\nquery.jpg,query,q,3\n")
    photos = sorted((folder / "photos").rglob("*.jpg"))
    labels = [f"{photo.relative_to(folder)},{photo.parent.name}" for photo in photos]
    (folder / "labels.csv").write_text("\n".join(["path,label", *labels]))
    (folder / "oss-secret").write_text("the-secret-of-the-storage\n")
    write_encoder(folder / "encoder.onnx")
    (folder / ".curlrc").write_text("fail-with-body\n")
    return folder


@pytest.fixture(scope="module")
def environment(folder: Path) -> dict[str, str]:
    """The reader's environment: `similis` on the path, no settings of the developer's, models to add others to."""
    own = ("SIMILIS_", "PYTHONUNBUFFERED")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    models = shutil.copytree(Settings().models, folder / "models")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**kept, "SIMILIS_MODELS": str(models), "PATH": path, "CURL_HOME": str(folder)}


@pytest.fixture(scope="module")
def service(folder: Path, environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """A service as `make run` starts it, allowed to import from the reader's folder, and what it announced."""
    command = ["similis", "serve", "--port", "0", "--show-key", "--json"]
    allowing = {**environment, "SIMILIS_IMPORT_ROOTS": str(folder)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder, env=allowing) as process:
        assert process.stdout is not None
        try:
            lines = iter(process.stdout.readline, "")
            announced = ""
            while not announced.endswith("}\n"):
                announced += next(lines)
            yield json.loads(announced)
        finally:
            process.terminate()


def test_there_are_examples() -> None:
    assert {name for name, _ in _blocks("sh")} >= {"README.md", "usage.md"}
    assert {name for name, _ in _blocks("python")} >= {"README.md", "usage.md"}


@pytest.mark.slow
@pytest.mark.parametrize(("page", "block"), _blocks("sh"))
def test_shell_examples(
    page: str,
    block: str,
    service: dict[str, str],
    folder: Path,
    environment: dict[str, str],
    request: pytest.FixtureRequest,
) -> None:
    script = block.replace(ADDRESS, service["address"]).replace(KEY, service["key"])
    if DATABASE in script:
        script = script.replace(DATABASE, request.getfixturevalue("postgres_url"))
    if MILVUS in script:
        script = script.replace(MILVUS, request.getfixturevalue("milvus_server").uri)
    target = {"SIMILIS_ENDPOINT": service["address"], "SIMILIS_KEY": service["key"]}
    if MILVUS in block or ENCODER in block:  # on a data directory: the service was started without them
        target = {}
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],  # noqa: S607 - the reader's own shell
        cwd=folder, env={**environment, **target}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, f"{page}:\n{ran.stdout}\n{ran.stderr}"


@pytest.mark.slow
@pytest.mark.parametrize(("page", "block"), _blocks("python"))
def test_python_examples(page: str, block: str, folder: Path, environment: dict[str, str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", block],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, f"{page}:\n{ran.stderr}"
    assert ran.stdout


@pytest.mark.parametrize("block", [block for _, block in _blocks("json")])
def test_json_examples_are_json(block: str) -> None:
    assert json.loads(block)


@pytest.mark.parametrize("page", [*PAGES, *MADE], ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)[^):]*\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
