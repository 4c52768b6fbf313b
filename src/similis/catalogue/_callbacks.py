"""Who is still to be told that a task has ended."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import or_, select

from similis.catalogue._checksums import checked
from similis.catalogue._database import Database
from similis.catalogue._rows import Callback, CallbackState
from similis.catalogue._tables import instance, task
from similis.catalogue._task_rows import PROCESSING, as_task, change_task, lock_task

# Attempts are at most an hour apart. One that is due much later was noted by a clock that was ahead.
_LONGEST_WAIT = timedelta(days=1)


class Callbacks:
    """The part of the catalogue that remembers which ends of tasks have not been told yet."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, now: datetime, limit: int = 100) -> list[Callback]:
        """Return the ended tasks whose end is to be told by now, those that wait longest first."""
        by_now = or_(task.c.callback_at <= now, task.c.callback_at > now + _LONGEST_WAIT)
        waiting = task.c.callback_state == CallbackState.PENDING.value, ~PROCESSING, by_now
        query = select(*task.c, instance.c.name).join(instance, instance.c.id == task.c.instance_id).where(*waiting)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(task.c.callback_at, task.c.id).limit(limit)).all()
        return [_callback(checked(task, row[:-1]), row.name) for row in rows]

    def take(self, due: Callback, until: datetime) -> bool:
        """Begin an attempt, counted now, and keep others from it until a moment; False when another has begun it.

        Raises:
            TaskNotFound: the task is gone, with its instance.
        """
        with self._database.writing() as connection:
            values = lock_task(connection, due.task.id)
            waits = values["callback_state"] == CallbackState.PENDING.value
            if not waits or values["callback_attempts"] != due.attempts:
                return False
            change_task(connection, values, callback_attempts=due.attempts + 1, callback_at=until)
        return True

    def note(self, task_id: int, state: CallbackState, at: datetime) -> None:
        """Note how an attempt ended: delivered, failed for good, or pending, to be tried again at a moment.

        Raises:
            TaskNotFound: the task is gone, with its instance.
        """
        with self._database.writing() as connection:
            change_task(connection, lock_task(connection, task_id), callback_state=state.value, callback_at=at)


def _callback(values: dict[str, object], name: str) -> Callback:
    caller, origin, attempts = values["caller"], values["origin"], values["callback_attempts"]
    return Callback(as_task(values, name), caller, origin, attempts)  # type: ignore[arg-type] # as the columns are
