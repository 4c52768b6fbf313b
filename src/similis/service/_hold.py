"""A task while this process works on it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from similis.catalogue import Catalogue, Claim
from similis.domain import Task, TaskCancelled

_TIME = timedelta(seconds=30)
"""For which a task stays with a process that says nothing: so long nobody goes on with it after that has died."""
_KEPT_EVERY = 5.0
_LOOKED_AT_EVERY = 1.0


class Stopped(Exception):
    """The process is about to end; the task goes on with the next one."""


def held_until() -> datetime:
    """When a claim that is made or kept now ends."""
    return datetime.now(UTC) + _TIME


class Hold:
    """Keeps a claim while there is a pulse, and stops the work when it is cancelled.

    Args:
        catalogue: has the task.
        claim: to it.
        stopping: set when this process is to end.
        on_progress: told how the task stands, now and then.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        claim: Claim,
        stopping: threading.Event,
        on_progress: Callable[[Task], None] | None = None,
    ) -> None:
        self.claim = claim
        self._catalogue = catalogue
        self._stopping = stopping
        self._on_progress = on_progress or (lambda _: None)
        self._look_at = self._keep_at = 0.0

    def pulse(self) -> None:
        """To be called once a second or more often while the task is worked on.

        Raises:
            Stopped: the process is about to end.
            TaskCancelled: somebody cancelled the task.
            TaskTaken: another process works on it.
        """
        if self._stopping.is_set():
            raise Stopped
        now = time.monotonic()
        if now >= self._keep_at:
            self._keep_at = now + _KEPT_EVERY
            self.progressed(self._catalogue.tasks.keep(self.claim, held_until()))
        elif now >= self._look_at:
            self.progressed(self._catalogue.tasks.get(self.claim.task_id))

    def progressed(self, task: Task) -> None:
        """Take in how the task stands.

        Raises:
            TaskCancelled: somebody cancelled it.
        """
        self._look_at = time.monotonic() + _LOOKED_AT_EVERY
        self._on_progress(task)
        if task.cancelling:
            raise TaskCancelled("The task was cancelled.", "What it had done until then stays.")

    def ended(self, task: Task) -> None:
        """Tell how the task ended."""
        self._on_progress(task)
