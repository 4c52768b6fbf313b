"""Works on tasks: on one in the foreground, or in threads on all that nobody works on yet."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import uuid4

from similis.catalogue import Catalogue
from similis.domain import InstanceNotFound, SimilisError, StorageFailed, Task, TaskNotFound, TaskStatus, TaskTaken
from similis.service._hold import Hold, Stopped, held_until

log = logging.getLogger(__name__)

Work = Callable[[Task, Hold], None]
_AT_ONCE = 4
_LOOK_EVERY = 1.0
INTERNAL = "internal_error"


class TaskRunner:
    """Takes up tasks and carries them to their end, also those of a process that was killed.

    Args:
        catalogue: has the tasks.
        work: does one; when it returns, the task has ended well.
        chores: called about once a second, between tasks.
    """

    def __init__(self, catalogue: Catalogue, work: Work, chores: Callable[[], None]) -> None:
        self._catalogue = catalogue
        self._work = work
        self._chores = chores
        self._stopping = threading.Event()
        self._waking = threading.Event()
        self._working: set[int] = set()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Work in threads from now on."""
        self._thread = threading.Thread(target=self._run, name="tasks")
        self._thread.start()

    def end(self) -> None:
        """Let the threads stop, within seconds; what is not done goes on when another process begins."""
        if self._thread is None:
            return
        self._stopping.set()
        self._waking.set()
        self._thread.join()
        self._thread = None
        self._stopping.clear()

    def wake(self) -> None:
        """Look at once: there is a new task."""
        self._waking.set()

    def work_on(self, task_id: int, work: Work, on_progress: Callable[[Task], None] | None = None) -> bool:
        """Carry a task on as far as it goes; False where it has ended, or another process works on it.

        Raises:
            StorageFailed: the catalogue cannot be used; the task will go on.
            TaskNotFound: there is none of this number.
        """
        now = datetime.now(UTC)
        claim = self._catalogue.tasks.claim(task_id, uuid4().hex, held_until(), now)
        if claim is None:
            return False
        hold = Hold(self._catalogue, claim, self._stopping, on_progress)
        try:
            work(self._catalogue.tasks.get(task_id), hold)
        except BaseException as error:
            self._stopped(hold, error)
        return True

    def _stopped(self, hold: Hold, error: BaseException) -> None:
        """Note how the work on a task ended before the task did."""
        if isinstance(error, (TaskTaken, TaskNotFound, InstanceNotFound)):
            log.info("Task %d: %s", hold.claim.task_id, error)  # another goes on with it, or it is gone
        elif isinstance(error, StorageFailed):
            raise error
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

    def _run(self) -> None:
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="task") as pool:
            while not self._stopping.is_set():
                try:
                    self._take_up(pool)
                    self._chores()
                except SimilisError as error:
                    log.warning("Tasks cannot be looked at. %s %s", error.message, error.hint)
                except Exception as error:  # one chore that fails must not end all tasks
                    place = "".join(traceback.format_tb(error.__traceback__))
                    log.error("A chore failed with %s:\n%s", type(error).__name__, place)  # noqa: TRY400 - not its message
                self._waking.wait(_LOOK_EVERY)
                self._waking.clear()

    def _take_up(self, pool: ThreadPoolExecutor) -> None:
        for task in self._catalogue.tasks.unfinished():
            if task.id not in self._working and len(self._working) < _AT_ONCE:
                self._working.add(task.id)
                pool.submit(self._carry_on, task.id)

    def _carry_on(self, task_id: int) -> None:
        try:
            self.work_on(task_id, self._work)
        except SimilisError as error:
            log.warning("Task %d waits. %s %s", task_id, error.message, error.hint)
            self._stopping.wait(_LOOK_EVERY)
        finally:
            self._working.discard(task_id)
            self._waking.set()
