"""Measures the search engine: features that were made up, or real ones multiplied, through the real service."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from threadpoolctl import threadpool_limits

from similis.domain import InstanceSpec, InvalidInput
from similis.evaluation import _engine_steps as steps
from similis.evaluation._engine_data import Source, source_of
from similis.evaluation._engine_reopen import reopen
from similis.evaluation._engine_report import Changed, EngineReport, EngineRun, Loaded, Searches
from similis.evaluation._engine_truth import Anything, Condition, OwnCategory, scan, windows
from similis.evaluation._evaluate import scratch_settings
from similis.evaluation._searching import Progress
from similis.service import App, Settings

KINDS = ("clustered", "weak")
_LEAST = 1000
_DEEP = 500
_PERCENTS = (1, 5, 10)
_SPARE_CAPACITY = 10_000


def benchmark_engine(
    settings: Settings,
    *,
    sizes: Sequence[int],
    dimension: int = 512,
    kinds: Sequence[str] = KINDS,
    queries: int = 200,
    work: Path | None = None,
    progress: Progress = lambda _stage, _done, _total: None,
) -> EngineReport:
    """Load an instance and measure everything that its engine does, for each kind of data and each size.

    Searches run on one thread unless said otherwise, and take in everything from a vector of the encoder to ids of
    pictures. They are compared with an exact scan in the same run.

    Args:
        settings: what to take the engine's settings from.
        sizes: how many pictures.
        dimension: numbers in a vector that is made up.
        kinds: of data, see `source_of`.
        queries: searches of each sort, and single changes.
        work: where a temporary directory is made; about 4 KB a picture. By default where the system has such.
        progress: told what is being done.

    Raises:
        InvalidInput: a size is below a thousand, or there is no such kind of data.
    """
    if wrong := [size for size in sizes if size < _LEAST]:
        raise InvalidInput(f"{wrong[0]} pictures are too few to measure with.", f"Give {_LEAST:,} or more.")
    jobs = [(source_of(kind, dimension, size), size) for kind in kinds for size in sorted(sizes)]
    runs = []
    with threadpool_limits(limits=1):
        for source, size in jobs:
            with scratch_settings(settings, work) as scratch:
                runs.append(_run(scratch, source, size, queries, progress))
    return EngineReport(dimension, queries, tuple(runs))


class _Bench:
    """One kind of data in one size, in an instance of its own."""

    def __init__(self, app: App, source: Source, count: int, queries: int, progress: Progress) -> None:
        self.queries = source.queries(queries)
        self._app = app
        self._source = source
        self._count = count
        self._progress = progress
        self._title = f"{source.name}, {count:,}"
        app.bulk.create(InstanceSpec(steps.NAME, capacity=2 * count + _SPARE_CAPACITY), steps.NAME, source.dimension)

    def load(self) -> Loaded:
        """Add all rows."""
        advance = partial(self._progress, f"{self._title}: adding")
        return steps.load(self._app, self._source, self._count, lambda rows: advance(rows, self._count))

    def search(self) -> Searches:
        """Make all searches."""
        app, vectors = self._app, self.queries.vectors
        filters = [window for percent in _PERCENTS for window in windows(self.queries, percent)]
        conditions: list[Condition] = [Anything(), OwnCategory(self.queries.categories), *filters]
        advance = partial(self._progress, f"{self._title}: searching")
        truths, exact = scan(
            self._source.blocks(self._count),
            vectors,
            conditions,
            steps.TEN,
            lambda rows: advance(rows, 2 * self._count),
        )
        share = self._count // len(conditions)
        found = []
        for number, (condition, truth) in enumerate(zip(conditions, truths, strict=True), 1):
            found.append(steps.searched(app, vectors, condition, truth))
            advance(self._count + number * share, 2 * self._count)
        return Searches(
            exact=exact,
            plain=found[0],
            deep=steps.searched(app, vectors, conditions[0], truths[0], _DEEP),
            filtered=tuple(found[1:]),
            batched_a_second=steps.batched(app, vectors),
            threads_a_second=steps.on_threads(app, vectors),
            similarity_error=steps.similarity_error(app, vectors[: steps.TEN], truths[0]),
        )

    def change(self) -> Changed:
        """Make all changes."""
        self._progress(f"{self._title}: changing", 0, 1)
        done = steps.changed(self._app, self._source, self._count, len(self.queries))
        self._progress(f"{self._title}: changing", 1, 1)
        return done


def _run(settings: Settings, source: Source, count: int, queries: int, progress: Progress) -> EngineRun:
    with App.open(settings) as app:
        bench = _Bench(app, source, count, queries, progress)
        loaded, searches, changed = bench.load(), bench.search(), bench.change()
        replayed = app.bulk.unsealed(steps.NAME)
    reopened = reopen(settings, steps.NAME, bench.queries.vectors, replayed)
    return EngineRun(source.name, count, loaded, searches, changed, reopened)
