"""Copies by edits that no rule of the service was made for, beside features without any rule.

    python -m benchmarks.other_copies LABELS.csv … [--stored 200] [--copies 50]

`similis evaluate --copies` measures the fixed set of hard edits, which rules and their limits were chosen with. These
are others, of other kinds and strengths; the first result has to be the picture that was edited, among all stored
ones. Of each file as many pictures are stored, in one generic instance.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from similis.domain import InstanceSpec, InstanceType, PictureKey, SearchOptions
from similis.evaluation import scratch_app
from similis.evaluation._enlarge import enlarged
from similis.evaluation._floors import Floor, describe
from similis.evaluation._labels import read_labels
from similis.evaluation._metrics import Estimate
from similis.service import App, Settings

Picture = Image.Image
Random = np.random.Generator
Edit = Callable[[Picture, Random], Picture]
BASE = Floor.GEM_COLOUR
_SIDE = 512
_LEAST = 128


def main() -> None:
    """Measure and print R@1 by edit, and in the mean with its interval over pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labels", type=Path, nargs="+")
    parser.add_argument("--stored", type=int, default=200, help="pictures of each file")
    parser.add_argument("--copies", type=int, default=50, help="pictures that are edited")
    options = parser.parse_args()
    random = np.random.default_rng(0)
    with scratch_app(Settings()) as app:
        pictures = [data for path in options.labels for data in drawn(path, options.stored, random)]
        hits = measure(app, pictures, random.permutation(len(pictures))[: options.copies])
    for place, edit in enumerate(EDITS):
        ours, base = hits[:, place].mean(0)
        print(f"{edit:<22}{ours:>7.2f}{base:>7.2f}")
    for name, found in zip(("ours", BASE.value), np.moveaxis(hits.mean(1), 1, 0), strict=True):
        mean = Estimate.of(found.tolist())
        print(f"{name:<22}{mean.value:>7.3f} ({mean.low:.3f} to {mean.high:.3f})")


def drawn(labels: Path, count: int, random: Random) -> list[bytes]:
    """Some of a file's pictures, whichever side they stand on."""
    both = read_labels(labels)
    paths = sorted({picture.path for picture in (*both.gallery, *both.queries)})
    return [enlarged(paths[place].read_bytes()) for place in random.permutation(len(paths))[:count]]


def measure(app: App, pictures: list[bytes], chosen: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether copies find what they were made of: bool[pictures, edits, 2], by the service and by the base."""
    app.instances.create(InstanceSpec("copies", InstanceType.GENERIC, capacity=len(pictures)))
    stored = []
    for number, data in enumerate(pictures):
        app.pictures.add("copies", data, PictureKey(str(number), "a"))
        stored.append(describe(app, app.analyst.pixels(data))[BASE])
    matrix = np.stack(stored)

    def found(place: int, edit: Edit) -> tuple[bool, bool]:
        picture = Image.fromarray(app.analyst.pixels(pictures[place]))
        picture.thumbnail((_SIDE, _SIDE))
        copy = _encoded(edit(picture, np.random.default_rng(place)))
        [first] = app.search.by_picture("copies", copy, SearchOptions(num=1)).matches
        nearest = int(np.argmax(matrix @ describe(app, app.analyst.pixels(copy))[BASE]))
        return first.product_id == str(place), nearest == place

    return np.array([[found(place, edit) for edit in EDITS.values()] for place in chosen.tolist()])


def _encoded(picture: Picture) -> bytes:
    sides = max(_LEAST, picture.width), max(_LEAST, picture.height)
    buffer = io.BytesIO()
    picture.resize(sides).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def _turned_hue(picture: Picture, _random: Random) -> Picture:
    hue, saturation, value = picture.convert("HSV").split()
    turned = hue.point(lambda step: (step + 71) % 256)  # by 100°
    return Image.merge("HSV", (turned, saturation, value)).convert("RGB")


def _faded_warm(picture: Picture, _random: Random) -> Picture:
    return _clipped(np.asarray(ImageEnhance.Color(picture).enhance(0.2)) * np.array([1.15, 1.0, 0.8]))


def _noisy(picture: Picture, random: Random) -> Picture:
    pixels = np.asarray(picture, np.float64)
    return _clipped(pixels + random.normal(0, 50, pixels.shape))


def _moved(picture: Picture, _random: Random) -> Picture:
    """Moved by 15 pixels while it was taken."""
    pixels = np.asarray(picture, np.float64)
    return _clipped(np.mean([np.roll(pixels, step, axis=1) for step in range(-7, 8)], axis=0))


def _shaded(picture: Picture, _random: Random) -> Picture:
    return _clipped(np.asarray(picture) * np.linspace(0.25, 1.25, picture.width)[:, np.newaxis])


def _part(share: float) -> Edit:
    def cropped(picture: Picture, random: Random) -> Picture:
        wide, high = (round(side * share**0.5) for side in picture.size)
        x, y = int(random.integers(picture.width - wide + 1)), int(random.integers(picture.height - high + 1))
        return picture.crop((x, y, x + wide, y + high))

    return cropped


def _contrast(factor: float) -> Edit:
    return lambda picture, _random: ImageEnhance.Contrast(picture).enhance(factor)


def _clipped(pixels: NDArray[np.float64]) -> Picture:
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


EDITS: dict[str, Edit] = {
    "hue by 100°": _turned_hue,
    "contrast 0.35": _contrast(0.35),
    "contrast 2.5": _contrast(2.5),
    "faded and warm": _faded_warm,
    "noise of 50": _noisy,
    "moved": _moved,
    "two bits a colour": lambda picture, _random: ImageOps.posterize(picture, 2),
    "half of it": _part(1 / 2),
    "a fifth of it": _part(1 / 5),
    "turned by 25°": lambda picture, _random: picture.rotate(25, expand=True, fillcolor=(255, 255, 255)),
    "shaded across": _shaded,
    "gamma 0.4": lambda picture, _random: picture.point(lambda step: round(255 * (step / 255) ** 0.4)),
    "negative": lambda picture, _random: ImageOps.invert(picture),
    "squashed": lambda picture, _random: picture.resize((max(_LEAST, picture.width // 2), picture.height)),
}
"""By what a copy was made."""


if __name__ == "__main__":
    main()
