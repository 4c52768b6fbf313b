"""Figures for Prometheus: requests and their time by route and status, and what the process takes.

One registry an application, no globals.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counts requests; routes appear as templates, so that names of instances do not."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)  # memory, processor time, open files, start; on Linux only
        labels = ("method", "route", "status")
        self._requests = Counter("similis_requests", "Requests answered.", labels, registry=self._registry)
        self._seconds = Histogram(
            "similis_request_seconds", "Time to answer.", labels, registry=self._registry, buckets=_SECONDS
        )

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Record one answered request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route, str(status)).observe(seconds)

    def text(self) -> bytes:
        """All figures in Prometheus' text format, 0.0.4."""
        return generate_latest(self._registry)
