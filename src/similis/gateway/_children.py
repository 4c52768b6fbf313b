"""What the processes take that the service started, to analyse, import and decode: its own figures leave it out."""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Iterator
from functools import partial

from prometheus_client import ProcessCollector
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class ChildCollector(Collector):
    """Adds up the figures of all processes started here; the processor time of those that ended stays counted."""

    def collect(self) -> Iterator[Metric]:
        """Memory and processor time."""
        pids = [each.pid for each in multiprocessing.active_children() if each.pid is not None]
        taken = [_taken(pid) for pid in pids]
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        yield GaugeMetricFamily(
            "similis_child_resident_memory_bytes",
            "Memory that processes hold which the service started; what they share is counted for each.",
            sum(each.get("process_resident_memory_bytes", 0) for each in taken),
        )
        yield CounterMetricFamily(
            "similis_child_cpu_seconds",
            "Processor time of processes that the service started, ended ones included.",
            ended.ru_utime + ended.ru_stime + sum(each.get("process_cpu_seconds_total", 0) for each in taken),
        )


def _taken(pid: int) -> dict[str, float]:
    """The figures of a process by their names; none where it has just ended, or where there is no `/proc`."""
    own = ProcessCollector(pid=partial(int, pid), registry=None).collect()
    return {sample.name: sample.value for family in own for sample in family.samples}
