"""How often what was done, on which instance, with what outcome; never more names than there are instances."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection

from prometheus_client.core import CounterMetricFamily

from similis.domain import OUTCOME_OK

UNNAMED = ""
"""Stands for all instances that the reader is not told of; Prometheus takes an empty label for none."""
_MOST_NAMES = 10_000


class OperationCounts:
    """Counts calls, whichever interface they came by.

    A name is only taken for one when a call on it went well: what strangers call for is no name.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def add(self, operation: str, instance: str | None, outcome: str) -> None:
        """Count one call."""
        with self._lock:
            if instance and outcome == OUTCOME_OK and len(self._known) < _MOST_NAMES:
                self._known.add(instance)
            name = instance if instance in self._known else None
            self._counts[operation, name or UNNAMED, outcome] += 1

    def keep(self, names: Collection[str]) -> None:
        """Forget all instances but these: the others were deleted. Their calls stay in the sums, which never fall."""
        with self._lock:
            self._known = set(names)
            kept = {UNNAMED, *names}
            for operation, instance, outcome in [key for key in self._counts if key[1] not in kept]:
                self._counts[operation, UNNAMED, outcome] += self._counts.pop((operation, instance, outcome))

    def family(self, shown: Callable[[str], bool]) -> CounterMetricFamily:
        """The counts, of all instances together but for those that are shown."""
        with self._lock:
            counts = dict(self._counts)
        told: Counter[tuple[str, str, str]] = Counter()
        for (operation, instance, outcome), count in counts.items():
            told[operation, instance if shown(instance) else UNNAMED, outcome] += count
        family = CounterMetricFamily(
            "similis_operations", "Calls by what they asked for.", labels=("operation", "instance_name", "outcome")
        )
        for labels, count in sorted(told.items()):
            family.add_metric(labels, count)
        return family
