"""What the processes that a service started take is told with its figures."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.context import SpawnProcess

import pytest

from similis.gateway._children import ChildCollector

MEMORY, SECONDS = "similis_child_resident_memory_bytes", "similis_child_cpu_seconds_total"


def _figures(collector: ChildCollector | None = None) -> dict[str, float]:
    collected = (collector or ChildCollector()).collect()
    return {sample.name: sample.value for family in collected for sample in family.samples}


@pytest.fixture
def child() -> Iterator[SpawnProcess]:
    """A process that does nothing."""
    process = SpawnProcess(target=time.sleep, args=(60,), daemon=True)
    process.start()
    yield process
    process.kill()
    process.join()


def test_what_runs_is_counted_and_the_time_of_what_ended_stays(child: SpawnProcess) -> None:
    before = _figures()[SECONDS]
    while (with_it := _figures())[SECONDS] < before + 0.01:  # it takes time to start
        time.sleep(0.01)
    child.kill()
    child.join()
    without = _figures()
    assert with_it[MEMORY] - without[MEMORY] > 2**20
    assert without[SECONDS] >= with_it[SECONDS]


@contextmanager
def _family(then: str) -> Iterator[tuple[subprocess.Popen[str], Callable[[], str]]]:
    """A process whose own one holds 64 MB and has worked; both wait for a line. And what tells the next word of them.

    Args:
        then: what the first one does when the other one has ended.
    """
    grandchild = "held = b'x' * 2**26; sum(range(5_000_000)); print('works', flush=True); input()"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}]); {then}"
    with subprocess.Popen(
        [sys.executable, "-c", child], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline


def _say_on(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_what_a_child_started_is_counted_and_its_time_stays_when_it_ends() -> None:
    """As a process that analyses starts others to decode in."""
    before = _figures()
    with _family("print('ended', flush=True); input()") as (process, next_word):
        assert next_word() == "works\n"
        with_it = _figures()
        _say_on(process)
        assert next_word() == "ended\n"
        without = _figures()
    assert with_it[MEMORY] - before[MEMORY] > 2**26
    assert with_it[MEMORY] - without[MEMORY] > 2**26
    assert before[SECONDS] < with_it[SECONDS] <= without[SECONDS] <= _figures()[SECONDS]


def test_the_time_does_not_fall_when_a_child_is_killed_before_what_it_started() -> None:
    collector = ChildCollector()
    with _family("pass") as (process, next_word):
        assert next_word() == "works\n"
        with_both = _figures(collector)[SECONDS]
        process.kill()
        process.wait()
        assert _figures()[SECONDS] < with_both
        assert _figures(collector)[SECONDS] == with_both
        _say_on(process)  # to the one that is left
