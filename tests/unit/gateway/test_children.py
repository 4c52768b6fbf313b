"""What the processes that a service started take is told with its figures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from multiprocessing.context import SpawnProcess

import pytest

from similis.gateway._children import ChildCollector


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
    before = _figures()["similis_child_cpu_seconds_total"]
    while (with_it := _figures())["similis_child_cpu_seconds_total"] < before + 0.01:  # it takes time to start
        time.sleep(0.01)
    child.kill()
    child.join()
    without = _figures()
    assert with_it["similis_child_resident_memory_bytes"] - without["similis_child_resident_memory_bytes"] > 2**20
    assert without["similis_child_cpu_seconds_total"] >= with_it["similis_child_cpu_seconds_total"]
