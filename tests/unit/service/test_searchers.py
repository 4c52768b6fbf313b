"""Processes that search beside a service: when there are some, and what becomes of calls when they die."""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from multiprocessing.process import BaseProcess

import numpy as np
import pytest

from similis.algorithm import Pipeline
from similis.domain import (
    Category,
    InstanceSpec,
    InstanceType,
    PictureKey,
    SearchOptions,
    SearchResult,
    watching_stages,
)
from similis.service import App, Featured, Settings
from similis.service._searchers import Searchers, _Line

pytestmark = pytest.mark.slow  # each starts a process

_KEYS = [PictureKey(f"p{number:02}", "a") for number in range(40)]


@pytest.fixture
def app(settings: Settings, pipeline: Pipeline) -> Iterator[App]:
    """A service that serves, with an instance `g` of 40 made up pictures and one process to search."""
    with App.open(settings.model_copy(update={"searchers": 1}), pipeline, serving=True) as app:
        app.bulk.create(InstanceSpec("g", InstanceType.GENERIC), pipeline.model, pipeline.dimension)
        drawn = np.random.default_rng(0).normal(size=(len(_KEYS), pipeline.dimension)).astype(np.float32)
        vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
        app.bulk.add("g", [Featured(key, vector, Category.OTHER) for key, vector in zip(_KEYS, vectors, strict=True)])
        yield app


def _search(app: App, key: PictureKey = _KEYS[0]) -> SearchResult:
    return replace(app.search.by_name("g", key), milliseconds={})


def _search_at_once(app: App) -> list[SearchResult]:
    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(lambda key: _search(app, key), _KEYS))


def _asked_elsewhere(app: App) -> SearchResult | None:
    asked = app.search._asked(app.instances.get("g"), _KEYS[0], SearchOptions())
    return app._searchers.ask(asked)


def _started(app: App) -> BaseProcess:
    """The process that searches, once it answers."""
    _wait_until(lambda: bool(_search_at_once(app)) and _asked_elsewhere(app) is not None)
    [process] = multiprocessing.active_children()
    return process


def _wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_who_searches_alone_needs_no_other_process(app: App) -> None:
    for key in _KEYS:
        _search(app, key)
    assert multiprocessing.active_children() == []


def test_searches_at_once_start_a_process_that_answers_the_same(app: App) -> None:
    alone = [_search(app, key) for key in _KEYS]
    process = _started(app)
    assert process.name == "searcher"
    assert _search_at_once(app) == alone
    stages: list[str] = []
    with watching_stages(lambda name, _: stages.append(name)):
        assert _asked_elsewhere(app) is not None
    assert {"index", "catalogue"} <= set(stages)


def test_no_call_is_lost_when_the_process_is_killed_and_another_takes_its_place(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("similis.service._searchers._FIRST_PAUSE", 0.01)
    alone = [_search(app, key) for key in _KEYS]
    first = _started(app)
    killing = threading.Timer(0.01, os.kill, (first.pid, signal.SIGKILL))
    killing.start()
    for _ in range(5):
        assert _search_at_once(app) == alone
    killing.join()
    assert _started(app).pid != first.pid
    assert _search_at_once(app) == alone


def test_a_process_that_does_not_answer_is_replaced(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("similis.service._searchers._FIRST_PAUSE", 0.01)
    monkeypatch.setattr("similis.service._searchers._PATIENCE", struct.pack("@ll", 1, 0))
    expected = _search(app)
    first = _started(app)
    os.kill(first.pid or 0, signal.SIGSTOP)
    assert _search(app) == expected
    assert _started(app).pid != first.pid


def test_an_answer_that_comes_late_goes_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("similis.service._searchers._PATIENCE", struct.pack("@ll", 0, 100_000))
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,), daemon=True)
    process.start()
    line = _Line()
    line.open(ours, process)
    assert line.ask(b"one") is None
    theirs.send_bytes(b"the answer to one")
    assert line.ask(b"other") is None
    process.join()
    assert process.exitcode == -signal.SIGKILL


def test_where_no_thread_or_process_can_be_started_the_service_searches_itself(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("similis.service._searchers._FIRST_PAUSE", 0.01)
    expected = _search(app)
    with monkeypatch.context() as patch:
        patch.setattr("multiprocessing.context.SpawnContext.Pipe", _no_file)
        with app._searchers.several(), app._searchers.several():
            assert _search(app) == expected
        _wait_until(app._searchers._processes[0]._keeper.is_alive)
    assert _started(app).name == "searcher"
    lame = Searchers(app.settings)
    with monkeypatch.context() as patch:
        patch.setattr("threading.Thread.start", _no_thread)
        with lame.several(), lame.several() as ask:
            assert ask
    assert lame.ask(app.search._asked(app.instances.get("g"), _KEYS[0], SearchOptions())) is None


def _no_thread(_: object) -> None:
    raise RuntimeError("can't start new thread")


def _no_file(_: object) -> None:
    raise OSError(errno.EMFILE, "Too many open files")


def test_nothing_is_left_when_the_service_ends(settings: Settings, pipeline: Pipeline) -> None:
    """Not even the log of the database, which the last one to close it removes."""
    with App.open(settings.model_copy(update={"searchers": 2}), pipeline, serving=True) as app:
        app.bulk.create(InstanceSpec("g", InstanceType.GENERIC), pipeline.model, pipeline.dimension)
        with app._searchers.several(), app._searchers.several() as ask:
            assert ask
        _wait_until(lambda: len(multiprocessing.active_children()) == 2)
    assert multiprocessing.active_children() == []
    assert not list(settings.data.glob("*-wal"))


def test_commands_and_those_that_want_none_have_none(settings: Settings, pipeline: Pipeline) -> None:
    for serving, wanted in ((False, 1), (True, 0)):
        with (
            App.open(settings.model_copy(update={"searchers": wanted}), pipeline, serving=serving) as app,
            app._searchers.several(),
            app._searchers.several() as ask,
        ):
            assert not ask
