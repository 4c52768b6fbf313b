"""The measurements of an engine benchmark, on an open service."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from similis.domain import Category, Comparison, PictureKey
from similis.evaluation._engine_data import PERCENT, Block, Floats, Source
from similis.evaluation._engine_report import Changed, Loaded, Searched
from similis.evaluation._engine_truth import Condition, Nearest
from similis.evaluation._timing import Times, seconds
from similis.service import App, Featured

NAME = "benchmark"
TEN = 10
_BATCH = 1000
_TOGETHER = 64
_THREADS = 2

Advance = Callable[[int], None]


def load(app: App, source: Source, count: int, advance: Advance) -> Loaded:
    """Add rows, and wait until they are on disk in the index too."""
    busy = 0.0
    for block in source.blocks(count):
        pictures = featured(block)
        for start in range(0, len(pictures), _BATCH):
            busy += seconds(partial(app.bulk.add, NAME, pictures[start : start + _BATCH]))
            advance(block.first + start)
    query = source.queries(1).vectors
    searchable = seconds(lambda: app.bulk.nearest(NAME, query, TEN))
    sealed = seconds(lambda: app.bulk.settle(NAME))
    catalogue = sum(_size(path) for path in app.settings.data.glob("catalogue.sqlite*"))
    index = sum(_size(path) for path in app.settings.index_directory.rglob("*"))
    return Loaded(count / busy, searchable, sealed, catalogue / count, index / count)


def featured(block: Block) -> list[Featured]:
    """Rows as they are added."""
    return [
        Featured(key_of(block.first + row), vector, Category(int(category)), block.attributes(row))
        for row, (vector, category) in enumerate(zip(block.vectors, block.categories, strict=True))
    ]


def searched(app: App, queries: Floats, condition: Condition, truth: Nearest, k: int = TEN) -> Searched:
    """Search with one query at a time."""
    answers = []

    def search(row: int) -> None:
        tree, category = condition.asked(row)
        answers.extend(app.bulk.nearest(NAME, queries[row : row + 1], k, tree, category))

    times = Times.of(partial(search, row) for row in range(len(queries)))
    recall = truth.recall([[similarity for _, similarity in hits[:TEN]] for hits in answers])
    return Searched(condition.name, k, recall, times)


def batched(app: App, queries: Floats) -> float:
    """Queries a second, many at once."""
    starts = range(0, len(queries), _TOGETHER)
    return len(queries) / seconds(
        lambda: [app.bulk.nearest(NAME, queries[start : start + _TOGETHER], TEN) for start in starts]
    )


def on_threads(app: App, queries: Floats) -> float:
    """Queries a second, one at a time on each of two threads."""

    def one(row: int) -> None:
        app.bulk.nearest(NAME, queries[row : row + 1], TEN)

    # A thread has its own number of helpers in OpenMP, which the limit of another does not touch.
    with ThreadPoolExecutor(_THREADS, initializer=lambda: threadpool_limits(limits=1)) as pool:
        list(pool.map(one, range(_THREADS)))
        return len(queries) / seconds(lambda: list(pool.map(one, range(len(queries)))))


def similarity_error(app: App, queries: Floats, truth: Nearest) -> float:
    """How far similarities of an exact search are from those of the exact scan, at most."""
    found = app.bulk.nearest(NAME, queries, TEN, exact=True)
    similarities = np.array([[similarity for _, similarity in hits] for hits in found])
    return float(np.abs(similarities - truth.best[: len(queries), : similarities.shape[1]]).max())


def changed(app: App, source: Source, count: int, singles: int) -> Changed:
    """Add, update and delete so many single pictures, delete one in a hundred by a filter, and search."""
    fresh = featured(source.further(singles, count))
    rows = np.linspace(0, count - 1, 2 * singles).astype(int).tolist()
    bulk, pictures = app.bulk, app.pictures
    add = Times.of(partial(bulk.add, NAME, [each]) for each in fresh)
    update = Times.of(partial(pictures.update, NAME, key_of(row), {"int_attr3": 1}) for row in rows[::2])
    delete = Times.of(partial(pictures.delete, NAME, key_of(row).product_id) for row in rows[1::2])
    query = source.queries(1).vectors
    begun = time.perf_counter()
    gone = pictures.delete_matching(NAME, Comparison("int_attr", "=", PERCENT - 1))
    rate = len(gone) / (time.perf_counter() - begun)
    visible = seconds(lambda: bulk.nearest(NAME, query, TEN))
    return Changed(add, update, delete, rate, visible)


def key_of(row: int) -> PictureKey:
    """The key of a row."""
    return PictureKey(f"p{row:08}", "a")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
