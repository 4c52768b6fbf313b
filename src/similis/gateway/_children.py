"""What the processes take that the service started, to analyse, import and decode: its own figures leave it out."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class _Taken(NamedTuple):
    ticks: int  # whole ones, whose sum does not fall by rounding: a counter that falls is taken for a new one
    memory: int


class ChildCollector(Collector):
    """Adds up the figures of all processes below this one; the processor time of those that ended stays counted."""

    def collect(self) -> Iterator[Metric]:
        """Memory and processor time."""
        taken = [_taken(pid) for pid in _below(os.getpid())]
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        yield GaugeMetricFamily(
            "similis_child_resident_memory_bytes",
            "Memory that processes hold which the service started; what they share is counted for each.",
            sum(each.memory for each in taken),
        )
        yield CounterMetricFamily(
            "similis_child_cpu_seconds",
            "Processor time of processes that the service started, ended ones included.",
            ended.ru_utime + ended.ru_stime + sum(each.ticks for each in taken) / os.sysconf("SC_CLK_TCK"),
        )


def _below(pid: int) -> Iterator[int]:
    """What a process has started, what that has started, and so on; nothing where there is no `/proc`."""
    for file in Path(f"/proc/{pid}/task").glob("*/children"):  # of each of its threads
        with suppress(OSError):  # it has just ended
            for child in map(int, file.read_text().split()):
                yield child
                yield from _below(child)


def _taken(pid: int) -> _Taken:
    """What a process takes, the time of those included that it has seen end; nothing where it has just ended itself.

    See proc_pid_stat(5).
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()  # from the third one on
    except OSError:
        return _Taken(0, 0)
    ticks = sum(map(int, fields[11:15]))  # utime, stime, cutime, cstime
    return _Taken(ticks, int(fields[21]) * os.sysconf("SC_PAGE_SIZE"))
