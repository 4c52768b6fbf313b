"""A task while this process works on it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from similis.catalogue import Catalogue, Claim
from similis.domain import SimilisError, Task, TaskCancelled, TaskNotFound, TaskTaken

log = logging.getLogger(__name__)

_TIME = timedelta(seconds=30)
"""For which a task stays with a process that says nothing: so long nobody goes on with it after that has died."""
_BEAT = 1.0
_KEPT_EVERY = 5.0


class Stopped(Exception):
    """The process is about to end; the task goes on with the next one."""


def held_until() -> datetime:
    """When a claim that is made or kept now ends."""
    return datetime.now(UTC) + _TIME


class Hold:
    """Keeps a claim for as long as its block runs, and tells the work in it when to stop.

    A thread of its own does that, for the work may have to wait for storage or to tune for longer than a claim lasts.

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
        self._seen: Task | None = None
        self._lost: SimilisError | None = None
        self._over = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="hold", daemon=True)

    def __enter__(self) -> Self:
        self._heart.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._heart.join()

    def pulse(self) -> None:
        """To be called once a second or more often by what can be stopped.

        Raises:
            Stopped: the process is about to end.
            TaskCancelled: somebody cancelled the task.
            TaskTaken: another process works on it.
            TaskNotFound: it is gone, with its instance.
        """
        if self._stopping.is_set():
            raise Stopped
        if self._lost is not None:
            raise self._lost
        if (task := self._seen) is not None:
            self._seen = None
            self.progressed(task)

    def progressed(self, task: Task) -> None:
        """Take in how the task stands.

        Raises:
            TaskCancelled: somebody cancelled it.
        """
        self._on_progress(task)
        if task.cancelling:
            raise TaskCancelled("The task was cancelled.", "What it had done until then stays.")

    def ended(self, task: Task) -> None:
        """Tell how the task ended."""
        self._on_progress(task)

    def _beat(self) -> None:
        keep_at = time.monotonic()
        while not self._over.wait(_BEAT):
            try:
                if time.monotonic() >= keep_at:
                    self._seen = self._catalogue.tasks.keep(self.claim, held_until())
                    keep_at = time.monotonic() + _KEPT_EVERY
                else:
                    self._seen = self._catalogue.tasks.get(self.claim.task_id)
            except (TaskTaken, TaskNotFound) as error:
                self._lost = error
                return
            except SimilisError as error:  # the work will meet with it, too, where it cannot wait
                log.warning("Task %d: its claim could not be kept. %s", self.claim.task_id, error.message)
