"""What the processes that a service started take is told with its figures."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing.context import SpawnProcess

import pytest

from similis.gateway._children import ChildCollector

MEMORY, SECONDS = "similis_child_resident_memory_bytes", "similis_child_cpu_seconds_total"


def _figures() -> dict[str, float]:
    return {sample.name: sample.value for family in ChildCollector().collect() for sample in family.samples}


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


def test_what_a_child_started_is_counted_and_its_time_stays_when_it_ends() -> None:
    """As a process that analyses starts others to decode in."""
    grandchild = "held = b'x' * 2**26; sum(range(5_000_000)); print('works', flush=True); input()"
    child = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}]); print('ended', flush=True)"
    )
    before = _figures()
    with subprocess.Popen(
        [sys.executable, "-c", f"{child}; input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "works\n"
        with_it = _figures()
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ended\n"
        without = _figures()
    assert with_it[MEMORY] - before[MEMORY] > 2**26
    assert with_it[MEMORY] - without[MEMORY] > 2**26
    assert before[SECONDS] < with_it[SECONDS] <= without[SECONDS] <= _figures()[SECONDS]
