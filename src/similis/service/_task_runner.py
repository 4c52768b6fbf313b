"""Works on tasks: on one in the foreground, or in threads on all that nobody works on yet."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from uuid import uuid4

from similis.catalogue import Catalogue, Claim
from similis.domain import (
    InstanceNotFound,
    SimilisError,
    SourceFailed,
    Task,
    TaskNotFound,
    TaskStatus,
    TaskTaken,
    Unavailable,
)
from similis.service._hold import Hold, Stopped, held_until

log = logging.getLogger(__name__)

Work = Callable[[Task, Hold], None]
INTERNAL = "internal_error"
_AT_ONCE = 4
_LOOK_EVERY = 1.0
_LEFT_FOR = 5.0  # seconds, of a task that another process works on, or that could not be worked on
_PATIENCE = 10.0  # seconds, with threads that wait for storage when this process is to end


class TaskRunner:
    """Takes up tasks and carries them to their end, also those of a process that was killed.

    Args:
        catalogue: has the tasks.
        work: does one; when it returns, the task has ended well.
        on_end: told of each that ended, well or not, when it was worked on here.
    """

    def __init__(self, catalogue: Catalogue, work: Work, on_end: Callable[[Task], None] | None = None) -> None:
        self._catalogue = catalogue
        self._work = work
        self._on_end = on_end
        self._stopping = threading.Event()
        self._waking = threading.Event()
        self._working: dict[int, threading.Thread] = {}
        self._claims: dict[int, Claim] = {}
        self._left_until: dict[int, float] = {}
        self._thread: threading.Thread | None = None

    def begin(self, *chores: Callable[[], None]) -> None:
        """Work in threads from now on.

        Args:
            *chores: called about once a second, too.
        """
        self._thread = threading.Thread(target=self._run, args=(chores,), name="tasks")
        self._thread.start()

    def end(self) -> None:
        """Let the threads stop, within seconds; what is not done goes on when another process begins."""
        if self._thread is None:
            return
        self._stopping.set()
        self._waking.set()
        self._thread.join()
        until = time.monotonic() + _PATIENCE
        for task_id, thread in list(self._working.items()):
            thread.join(max(0.0, until - time.monotonic()))
            if thread.is_alive():
                self._leave_behind(task_id)
        self._thread = None
        self._stopping = threading.Event()

    def _leave_behind(self, task_id: int) -> None:
        """Give up a task whose thread does not stop; without a claim nothing that it still does counts."""
        log.warning("Task %d waits for its storage and is left behind.", task_id)
        claim = self._claims.get(task_id)
        if claim is not None:
            with suppress(SimilisError):  # lost, or the catalogue is away: then the claim ends by itself
                self._catalogue.tasks.release(claim)

    def wake(self) -> None:
        """Look at once: there is a new task."""
        self._waking.set()

    def work_on(self, task_id: int, work: Work, on_progress: Callable[[Task], None] | None = None) -> bool:
        """Carry a task on as far as it goes; False where it has ended, or another process works on it.

        Raises:
            Unavailable: something of ours cannot be used, such as the catalogue or the models; the task will go on.
            TaskNotFound: there is none of this number.
        """
        now = datetime.now(UTC)
        claim = self._catalogue.tasks.claim(task_id, uuid4().hex, held_until(), now)
        if claim is None:
            return False
        self._claims[task_id] = claim
        try:
            self._work_with(Hold(self._catalogue, claim, self._stopping, on_progress), work)
        finally:
            del self._claims[task_id]
        self._tell_end(task_id)
        return True

    def _work_with(self, hold: Hold, work: Work) -> None:
        try:
            with hold:
                task = self._catalogue.tasks.get(hold.claim.task_id)
                hold.progressed(task)
                work(task, hold)
        except BaseException as error:
            self._stopped(hold, error)

    def _tell_end(self, task_id: int) -> None:
        with suppress(TaskNotFound):  # deleted meanwhile, with its instance
            task = self._catalogue.tasks.get(task_id)
            if task.done and self._on_end is not None:
                self._on_end(task)

    def _stopped(self, hold: Hold, error: BaseException) -> None:
        """Note how the work on a task ended before the task did."""
        if isinstance(error, (TaskTaken, TaskNotFound, InstanceNotFound)):
            log.info("Task %d: %s", hold.claim.task_id, error)  # another goes on with it, or it is gone
        elif isinstance(error, Unavailable) and not isinstance(error, SourceFailed):
            with suppress(SimilisError):
                self._catalogue.tasks.release(hold.claim)
            raise error  # not the task's fault; it goes on once this is mended
        elif isinstance(error, SimilisError):
            self._fail(hold, error.code, f"{error.message} {error.hint}".strip())
        elif isinstance(error, Stopped) or not isinstance(error, Exception):
            self._catalogue.tasks.release(hold.claim)
            if not isinstance(error, Stopped):
                raise error
        else:
            place = "".join(traceback.format_tb(error.__traceback__))  # not its message, which may quote a picture
            log.error("Task %d failed with %s:\n%s", hold.claim.task_id, type(error).__name__, place)
            self._fail(hold, INTERNAL, "Something went wrong inside Similis. Look into the service's log.")

    def _fail(self, hold: Hold, code: str, message: str) -> None:
        try:
            hold.ended(self._catalogue.tasks.finish(hold.claim, TaskStatus.FAIL, code, message))
        except (TaskTaken, TaskNotFound) as error:
            log.info("Task %d: %s", hold.claim.task_id, error)

    def _run(self, chores: Iterable[Callable[[], None]]) -> None:
        while not self._stopping.is_set():
            for chore in (self._take_up, *chores):
                _guarded(chore)
            self._waking.wait(_LOOK_EVERY)
            self._waking.clear()

    def _take_up(self) -> None:
        now = time.monotonic()
        self._left_until = {task_id: until for task_id, until in self._left_until.items() if until > now}
        for task in self._catalogue.tasks.unfinished():
            busy = task.id in self._working or task.id in self._left_until
            if not busy and len(self._working) < _AT_ONCE:
                # Threads that wait for storage which hangs must not keep the process from ending.
                thread = threading.Thread(target=self._carry_on, args=(task.id,), name=f"task {task.id}", daemon=True)
                self._working[task.id] = thread
                thread.start()

    def _carry_on(self, task_id: int) -> None:
        worked = False
        try:
            worked = self.work_on(task_id, self._work)
        except SimilisError as error:
            log.warning("Task %d waits. %s %s", task_id, error.message, error.hint)
        finally:
            if not worked:
                self._left_until[task_id] = time.monotonic() + _LEFT_FOR
            del self._working[task_id]
            if worked:
                self._waking.set()


def _guarded(chore: Callable[[], None]) -> None:
    """Do one thing; that it fails must not end the others."""
    try:
        chore()
    except SimilisError as error:
        log.warning("Tasks cannot be looked at. %s %s", error.message, error.hint)
    except Exception as error:
        place = "".join(traceback.format_tb(error.__traceback__))
        log.error("A chore failed with %s:\n%s", type(error).__name__, place)  # noqa: TRY400 - not its message
