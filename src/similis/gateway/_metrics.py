"""Figures for Prometheus: calls and their time, the stages of the work, what there is, and what the process takes.

One registry an application, no globals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from similis.gateway._children import ChildCollector
from similis.gateway._operation_counts import OperationCounts
from similis.gateway._service_families import Shown, families
from similis.gateway._watch import Watch
from similis.service import Figures, InstanceFigures

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_STAGE_SECONDS = (0.0005, 0.001, 0.0025, *_SECONDS)


class Exposition(NamedTuple):
    """The figures as they are answered."""

    text: bytes
    media_type: str


def nobody(_instance: str) -> bool:
    """Shows no instance."""
    return False


class Metrics:
    """Counts requests; routes appear as templates, and instances only where the reader may know of them.

    Args:
        figures: gives what there is at the moment.
    """

    def __init__(self, figures: Callable[[], Figures]) -> None:
        self._figures = figures
        self._registry = CollectorRegistry()
        self._operations = OperationCounts()
        self._instances: Mapping[str, InstanceFigures] = {}  # what was told last; a new one is not in it
        ProcessCollector(registry=self._registry)  # memory, processor time, open files, start; on Linux only
        Info("similis_build", "Which version runs.", registry=self._registry).info({"version": version("similis")})
        labels = ("method", "route", "status")
        self._requests = Counter("similis_requests", "Requests answered.", labels, registry=self._registry)
        self._seconds = self._times("similis_request_seconds", "Time to answer.", labels)
        self._refused = Counter(
            "similis_refused_unread",
            "Requests refused, and connections closed, before the request was read.",
            ("code",),
            registry=self._registry,
        )
        self._operation_seconds = self._times(
            "similis_operation_seconds", "Time to answer, by the kind of call.", ("operation",)
        )
        self._stage_seconds = self._times(
            "similis_stage_seconds", "Time that a stage of the work on a call took.", ("stage",), _STAGE_SECONDS
        )

    def count(self, watch: Watch) -> None:
        """Record one request that has ended."""
        labels = watch.method, watch.route, str(watch.status)
        self._requests.labels(*labels).inc()
        self._seconds.labels(*labels).observe(watch.seconds)
        for stage, seconds in watch.stage_seconds().items():
            self._stage_seconds.labels(stage).observe(seconds)
        entry = watch.entry
        if entry.action is not None:
            self._operations.add(entry.action, entry.instance, entry.outcome)
            self._operation_seconds.labels(entry.action).observe(watch.seconds)

    def refuse(self, code: str) -> None:
        """Record what was refused before it was a request that could be counted, by the code of the error."""
        self._refused.labels(code).inc()

    def exposition(self, accept: str = "", shown: Shown = nobody) -> Exposition:
        """All figures, in Prometheus' text format or, where a reader accepts it, as OpenMetrics.

        Args:
            accept: the header of the request.
            shown: whether the reader may know of an instance; the others are added up.
        """
        figures = self._figures()
        if figures.instances is not None and figures.instances is not self._instances:
            self._instances = figures.instances
            self._operations.keep(figures.instances)
        encode, media_type = choose_encoder(accept)
        return Exposition(encode(_Reading(self._registry, self._operations, figures, shown)), media_type)

    def _times(
        self, name: str, text: str, labels: tuple[str, ...], buckets: tuple[float, ...] = _SECONDS
    ) -> Histogram:
        return Histogram(name, text, labels, registry=self._registry, buckets=buckets)


class _Reading(Collector):
    """Everything, as one reader may see it."""

    def __init__(
        self, registry: CollectorRegistry, operations: OperationCounts, figures: Figures, shown: Shown
    ) -> None:
        self._registry = registry
        self._operations = operations
        self._figures = figures
        self._shown = shown

    def collect(self) -> Iterator[Metric]:
        yield from self._registry.collect()
        yield from ChildCollector().collect()
        yield self._operations.family(self._shown)
        yield from families(self._figures, self._shown)
