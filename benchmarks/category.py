"""How well categories are told, by the model alone and with the vote of stored pictures, and what search makes of it.

    python -m benchmarks.category --data DIR [--stored 800] [--queries 200] [--json FILE]

DIR has the labelled sets of training/README.md. One picture in five was never learned from (`held_out`): queries are
drawn from those, stored pictures from the others. First, all sets are stored in one instance with their known
categories, and the category of each query is predicted. Then each set is stored alone with the categories that the
model predicts, as when a user gives none, and each query is searched for: R@1 in all categories, in the model's, in
the one settled by the vote, and in the one that the first right picture was stored under.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from training.categories import category_of, held_out
from training.pictures import SETS, read_rows

from similis.algorithm import Calibration, ModelStore, PictureLimits, Pipeline, decided_category
from similis.domain import Category, CategoryCandidate, InstanceType
from similis.service import Settings, read_picture
from similis.service._category_vote import NEIGHBOURS, join

_ANY = PictureLimits(min_side=1)  # some sets have small pictures
SEARCHED = ("grocery_store", "clothing_small", "fashion_products_small")


@dataclass(frozen=True)
class Pictures:
    """Some pictures of one set: features float32[n, D], what the model says of each, and the truth."""

    vectors: NDArray[np.float32]
    candidates: list[tuple[CategoryCandidate, ...]]
    known: list[Category]
    labels: NDArray[np.str_]

    @property
    def predicted(self) -> list[Category]:
        """The categories that pictures get when none is given."""
        return [decided_category(each) for each in self.candidates]


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="directory of the labelled sets")
    parser.add_argument("--stored", type=int, default=800, help="pictures stored of each set, at most")
    parser.add_argument("--queries", type=int, default=200, help="pictures searched for of each set, at most")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    pipeline = Pipeline.load(ModelStore(Settings().models))
    stored = {name: _look(pipeline, options.data / name, options.stored, held=False) for name in SETS}
    queries = {name: _look(pipeline, options.data / name, options.queries, held=True) for name in SETS}
    curve = pipeline.calibration(InstanceType.PRODUCT)
    figures = {
        "top_1": told(stored, queries, curve),
        "recall_at_1": {name: searched(stored[name], queries[name], curve) for name in SEARCHED},
    }
    _print(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def told(
    stored: dict[str, Pictures], queries: dict[str, Pictures], curve: Calibration
) -> dict[str, dict[str, float]]:
    """Share of queries whose category is told right, by set and over all of them."""
    vectors = np.concatenate([stored[name].vectors for name in SETS])
    known = [category for name in SETS for category in stored[name].known]
    hits: dict[str, list[tuple[bool, bool]]] = {}
    for name in SETS:
        one = queries[name]
        joined = votes(one, vectors, known, curve)
        hits[name] = [
            (model is truth, decided_category(each) is truth)
            for model, each, truth in zip(one.predicted, joined, one.known, strict=True)
        ]
    hits["all"] = [hit for name in SETS for hit in hits[name]]
    return {name: dict(zip(("model", "vote"), _means(each), strict=True)) for name, each in hits.items()}


def votes(
    queries: Pictures, vectors: NDArray[np.float32], categories: Sequence[Category], curve: Calibration
) -> list[tuple[CategoryCandidate, ...]]:
    """The candidates of every query, joined with the vote of the stored pictures nearest to it."""
    similarity = queries.vectors @ vectors.T
    nearest = np.argsort(-similarity, axis=1)[:, :NEIGHBOURS]
    weights = curve.score(np.take_along_axis(similarity, nearest, axis=1))
    return [
        join(own, [(categories[place], weight) for place, weight in zip(places, row, strict=True)])
        for own, places, row in zip(queries.candidates, nearest, weights, strict=True)
    ]


def searched(stored: Pictures, queries: Pictures, curve: Calibration) -> dict[str, float]:
    """R@1 of the queries whose label is stored, by where they are searched for."""
    inside = np.array(stored.predicted)
    similarity = queries.vectors @ stored.vectors.T
    joined = votes(queries, stored.vectors, stored.predicted, curve)
    found = [np.flatnonzero(stored.labels == label) for label in queries.labels]
    asked = [place for place, right in enumerate(found) if len(right)]
    ways: dict[str, Callable[[int], NDArray[np.bool_]]] = {
        "all": lambda _: np.ones(len(inside), bool),
        "model": lambda place: inside == queries.predicted[place],
        "vote": lambda place: inside == _settled(joined[place], inside),
        "given": lambda place: inside == inside[found[place][0]],
    }
    return {
        way: round(float(np.mean([_first(similarity[place], chosen(place), found[place]) for place in asked])), 4)
        for way, chosen in ways.items()
    }


def _settled(candidates: Sequence[CategoryCandidate], inside: NDArray[np.int64]) -> Category:
    """As the service does it: the category decided on, or the most likely one that holds any picture."""
    held = set(inside.tolist())
    order = [decided_category(candidates), *(each.category for each in candidates)]
    return next(category for category in order if category in held)


def _first(similarity: NDArray[np.float32], chosen: NDArray[np.bool_], right: NDArray[np.int64]) -> bool:
    return bool(chosen.any()) and int(np.where(chosen, similarity, -np.inf).argmax()) in right


def _look(pipeline: Pipeline, folder: Path, most: int, *, held: bool) -> Pictures:
    rows = [
        (row, category)
        for row in read_rows(folder)
        if held_out(row["path"]) is held and (category := category_of(folder.name, row)) is not None
    ]
    chosen = np.random.default_rng(0).permutation(len(rows))[:most]
    looked = [pipeline.analyse(read_picture(folder / rows[place][0]["path"]), limits=_ANY) for place in chosen]
    return Pictures(
        np.stack([each.vector for each in looked]),
        [each.subject.categories for each in looked],
        [rows[place][1] for place in chosen],
        np.array([rows[place][0]["label"] for place in chosen]),
    )


def _means(hits: Sequence[tuple[bool, bool]]) -> list[float]:
    means: list[float] = np.mean(hits, axis=0).round(4).tolist()
    return means


def _print(figures: dict[str, dict[str, dict[str, float]]]) -> None:
    for title, rows in figures.items():
        columns = list(next(iter(rows.values())))
        print(f"{title:28}" + "".join(f"{column:>9}" for column in columns))
        for name, row in rows.items():
            print(f"{name:28}" + "".join(f"{row[column]:9.4f}" for column in columns))


if __name__ == "__main__":
    main()
