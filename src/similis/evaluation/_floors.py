"""Honest floors: what much simpler features find on the same pictures, compared by cosine, without categories.

* colour histogram: HSV in 16 × 4 × 4 bins, square-rooted.
* perceptual hash: 64 signs of the low frequencies (pHash, Zauner 2010); the cosine counts equal bits.
* plain pool: the mean of the backbone's last feature map over the whole picture.
* GeM + ½ colour: its generalised mean (p = 3; Radenović et al., 2018) with the colour histogram at half the weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from similis.evaluation._labels import LabelledPicture
from similis.evaluation._metrics import DEPTH, Quality, Ranking
from similis.evaluation._searching import Bench, Trial, loaded
from similis.evaluation._trust import auroc
from similis.service import App

Matrix = NDArray[np.float32]
Pixels = NDArray[np.uint8]
Names = NDArray[np.str_]

_BINS = (16, 4, 4)
_COLOUR_SIDE = 128
_HASH_SIDE = 32
_HASH = 8
_POWERS = (1.0, 3.0)
_CHUNK = 512


class Floor(StrEnum):
    """The floors, the highest first."""

    GEM_COLOUR = "gem_and_colour"
    POOL = "plain_pool"
    COLOUR = "colour_histogram"
    HASH = "perceptual_hash"

    @property
    def label(self) -> str:
        """The name shown to people."""
        return _LABELS[self]


_LABELS = {
    Floor.GEM_COLOUR: "EfficientNet GeM + ½ colour",
    Floor.POOL: "EfficientNet, plain pool",
    Floor.COLOUR: "Colour histogram",
    Floor.HASH: "Perceptual hash",
}


Described = dict[Floor, Matrix]
"""Features by floor."""


@dataclass(frozen=True, slots=True)
class FloorFigures:
    """What one floor reaches.

    Attributes:
        quality: as of a way to search.
        separation: AUROC of the best similarity, as in `Detection`.
    """

    floor: Floor
    quality: Quality
    separation: float

    def as_dict(self) -> dict[str, object]:
        """The figures as JSON can hold them."""
        return {"name": self.floor.value, **self.quality.as_dict(), "auroc": round(self.separation, 4)}


def measure_floors(bench: Bench, trial: Trial) -> tuple[tuple[FloorFigures, ...], Described]:
    """Search with the queries of a trial in its gallery, by each floor's features.

    Returns:
        The figures, and the features of the gallery in its order.
    """
    gallery = trial.gallery()
    queries = [picture for picture, _ in trial.answers()]
    stored = describe_all(bench, gallery)
    if trial.leave_one_out:
        places = {picture.key: place for place, picture in enumerate(gallery)}
        own = np.array([places[picture.key] for picture in queries])
        asked = {floor: matrix[own] for floor, matrix in stored.items()}
    else:
        own = None
        asked = describe_all(bench, queries)
    wanted, there = _labels(queries), _labels(gallery)
    return tuple(_figures(floor, asked[floor], stored[floor], wanted, there, own) for floor in Floor), stored


def _labels(pictures: Sequence[LabelledPicture]) -> Names:
    return np.array([picture.key.product_id for picture in pictures])


def _figures(
    floor: Floor, asked: Matrix, stored: Matrix, wanted: Names, there: Names, own: NDArray[np.int64] | None
) -> FloorFigures:
    """Rank chunks of queries, so that the similarities of all with all need not be in memory at once."""
    rankings: list[Ranking] = []
    best, others = [], []
    for start in range(0, len(asked), _CHUNK):
        rows = slice(start, start + _CHUNK)
        similarities = asked[rows] @ stored.T
        same = wanted[rows, None] == there[None, :]
        if own is not None:  # a query is not searched for itself
            place = np.arange(len(similarities)), own[rows]
            similarities[place], same[place] = -np.inf, False
        rankings += _rankings(similarities, same, own is not None)
        best += similarities.max(axis=1).tolist()
        others += np.where(same, -np.inf, similarities).max(axis=1).tolist()
    return FloorFigures(floor, Quality.of(rankings), auroc(best, others))


def _rankings(similarities: Matrix, same: NDArray[np.bool_], leave_one_out: bool) -> list[Ranking]:
    """As the service gives them: a picture searched for among all takes one of the places itself."""
    depth = min(DEPTH, similarities.shape[1]) - leave_one_out
    right = np.take_along_axis(same, best_first(similarities, depth), axis=1)
    return [Ranking(tuple(row), count) for row, count in zip(right.tolist(), same.sum(1).tolist(), strict=True)]


def best_first(similarities: Matrix, depth: int) -> NDArray[np.int64]:
    """Columns of the `depth` highest numbers of each row, the highest first, ties in order of the columns."""
    candidates = np.sort(np.argpartition(-similarities, depth - 1, axis=1)[:, :depth], axis=1)
    order = np.argsort(-np.take_along_axis(similarities, candidates, axis=1), axis=1, kind="stable")
    return np.take_along_axis(candidates, order, axis=1)


def describe(app: App, pixels: Pixels) -> Described:
    """Each floor's features of a picture, RGB uint8[height, width, 3]: float32[dimension] of unit length."""
    mean, gem = app.analyst.pipeline.plain_pools(pixels, _POWERS)
    picture = Image.fromarray(pixels)
    colour = colour_histogram(picture)
    return {
        Floor.GEM_COLOUR: _unit(np.concatenate([gem, np.float32(0.5) * colour])),
        Floor.POOL: mean,
        Floor.COLOUR: colour,
        Floor.HASH: perceptual_hash(picture),
    }


def describe_all(bench: Bench, pictures: Sequence[LabelledPicture]) -> Described:
    """Each floor's features of all pictures, float32[n, dimension]."""

    def one(picture: LabelledPicture) -> Described:
        return describe(bench.app, bench.app.analyst.pixels(loaded(picture)))

    described = bench.each(one, pictures, "Comparing with simpler features")
    return {floor: np.stack([each[floor] for each in described]) for floor in Floor}


def colour_histogram(picture: Image.Image) -> Matrix:
    """The square-rooted share of each colour, hue × saturation × value in 16 × 4 × 4 bins; float32[256]."""
    small = picture.convert("RGB").resize((_COLOUR_SIDE, _COLOUR_SIDE), Image.Resampling.BILINEAR)
    levels = np.asarray(small.convert("HSV"), np.int64).reshape(-1, 3)
    hue, saturation, value = (levels * np.array(_BINS) // 256).T
    places = (hue * _BINS[1] + saturation) * _BINS[2] + value
    return _unit(np.sqrt(np.bincount(places, minlength=int(np.prod(_BINS)))))


def perceptual_hash(picture: Image.Image) -> Matrix:
    """The signs of the 64 lowest frequencies of a 32 × 32 miniature against their median; float32[64], ± 1/8."""
    grey = picture.convert("L").resize((_HASH_SIDE, _HASH_SIDE), Image.Resampling.LANCZOS)
    place = np.arange(_HASH_SIDE)
    cosines = np.cos(np.pi / _HASH_SIDE * (place + 0.5) * np.arange(_HASH)[:, None])
    low = (cosines @ np.asarray(grey, np.float64) @ cosines.T).ravel()
    return _unit(np.where(low > np.median(low[1:]), 1.0, -1.0))


def _unit(vector: NDArray[np.floating]) -> Matrix:
    scaled: Matrix = (vector / max(float(np.linalg.norm(vector)), 1e-12)).astype(np.float32)
    return scaled
