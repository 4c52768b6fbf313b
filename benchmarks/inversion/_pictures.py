"""What an attacker wants and what is there to have: small pictures of the described regions, and their features.

The data directory has one folder a set, each with a `labels.csv` of the columns `path,label,…`. Every picture goes
once through the product's own pipeline; features and small pictures are kept in a cache.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from similis.algorithm import ModelStore, Pipeline
from similis.service import Settings

SIDE = 64
"""Pixels along each side of what is rebuilt: the region that was described, squashed to a square."""

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Texts = NDArray[np.str_]


@dataclass(frozen=True)
class Pictures:
    """Pictures and their features, row by row.

    Attributes:
        sets: the folder that each is from.
        labels: its label there.
        paths: where it is.
        categories: the category that the pipeline decided on, which the catalogue has in clear.
        features: as the pipeline gives them, float32[n, D].
        small: the described region, RGB, uint8[n, SIDE, SIDE, 3].
    """

    sets: Texts
    labels: Texts
    paths: Texts
    categories: NDArray[np.int64]
    features: Floats
    small: Bytes

    def __len__(self) -> int:
        return len(self.paths)


def load(data: Path, cache: Path, sets: Sequence[str]) -> Pictures:
    """All pictures of some sets; those not in the cache are analysed, some twenty a second.

    Args:
        data: directory of the labelled sets.
        cache: directory for what was analysed, made if missing.
        sets: names of folders.
    """
    cache.mkdir(parents=True, exist_ok=True)
    pipeline = Pipeline.load(ModelStore(Settings().models))
    parts = [_load_set(data / name, cache / f"{name}-{pipeline.model}-{SIDE}.npz", pipeline) for name in sets]
    columns = zip(*(vars(part).values() for part in parts), strict=True)
    return Pictures(*(np.concatenate(column) for column in columns))


def found_sets(data: Path) -> list[str]:
    """The names of all labelled sets in a directory."""
    return sorted(labels.parent.name for labels in data.glob("*/labels.csv"))


def _load_set(folder: Path, cache: Path, pipeline: Pipeline) -> Pictures:
    if not cache.exists():
        np.savez(cache, **vars(_analyse_set(folder, pipeline)))
    with np.load(cache) as kept:
        return Pictures(**dict(kept))


def _analyse_set(folder: Path, pipeline: Pipeline) -> Pictures:
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    paths = [folder / row["path"] for row in rows]
    seen = [_analyse(path, pipeline) for path in paths]
    categories, features, small = zip(*seen, strict=True)
    return Pictures(
        np.full(len(rows), folder.name),
        np.array([row["label"] for row in rows]),
        np.array([str(path) for path in paths]),
        np.array(categories),
        np.array(features),
        np.array(small),
    )


def _analyse(path: Path, pipeline: Pipeline) -> tuple[int, Floats, Bytes]:
    with Image.open(path) as file:
        picture = file.convert("RGB")
    analysis = pipeline.analyse_pixels(np.asarray(picture))
    used = analysis.subject.region
    region = picture.crop((used.x1, used.y1, used.x2, used.y2))
    small = np.asarray(region.resize((SIDE, SIDE), Image.Resampling.BICUBIC, reducing_gap=3.0))
    return int(analysis.subject.category), analysis.vector, small
