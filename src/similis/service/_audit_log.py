"""The audit log: who did what. Calls that only read wait for up to a second, all others are written at once."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from similis.domain import (
    ACTOR_SERVICE,
    ACTOR_UNKNOWN,
    AuditAction,
    AuditEvent,
    AuditQuery,
    AuditVerification,
    SimilisError,
    StorageFailed,
)
from similis.service._audit_files import AuditFiles
from similis.service._audit_flood import Flood
from similis.service._audit_lines import AuditLines, SignedLine
from similis.service._audit_verify import AuditVerifier
from similis.service._clock import Clock

log = logging.getLogger(__name__)

MAX_WAITING = 10_000
_WRITTEN_EVERY = 1.0
_PRUNED_EVERY = 3600.0
_ALL = AuditQuery()


class AuditMode(StrEnum):
    """What the log tells: everything, all but what only reads, or nothing."""

    ALL = "all"
    CHANGES = "changes"
    OFF = "off"


class AuditLog:
    """Notes events, gives them back, and removes old ones.

    Args:
        directory: for its files alone; made with the first event.
        lines: seals and signs.
        mode: what is noted.
        days: how long files are kept, that of today not counted.
        clock: says whether it is believed.
    """

    def __init__(self, directory: Path, lines: AuditLines, mode: AuditMode, days: int, clock: Clock) -> None:
        self._clock = clock
        self._files = AuditFiles(directory)
        self._lines = lines
        self._mode = mode
        self._days = days
        self._waiting: deque[AuditEvent] = deque()
        self._writing = threading.RLock()
        self._chain: str | None = None
        self._lost = 0
        self._flood = Flood()
        self._failure: str | None = None
        self._prune_at = 0.0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def wants(self, action: AuditAction) -> bool:
        """Whether events of an action are noted."""
        return self._mode is AuditMode.ALL or (self._mode is AuditMode.CHANGES and not action.reads)

    def note(self, event: AuditEvent) -> None:
        """Note an event. One of an action that changes something is with the operating system when this returns.

        Of callers who are not known only some are noted, the rest is counted. It never fails: that an event cannot
        be written is logged, and it is written once that can be done again.
        """
        if not self.wants(event.action) or (event.actor == ACTOR_UNKNOWN and not self._flood.admits()):
            return
        self._waiting.append(event)
        self._start()
        if not event.action.reads:
            self.flush()

    def check(self, action: AuditAction) -> None:
        """See, before it is done, that an action can be noted; of those that only read no more is asked.

        Raises:
            StorageFailed: the log cannot be written, so that nothing must be changed.
        """
        if self._failure is None or action.reads or not self.wants(action):
            return
        self.flush()
        if (failure := self._failure) is not None:
            raise StorageFailed(
                f"The audit log cannot be written: {failure}.",
                "Free some space where the data directory is; until then nothing can be changed.",
            )

    def flush(self) -> None:
        """Write what waits."""
        with self._writing:
            events = self._take()
            self._lost += self._flood.take_refused()
            if not (events or self._lost):
                return
            try:
                self._write(events)
            except OSError as error:
                self._keep(events, error.strerror or str(error))
            except StorageFailed as error:  # the catalogue, which names the keys of instances
                self._keep(events, error.message.rstrip("."))
            else:
                self._failure = None

    def events(self, query: AuditQuery = _ALL) -> Iterator[AuditEvent]:
        """Yield the events that are wanted, the newest first, in bounded memory."""
        self.flush()
        for day in reversed(self._files.days()):
            if query.since is not None and day < query.since.astimezone(UTC).date():
                return
            # No later file is left out: a clock that was set back leaves events of now in one of then.
            for line in self._files.lines_backwards(day):
                if (event := self._lines.event(line, query.wants)) is not None:
                    yield event

    def verify(self) -> AuditVerification:
        """Check that no line was altered, put in, moved or taken out, but for the newest and the oldest files."""
        self.flush()
        return AuditVerifier(self._files, self._lines).verify()

    def prune(self, now: datetime) -> None:
        """Remove files that are older than they shall be kept, unless the clock has jumped."""
        if not self._clock.believed(now):
            return
        with self._writing:
            self._files.remove_before(now.date() - timedelta(days=self._days))

    def close(self) -> None:
        """Write what waits and stop; what cannot be written is lost."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.flush()
        self._sync()
        with self._writing:
            self._files.close()

    def _take(self) -> list[AuditEvent]:
        return [self._waiting.popleft() for _ in range(len(self._waiting))]

    def _write(self, events: list[AuditEvent]) -> None:
        if self._lost:
            lost = AuditEvent(datetime.now(UTC), ACTOR_SERVICE, AuditAction.AUDIT_LOST, count=self._lost)
            events = [lost, *events]
        if self._chain is None:
            last = self._files.last_line()
            parsed = None if last is None else SignedLine.parse(last)
            self._chain = "" if parsed is None else parsed.chain
        # Never before the newest file, where a clock that was set back left it: each line follows the one before.
        day, chain = max(datetime.now(UTC).date(), self._files.newest() or date.min), self._chain
        first = self._files.is_empty(day)
        written: list[bytes] = []
        uids: dict[str, str | None] = {}
        for event in events:
            line, chain = self._lines.signed(self._lines.sealed(event, uids), chain, first=first and not written)
            written.append(line)
        self._files.append(day, b"".join(written))
        self._chain, self._lost = chain, 0

    def _keep(self, events: list[AuditEvent], failure: str) -> None:
        if self._failure is None:
            log.error("The audit log cannot be written: %s. Nothing can be changed until it can.", failure)
        self._failure = failure
        kept = events[max(0, len(events) - MAX_WAITING) :]
        self._lost += len(events) - len(kept)
        self._waiting.extendleft(reversed(kept))

    def _start(self) -> None:
        if self._thread is not None or self._stopping.is_set():
            return
        with self._writing:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="audit log", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._stopping.wait(_WRITTEN_EVERY):
            self.flush()
            self._sync()
            if time.monotonic() >= self._prune_at:
                self._prune_at = time.monotonic() + _PRUNED_EVERY
                self._pruned()

    def _sync(self) -> None:
        try:
            with self._writing:
                descriptor = self._files.unsynced()
            if descriptor is not None:  # without the lock: whoever changes something must not wait for the disk
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
        except OSError as error:
            log.error("The audit log cannot be brought to the disk: %s.", error.strerror)  # noqa: TRY400 - said whole

    def _pruned(self) -> None:
        try:
            self.prune(datetime.now(UTC))
        except OSError as error:
            log.warning("Old files of the audit log cannot be removed: %s.", error.strerror)
        except SimilisError as error:
            log.warning("Old files of the audit log stay for now. %s", error.message)
