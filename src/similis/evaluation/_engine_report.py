"""What a benchmark of the engine found."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np

from similis.evaluation._timing import Times

_DIGITS = 5


@dataclass(frozen=True, slots=True)
class Searched:
    """Searches, one query at a time in one thread.

    Attributes:
        name: the condition.
        k: how many neighbours were asked for.
        recall: share of the true ten nearest that were found.
        milliseconds: of a search.
    """

    name: str
    k: int
    recall: float
    milliseconds: Times


@dataclass(frozen=True, slots=True)
class Loaded:
    """How rows came in.

    Attributes:
        rows_a_second: durable, a commit for every 1,000.
        searchable_seconds: from the last commit until the first search was answered.
        sealed_seconds: from then until the index was on disk, where it is large enough.
        catalogue_bytes, index_bytes: on disk, a picture.
    """

    rows_a_second: float
    searchable_seconds: float
    sealed_seconds: float
    catalogue_bytes: float
    index_bytes: float


@dataclass(frozen=True, slots=True)
class Exact:
    """Matrix products of all queries with all rows, and choice of the nearest: milliseconds a query.

    Attributes:
        milliseconds: until it was done.
        processor: time that processors worked.
    """

    milliseconds: float
    processor: float


@dataclass(frozen=True, slots=True)
class Searches:
    """What was found, and how quickly.

    Attributes:
        exact: the batched exact scan of the same run, on one thread.
        plain, deep: searches without a condition, for ten and for 500 neighbours.
        filtered: searches with a filter or a category.
        batched_a_second: queries a second in batches of 64, on one thread.
        threads_a_second: queries a second, one at a time, on two threads.
        similarity_error: the largest difference of a similarity from that of the exact scan.
    """

    exact: Exact
    plain: Searched
    deep: Searched
    filtered: tuple[Searched, ...]
    batched_a_second: float
    threads_a_second: float
    similarity_error: float

    @property
    def ratio(self) -> float:
        """How many times quicker than the exact scan a search is."""
        return self.exact.milliseconds / self.plain.milliseconds.mean

    @property
    def processor_ratio(self) -> float:
        """The same by processor time: on a busy machine the fairer one."""
        return self.exact.processor / self.plain.milliseconds.processor

    @property
    def a_second(self) -> float:
        """Searches for ten neighbours a second, one at a time on one thread."""
        return 1000 / self.plain.milliseconds.mean


@dataclass(frozen=True, slots=True)
class Changed:
    """How single and many changes go, each call a commit of its own.

    Attributes:
        add, update, delete: of single pictures.
        deleted_a_second: by a filter, in one commit.
        visible_seconds: from the last of all these until a search was answered.
    """

    add: Times
    update: Times
    delete: Times
    deleted_a_second: float
    visible_seconds: float


@dataclass(frozen=True, slots=True)
class Reopened:
    """A fresh process on the same data directory.

    Attributes:
        opened_seconds: until the data directory was open.
        answered_seconds: from then until the first search was answered.
        replayed: changes that were taken from the log.
        milliseconds: of the searches after it.
        bytes_a_picture: memory after those searches less that of the process before (RssAnon and RssFile).
        anonymous_bytes_a_picture: of these, what no file stands behind.
        resident_megabytes: of the whole process.
    """

    opened_seconds: float
    answered_seconds: float
    replayed: int
    milliseconds: Times
    bytes_a_picture: float
    anonymous_bytes_a_picture: float
    resident_megabytes: float

    @property
    def seconds(self) -> float:
        """Until the first search was answered."""
        return self.opened_seconds + self.answered_seconds


@dataclass(frozen=True, slots=True)
class EngineRun:
    """One kind of data in one size.

    Attributes:
        kind: of the data.
        count: how many pictures.
        loaded: how they came in.
        searches: what was found, and how quickly.
        changed: changes after that.
        reopened: a fresh process after all of that.
    """

    kind: str
    count: int
    loaded: Loaded
    searches: Searches
    changed: Changed
    reopened: Reopened

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it, figures rounded."""
        searches = self.searches
        speed = {
            "queries_a_second": searches.a_second,
            "times_quicker_than_exact": searches.ratio,
            "times_quicker_by_processor_time": searches.processor_ratio,
        }
        told: dict[str, Any] = _rounded({**asdict(self), "searches": {**speed, **asdict(searches)}})
        return told


def machine() -> dict[str, str | int]:
    """What figures depend on beside the code."""
    return {
        "processors": os.cpu_count() or 1,
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "faiss": version("faiss-cpu"),
    }


@dataclass(frozen=True, slots=True)
class EngineReport:
    """What was measured in one run of the benchmark.

    Attributes:
        dimension: numbers in a vector that is made up.
        queries: searches of each sort, and single changes.
        runs: by kind of data, and by size.
        machine: what it ran on.
    """

    dimension: int
    queries: int
    runs: tuple[EngineRun, ...]
    machine: dict[str, str | int] = field(default_factory=machine)

    @property
    def kinds(self) -> dict[str, list[EngineRun]]:
        """The runs of each kind of data."""
        kinds: dict[str, list[EngineRun]] = {}
        for run in self.runs:
            kinds.setdefault(run.kind, []).append(run)
        return kinds

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it, figures rounded."""
        return {
            "machine": self.machine,
            "dimension": self.dimension,
            "queries": self.queries,
            "runs": [run.as_dict() for run in self.runs],
        }


def _rounded(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return value
