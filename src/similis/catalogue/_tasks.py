"""Tasks in the catalogue: from the call that asks for one to its end, and who works on it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, exists, func, select

from similis.catalogue._change_log import last_seq
from similis.catalogue._connections import hold_connection
from similis.catalogue._database import Database
from similis.catalogue._features import chunks
from similis.catalogue._new_tasks import insert_task, reserve_for_task
from similis.catalogue._rows import CallbackState, Claim
from similis.catalogue._tables import shadow, task, task_failure
from similis.catalogue._task_failures import read_failures
from similis.catalogue._task_rows import (
    PROCESSING,
    change_task,
    lock_claimed,
    lock_task,
    read_task,
    read_tasks,
    tasks_where,
)
from similis.domain import (
    ImportSource,
    Instance,
    Task,
    TaskCancelled,
    TaskFailure,
    TaskKind,
    TaskStatus,
)

# Claims are kept every few seconds. One that seems to last for longer was made by a clock that was ahead; its process
# may be gone, and nobody would go on with the task until then.
_LONGEST_CLAIM = timedelta(hours=1)
_CANCELLED = "The task was cancelled."
_FREE = {"holder": None, "held_until": None}


class Tasks:
    """The part of the catalogue that knows what was asked for, how far it is and who works on it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        instance: Instance,
        kind: TaskKind,
        source: ImportSource | None = None,
        *,
        callback: str | None = None,
        caller: str | None = None,
        origin: str | None = None,
    ) -> Task:
        """Note a task that someone must claim and do.

        Args:
            instance: what it changes or exports.
            kind: what it does.
            source: what is imported; None of an export, which is about the pictures that are there now.
            callback: URL that is told of the end.
            caller: id of the access key that asks.
            origin: URL at which the service was called.

        Raises:
            TaskRunning: an import or rebuild is under way, or an export, if it is one of the same that is asked for.
            InstanceEmpty: a rebuild of an instance without pictures.
            InstanceNotFound: the instance was deleted meanwhile.
            InstanceRebuilding: the instance was replaced by a rebuild since it was read.
            ConnectionNotFound: the source's connection was removed meanwhile.
        """
        asked: dict[str, object] = {"kind": kind.value, "callback": callback, "caller": caller, "origin": origin}
        if source is not None:
            asked |= {"connection": source.connection, "bucket": source.bucket, "path": source.path}
        with self._database.writing() as connection:
            count = reserve_for_task(connection, instance, kind)
            if source is not None:
                hold_connection(connection, source.connection)
            if kind is TaskKind.EXPORT:
                asked |= {"until_seq": last_seq(connection, instance.id), "added": count}
            return read_task(connection, insert_task(connection, instance, asked))

    def get(self, task_id: int) -> Task:
        """Return a task.

        Raises:
            TaskNotFound: there is none of this number.
        """
        with self._database.reading() as connection:
            return read_task(connection, task_id)

    def page(
        self, instance: Instance, kinds: Collection[TaskKind], *, start: int, num: int, task_id: int | None = None
    ) -> tuple[list[Task], int]:
        """Return `num` tasks of an instance after the newest `start`, newest first, and how many there are.

        Args:
            instance: whose tasks.
            kinds: only tasks of these.
            start: how many to pass over.
            num: at most so many.
            task_id: only this task, if it is one of these.
        """
        wanted = [task.c.instance_id == instance.id, task.c.kind.in_([kind.value for kind in kinds])]
        if task_id is not None:
            wanted.append(task.c.id == task_id)
        query = tasks_where(*wanted).order_by(task.c.id.desc()).offset(start).limit(num)
        with self._database.reading() as connection:
            total = connection.execute(select(func.count()).select_from(task).where(*wanted)).scalar_one()
            return list(read_tasks(connection, query)), total

    def unfinished(self) -> list[Task]:
        """Return the tasks that have not ended, oldest first."""
        with self._database.reading() as connection:
            return list(read_tasks(connection, tasks_where(PROCESSING).order_by(task.c.id)))

    def counts(self) -> dict[tuple[TaskKind, TaskStatus], int]:
        """How many tasks there are of each kind and state."""
        wanted = select(task.c.kind, task.c.status, func.count()).group_by(task.c.kind, task.c.status)
        with self._database.reading() as connection:
            rows = connection.execute(wanted).all()
        return {(TaskKind(kind), TaskStatus(status)): count for kind, status, count in rows}

    def until_seq(self, task_id: int) -> int:
        """Return the last change of its instance that an export has in it.

        Raises:
            TaskNotFound: there is none of this number.
        """
        with self._database.reading() as connection:
            read_task(connection, task_id)
            return connection.execute(select(task.c.until_seq).where(task.c.id == task_id)).scalar() or 0

    def claim(self, task_id: int, holder: str, until: datetime, now: datetime) -> Claim | None:
        """Take a task to work on it, to do so until a moment; None when it has ended, or another holds it still.

        Args:
            task_id: its number.
            holder: a random name.
            until: when the claim ends, unless it is kept.
            now: the present.

        Raises:
            TaskNotFound: there is none of this number.
        """
        with self._database.writing() as connection:
            values = lock_task(connection, task_id)
            if values["status"] != TaskStatus.PROCESSING.value or (values["holder"] != holder and _held(values, now)):
                return None
            change_task(connection, values, holder=holder, held_until=until)
        return Claim(task_id, holder)

    def keep(self, claim: Claim, until: datetime) -> Task:
        """Hold a task until a later moment, and return how it stands.

        Raises:
            TaskTaken: the claim was lost, or the task has ended.
        """
        with self._database.writing() as connection:
            return change_task(connection, lock_claimed(connection, claim), held_until=until)

    def release(self, claim: Claim) -> None:
        """Leave a task to whoever claims it next.

        Raises:
            TaskTaken: the claim was lost, or the task has ended.
        """
        with self._database.writing() as connection:
            change_task(connection, lock_claimed(connection, claim), **_FREE)

    def release_all(self) -> None:
        """Free the tasks of processes before this one; only where no other process may use the database."""
        with self._database.reading() as connection:
            held = connection.execute(select(task.c.id).where(PROCESSING, task.c.holder.is_not(None))).scalars().all()
        if held:
            with self._database.writing() as connection:
                for task_id in held:
                    change_task(connection, lock_task(connection, task_id), **_FREE)

    def finish(self, claim: Claim, status: TaskStatus, code: str | None = None, message: str = "") -> Task:
        """End a task and return it as it is then.

        Raises:
            TaskCancelled: it was to end well, but was asked to stop before.
            TaskTaken: the claim was lost, or the task has ended.
        """
        with self._database.writing() as connection:
            return end_task(connection, lock_claimed(connection, claim), status, code, message)

    def cancel(self, task_id: int, now: datetime) -> Task:
        """Ask a task to stop; one that nobody holds now ends at once, one that has ended stays as it is.

        Raises:
            TaskNotFound: there is none of this number.
        """
        with self._database.writing() as connection:
            values = lock_task(connection, task_id)
            if values["status"] != TaskStatus.PROCESSING.value:
                return read_task(connection, task_id)
            if _held(values, now):
                return change_task(connection, values, cancelling=True, updated_at=datetime.now(UTC))
            return end_task(connection, values, TaskStatus.FAIL, TaskCancelled.code, _CANCELLED)

    def failures(self, task_id: int) -> Iterator[TaskFailure]:
        """Return what of a task's lines was not applied, in their order; read as it is asked for, in bounded memory.

        Raises:
            TaskNotFound: there is none of this number.
        """
        self.get(task_id)
        return read_failures(self._database, task_id)

    def forget(self, ended_before: datetime) -> None:
        """Remove tasks that ended before a moment, with their failures; not what has something left to be done."""
        left = exists().where(shadow.c.task_id == task.c.id)
        told = task.c.callback_state != CallbackState.PENDING.value
        old = select(task.c.id).where(~PROCESSING, task.c.updated_at < ended_before, told, ~left)
        with self._database.writing() as connection:
            # What another gateway is removing is left to it.
            ids = connection.execute(old.with_for_update(skip_locked=True)).scalars().all()
            for chunk in chunks(ids):
                connection.execute(delete(task_failure).where(task_failure.c.task_id.in_(chunk)))
                connection.execute(delete(task).where(task.c.id.in_(chunk)))


def end_task(
    connection: Connection, values: dict[str, Any], status: TaskStatus, code: str | None = None, message: str = ""
) -> Task:
    """End a reserved task and return it as it is then; nobody holds it any more.

    Raises:
        TaskCancelled: it was to end well, but was asked to stop before.
    """
    if status is TaskStatus.SUCCESS and values["cancelling"]:
        raise TaskCancelled(_CANCELLED)
    now = datetime.now(UTC)
    ended = {"status": status.value, "code": code, "message": message, "cancelling": False, "updated_at": now}
    return change_task(connection, values, **ended, **_FREE, callback_at=now)


def _held(values: dict[str, Any], now: datetime) -> bool:
    return values["holder"] is not None and now < values["held_until"] < now + _LONGEST_CLAIM
