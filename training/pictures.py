"""The labelled pictures that everything here is trained on, and what the backbone sees in them.

The data directory has one folder a set, each with a `labels.csv` of the columns `path,label,…,split`.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from similis.algorithm import Backbone, ModelStore
from similis.algorithm._attention import look
from similis.algorithm._features import at_a_glance, colour_histogram, pool
from similis.algorithm._light import lit
from similis.domain import Region

SETS = ("grocery_store", "fashion_products_small", "caltech101", "clothing_small", "objects64")
BACKBONE = "efficientnet-lite2"
WEIGHTS = Path(__file__).parents[1] / "src" / "similis" / "algorithm" / "weights"

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Seen:
    """One set: its rows of `labels.csv`, and what was seen in each picture.

    Attributes:
        rows: of `labels.csv`.
        mean: of the last feature map's cells, float32[n, 1280].
        pooled: their root mean square, float32[n, 1280].
        glance: that of the map at a glance, float32[n, 1280].
        colour: the colour histogram, float32[n, 864].
    """

    rows: list[dict[str, str]]
    mean: Floats
    pooled: Floats
    glance: Floats
    colour: Floats

    def column(self, name: str) -> NDArray[np.str_]:
        """One column of the labels."""
        return np.array([row[name] for row in self.rows])


def arguments(description: str) -> argparse.Namespace:
    """The options that all scripts have in common, as they were given."""
    return option_parser(description).parse_args()


def option_parser(description: str) -> argparse.ArgumentParser:
    """The options that all scripts have in common."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True, help="directory of the labelled sets")
    parser.add_argument("--models", type=Path, required=True, help="models directory with a fetched backbone")
    parser.add_argument(
        "--cache", type=Path, required=True, help="directory for what the backbone sees, made if missing"
    )
    return parser


def see(options: argparse.Namespace) -> dict[str, Seen]:
    """What the backbone sees in all sets; kept in the cache directory after the first time."""
    store = ModelStore(options.models)
    backbone = Backbone(store.path(BACKBONE), store.manifest(BACKBONE), threads=1)
    options.cache.mkdir(parents=True, exist_ok=True)
    return {name: _see(options.data / name, options.cache / f"{name}.npz", backbone) for name in SETS}


def fingerprint(data: Path) -> str:
    """SHA-256 over the sorted list of `path size` of all files in the sets."""
    files = sorted(path for name in SETS for path in (data / name).rglob("*") if path.is_file())
    lines = (f"{path.relative_to(data).as_posix()} {path.stat().st_size}\n" for path in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def save(name: str, figures: dict[str, Any], arrays: dict[str, Floats] | None = None) -> None:
    """Write `NAME.json` and, in half precision, `NAME.npz` where the package looks for them; print the figures."""
    WEIGHTS.mkdir(exist_ok=True)
    text = json.dumps(figures, indent=2)
    (WEIGHTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    if arrays:
        halves: dict[str, Any] = {key: array.astype(np.float16) for key, array in arrays.items()}
        np.savez_compressed(WEIGHTS / f"{name}.npz", **halves)
    print(text)


def read_rows(folder: Path) -> list[dict[str, str]]:
    """The rows of a set's labels."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _see(folder: Path, cache: Path, backbone: Backbone) -> Seen:
    rows = read_rows(folder)
    if not cache.is_file():
        parts = [_look(folder / row["path"], backbone) for row in rows]
        mean, pooled, glance, colour = (np.array(column, np.float32) for column in zip(*parts, strict=True))
        np.savez(cache, mean=mean, pooled=pooled, glance=glance, colour=colour)
    with np.load(cache) as kept:
        return Seen(rows, kept["mean"], kept["pooled"], kept["glance"], kept["colour"])


def _look(path: Path, backbone: Backbone) -> tuple[Floats, Floats, Floats, Floats]:
    with Image.open(path) as picture:
        pixels = lit(np.asarray(picture.convert("RGB")))
    sight = look(backbone, pixels, Region.whole(pixels.shape[1], pixels.shape[0]))
    cells, weights = sight.cells, sight.weights
    return cells @ weights, pool(cells, weights), at_a_glance(sight.glance), colour_histogram(pixels)
