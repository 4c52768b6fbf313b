"""Stages are told to whoever watches, in the threads that the context goes to, and to nobody else."""

from __future__ import annotations

import contextvars
import threading

import pytest

from similis.domain import stage, tell_stage, watching_stages


def test_a_watcher_hears_of_the_stages_of_its_block_only() -> None:
    heard: list[str] = []
    with stage("before"):
        pass
    with watching_stages(lambda name, _seconds: heard.append(name)), stage("outer"), stage("inner"):
        pass
    tell_stage("after", 1.0)
    assert heard == ["inner", "outer"]


def test_a_stage_that_fails_took_its_time_too() -> None:
    heard: dict[str, float] = {}
    with watching_stages(heard.__setitem__), pytest.raises(ZeroDivisionError), stage("failing"):
        raise ZeroDivisionError
    assert heard["failing"] >= 0


def test_a_thread_is_heard_where_it_has_the_context() -> None:
    heard: list[str] = []

    def work(name: str) -> None:
        tell_stage(name, 1.0)

    with watching_stages(lambda name, _seconds: heard.append(name)):
        context = contextvars.copy_context()
        threads = [
            threading.Thread(target=context.run, args=(work, "with")),
            threading.Thread(target=work, args=("without",)),
        ]
        for thread in threads:
            thread.start()
            thread.join()
    assert heard == ["with"]


def test_of_two_watchers_the_inner_one_hears() -> None:
    outer: list[str] = []
    inner: list[str] = []
    with watching_stages(lambda name, _: outer.append(name)):
        with watching_stages(lambda name, _: inner.append(name)):
            tell_stage("one", 1.0)
        tell_stage("two", 1.0)
    assert (outer, inner) == (["two"], ["one"])
