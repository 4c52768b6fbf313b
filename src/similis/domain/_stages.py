"""How long the parts of a piece of work take, told to whoever watches it: nobody unless a gateway does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeAlias

StageWatcher: TypeAlias = Callable[[str, float], None]
"""Is told the name of a stage that ended right now, and the seconds that it took."""

_watcher: ContextVar[StageWatcher | None] = ContextVar("stage_watcher", default=None)


@contextmanager
def watching_stages(watcher: StageWatcher) -> Iterator[None]:
    """A block whose stages a watcher is told of, in whatever threads it has its work done that take its context."""
    before = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(before)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """A block that is one stage of the work, also where it fails."""
    begun = time.perf_counter()
    try:
        yield
    finally:
        tell_stage(name, time.perf_counter() - begun)


def tell_stage(name: str, seconds: float) -> None:
    """Tell of a stage that was timed otherwise and ended right now."""
    if (watcher := _watcher.get()) is not None:
        watcher(name, seconds)
