"""What the benchmarks of quality have in common: features of labelled pictures, made once and kept."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from similis.algorithm import ModelStore, Pipeline
from similis.service import Settings

Floats = NDArray[np.float32]
_UNSAFE = str.maketrans(dict.fromkeys("/\\: ", "_"))


def read_rows(labels: Path) -> list[dict[str, str]]:
    """The rows of a labels file, which has the columns `path` and `label`, with full paths."""
    with labels.open(encoding="utf-8", newline="") as stream:
        return [{**row, "path": str(labels.parent / row["path"])} for row in csv.DictReader(stream)]


def features(rows: list[dict[str, str]], labels: Path, cache: Path, *, crop: bool) -> Floats:
    """Features of pictures as the service would keep them, float32[n, D] rounded to 16 bits and of unit length."""
    pipeline = Pipeline.load(ModelStore(Settings().models))
    name = f"{labels.parent.name}-{len(rows)}-{'crop' if crop else 'whole'}-{pipeline.model}".translate(_UNSAFE)
    kept = cache / f"{name}.npy"
    if not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        np.save(kept, np.array([pipeline.analyse_pixels(read(row["path"]), crop=crop).vector for row in rows]))
    stored: Floats = np.load(kept).astype(np.float16).astype(np.float32)
    stored /= np.linalg.norm(stored, axis=1, keepdims=True)
    return stored


def read(path: str) -> NDArray[np.uint8]:
    """The pixels of a picture file, uint8[height, width, 3]."""
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))
