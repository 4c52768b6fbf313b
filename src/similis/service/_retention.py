"""Retention: pictures of instances that set a limit are removed when their time is over."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta

from similis.catalogue import Catalogue
from similis.domain import ACTOR_SERVICE, AuditAction, AuditEvent, Conflict, Instance, InstanceNotFound
from similis.service._audit_log import AuditLog
from similis.service._clock import Clock

log = logging.getLogger(__name__)

EVERY = 3600.0
"""Seconds between looks of a running service."""
BATCH = 1000
"""Pictures removed in one transaction, for others wait to write meanwhile."""


class Retention:
    """Removes what is too old: all of it when a data directory is opened, then once an hour."""

    def __init__(self, catalogue: Catalogue, audit: AuditLog, clock: Clock) -> None:
        self._catalogue = catalogue
        self._audit = audit
        self._clock = clock
        self._next = 0.0

    def remove_all(self, now: datetime) -> int:
        """Remove all pictures whose time is over at a moment; return how many."""
        total = 0
        while removed := self.remove_some(now):
            total += removed
        self._next = time.monotonic() + EVERY
        return total

    def start(self, now: datetime) -> None:
        """Remove all whose time is over when a data directory is opened, unless the clock has jumped."""
        if self._clock.believed(now):
            self.remove_all(now)

    def remove_some(self, now: datetime) -> int:
        """Remove at most one batch of each instance whose time is over; return how many pictures."""
        return sum(self._remove(each, now, each.retention_days) for each in self._catalogue.instances())

    def tidy(self) -> None:
        """A chore, to be called often: a batch at a time until nothing is too old, then not for an hour."""
        if time.monotonic() < self._next:
            return
        now = datetime.now(UTC)
        if not (self._clock.believed(now) and self.remove_some(now)):
            self._next = time.monotonic() + EVERY

    def _remove(self, instance: Instance, now: datetime, days: int | None) -> int:
        if days is None:
            return 0
        try:
            removed = self._catalogue.retention.remove(instance, now - timedelta(days=days), BATCH)
        except (InstanceNotFound, Conflict) as error:  # it is gone, or takes no changes now: next time
            log.info("Pictures of %s that are too old stay for now. %s", instance.name, error.message)
            return 0
        if removed:
            self._audit.note(
                AuditEvent(
                    datetime.now(UTC), ACTOR_SERVICE, AuditAction.RETENTION_REMOVE, instance.name, count=removed
                )
            )
        return removed
