"""The whole red team on drawn pictures; only where PyTorch is, which the rest of the project does without."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

pytest.importorskip("torch")
pytestmark = pytest.mark.slow

SHAPES = ("disc", "square", "bar", "cross", "ring")
EACH = 20


def _draw(shape: str, rng: np.random.Generator) -> Image.Image:
    picture = Image.new("RGB", (120, 120), tuple(int(each) for each in rng.integers(190, 256, 3)))
    draw, colour = ImageDraw.Draw(picture), tuple(int(each) for each in rng.integers(0, 160, 3))
    x, y, r = (int(each) for each in rng.integers((45, 45, 22), (75, 75, 38)))
    match shape:
        case "disc":
            draw.ellipse((x - r, y - r, x + r, y + r), fill=colour)
        case "square":
            draw.rectangle((x - r, y - r, x + r, y + r), fill=colour)
        case "bar":
            draw.rectangle((x - 40, y - 8, x + 40, y + 8), fill=colour)
        case "cross":
            draw.line((x - r, y - r, x + r, y + r), fill=colour, width=9)
            draw.line((x + r, y - r, x - r, y + r), fill=colour, width=9)
        case _:
            draw.ellipse((x - r, y - r, x + r, y + r), outline=colour, width=9)
    return picture


def _set(folder: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["path", "label"])
        for shape in SHAPES:
            for number in range(EACH):
                _draw(shape, rng).save(folder / f"{shape}-{number}.png")
                writer.writerow([f"{shape}-{number}.png", shape])


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("red-team")
    _set(folder / "data" / "first", 0)
    _set(folder / "data" / "second", 1)
    options = ["--minutes", "0.3", "--targets", "16", "--cache", str(folder / "cache")]
    subprocess.run(
        [sys.executable, "-m", "benchmarks.inversion", folder / "data", *options, "--report", folder / "report"],
        cwd=Path(__file__).parents[3],
        check=True,
    )
    return folder / "report"


def _tables(report: Path) -> dict[str, list[dict[str, Any]]]:
    tables: dict[str, list[dict[str, Any]]] = json.loads((report / "inversion.json").read_text())["tables"]
    return tables


def test_features_give_colours_away_and_stored_vectors_do_not(report: Path) -> None:
    apart = {
        (row["has"], row["method"]): row["PSNR"]
        for row in _tables(report)["Rebuilt pictures"]
        if row["labels"] == "known"
    }
    mean = apart["nothing", "mean picture"]
    assert apart["raw features", "linear"] > mean + 1
    assert apart["stored, with the key", "convolutional"] == pytest.approx(
        apart["raw features", "convolutional"], abs=0.2
    )
    for has in ("stored (encrypted), without the key", "turned vectors, without the key"):
        assert apart[has, "convolutional"] < apart["raw features", "convolutional"]


def test_pairs_break_the_rotation(report: Path) -> None:
    pairs = _tables(report)["Pairs of a known picture and its stored vector"]
    cosines = [row["cosine"]["value"] for row in pairs]
    assert cosines == sorted(cosines)
    assert cosines[-1] > 0.8


def test_scores_of_many_searches_give_features_away(report: Path) -> None:
    told = _tables(report)["Features by scores"]
    cosines = [row["cosine, all listed"]["value"] for row in told]
    assert cosines == sorted(cosines)
    assert cosines[-1] > cosines[0] + 0.05


def test_the_report_has_every_table_and_pictures(report: Path) -> None:
    text = (report / "inversion.md").read_text()
    for title in _tables(report):
        assert f"## {title}" in text
    with Image.open(report / "inversion.webp") as grid:
        assert grid.width > 8 * 64
