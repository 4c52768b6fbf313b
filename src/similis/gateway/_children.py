"""What the processes take that the service started: its own figures lack that."""

from __future__ import annotations

import os
import resource
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class _Process(NamedTuple):
    """A process: who started it, what it took of processors, what it holds of memory."""

    pid: int
    parent: int
    ticks: int  # those of processes included that it has seen end
    pages: int


class ChildCollector(Collector):
    """Adds up the figures of all processes below this one; the processor time of those that ended stays counted."""

    def __init__(self) -> None:
        self._most = 0.0
        self._telling = threading.Lock()

    def collect(self) -> Iterator[Metric]:
        """Memory and processor time."""
        below = list(_below(os.getpid()))
        yield GaugeMetricFamily(
            "similis_child_resident_memory_bytes",
            "Memory that processes hold which the service started; what they share is counted for each.",
            sum(each.pages for each in below) * os.sysconf("SC_PAGE_SIZE"),
        )
        yield CounterMetricFamily(
            "similis_child_cpu_seconds",
            "Processor time of processes that the service started, ended ones included.",
            self._never_less(sum(each.ticks for each in below) / os.sysconf("SC_CLK_TCK")),
        )

    def _never_less(self, running: float) -> float:
        """The time of all, or what was told before if that is more: a counter that falls is taken for a new one.

        It would when a process is killed before it has seen those end that it started.
        """
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        with self._telling:
            self._most = max(self._most, ended.ru_utime + ended.ru_stime + running)
            return self._most


def _below(pid: int) -> Iterator[_Process]:
    """What a process has started, what that has started, and so on; nothing where there is no `/proc`."""
    started: defaultdict[int, list[_Process]] = defaultdict(list)
    for each in _running():
        started[each.parent].append(each)
    parents = [pid]
    while parents:
        for child in started[parents.pop()]:
            yield child
            parents.append(child.pid)


def _running() -> Iterator[_Process]:
    """All processes that can be seen, see proc_pid_stat(5)."""
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has just ended
            fields = file.read_text(errors="replace").rpartition(")")[2].split()  # from the third one on
            ticks = sum(map(int, fields[11:15]))  # utime, stime, cutime, cstime
            yield _Process(int(file.parent.name), int(fields[1]), ticks, int(fields[21]))
