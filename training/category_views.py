"""Changed views of the labelled pictures, so that the category head sees more than it was given.

A view is mirrored, cut, small on a plain ground, coarse, lit otherwise or compressed, each by chance; one a picture.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance
from training.pictures import BACKBONE, SETS, Floats, read_rows

from similis.algorithm import Backbone, ModelStore
from similis.algorithm._attention import look
from similis.algorithm._features import pool
from similis.domain import Region

_SEED = 11


def see_views(options: argparse.Namespace) -> dict[str, tuple[Floats, Floats]]:
    """Mean and root mean square of the last feature map, as in `Seen`, of a changed view of every picture."""
    store = ModelStore(options.models)
    backbone = Backbone(store.path(BACKBONE), store.manifest(BACKBONE), threads=1)
    return {name: _see(options.data / name, options.cache / f"{name}.view.npz", backbone) for name in SETS}


def changed(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Another view of an RGB picture."""
    if rng.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    picture = _cut(picture, rng)
    if rng.random() < 0.3:
        picture = _on_plain_ground(picture, rng)
    if min(picture.size) > 120 and rng.random() < 0.4:
        scale = rng.uniform(60, 120) / min(picture.size)
        picture = picture.resize((max(8, int(picture.width * scale)), max(8, int(picture.height * scale))))
    if rng.random() < 0.5:
        picture = ImageEnhance.Brightness(picture).enhance(rng.uniform(0.6, 1.4))
        picture = ImageEnhance.Color(picture).enhance(rng.uniform(0.3, 1.5))
    return _compressed(picture, rng) if rng.random() < 0.3 else picture


def _cut(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    width, height = picture.size
    across, down = rng.uniform(0.6, 1), rng.uniform(0.6, 1)
    left, top = rng.uniform(0, 1 - across) * width, rng.uniform(0, 1 - down) * height
    return picture.crop((int(left), int(top), int(left + across * width), int(top + down * height)))


def _on_plain_ground(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    width, height = picture.size
    scale = rng.uniform(1.1, 1.6)
    grey = int(rng.choice(np.array([255, int(rng.integers(100, 255))]), 1)[0])
    ground = Image.new("RGB", (int(width * scale), int(height * scale)), (grey, grey, grey))
    place = int(rng.random() * (ground.width - width)), int(rng.random() * (ground.height - height))
    ground.paste(picture, place)
    return ground


def _compressed(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=int(rng.integers(20, 70)))
    return Image.open(buffer).convert("RGB")


def _see(folder: Path, cache: Path, backbone: Backbone) -> tuple[Floats, Floats]:
    if not cache.is_file():
        rng = np.random.default_rng(_SEED)
        parts = [_look(folder / row["path"], backbone, rng) for row in read_rows(folder)]
        mean, pooled = (np.array(column, np.float32) for column in zip(*parts, strict=True))
        np.savez(cache, mean=mean, pooled=pooled)
    with np.load(cache) as kept:
        return kept["mean"], kept["pooled"]


def _look(path: Path, backbone: Backbone, rng: np.random.Generator) -> tuple[Floats, Floats]:
    with Image.open(path) as picture:
        pixels = np.asarray(changed(picture.convert("RGB"), rng))
    sight = look(backbone, pixels, Region.whole(pixels.shape[1], pixels.shape[0]))
    return sight.cells @ sight.weights, pool(sight.cells, sight.weights)
