"""Opens a data directory in a fresh process, to see how long that takes and what it needs."""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from similis.evaluation._engine_data import Floats
from similis.evaluation._engine_report import Reopened
from similis.evaluation._timing import Times
from similis.service import App, Settings

_STATUS = Path("/proc/self/status")
_TEN = 10
_KILO = 1024


class _Memory(NamedTuple):
    """What a process has in memory, in bytes."""

    anonymous: int
    file: int


def reopen(settings: Settings, name: str, queries: Floats, replayed: int) -> Reopened:
    """Open a data directory in a new process, and search.

    Args:
        settings: of the data directory, which nobody has open.
        name: of the instance.
        queries: of unit length, float32[q, D].
        replayed: how many changes will be taken from the log.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_reopened, settings, name, queries, replayed).result()


def _reopened(settings: Settings, name: str, queries: Floats, replayed: int) -> Reopened:
    before, begun = _memory(), time.perf_counter()
    with threadpool_limits(limits=1), App.open(settings) as app:
        opened = time.perf_counter()
        app.bulk.nearest(name, queries[:1], _TEN)
        answered = time.perf_counter()
        times = Times.of(partial(app.bulk.nearest, name, query, _TEN) for query in queries[:, np.newaxis])
        after, count = _memory(), app.instances.get(name).picture_count
        return Reopened(
            opened_seconds=opened - begun,
            answered_seconds=answered - opened,
            replayed=replayed,
            milliseconds=times,
            bytes_a_picture=(sum(after) - sum(before)) / count,
            anonymous_bytes_a_picture=(after.anonymous - before.anonymous) / count,
            resident_megabytes=sum(after) / _KILO**2,
        )


def _memory() -> _Memory:
    lines = dict(line.split(":", 1) for line in _STATUS.read_text("ascii").splitlines())
    return _Memory(*(_KILO * int(lines[name].split()[0]) for name in ("RssAnon", "RssFile")))
