"""Rows of tasks: read, reserved, changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select, update

from similis.catalogue._checksums import checked, with_checksum
from similis.catalogue._rows import Claim
from similis.catalogue._tables import instance, task
from similis.domain import ImportSource, Task, TaskCounts, TaskKind, TaskNotFound, TaskStatus, TaskTaken

PROCESSING = task.c.status == TaskStatus.PROCESSING.value
COUNTS = "lines", "added", "replaced", "deleted", "failed"
_TASKS = select(*task.c, instance.c.name).join(instance, instance.c.id == task.c.instance_id)


def read_task(connection: Connection, task_id: int) -> Task:
    """Return a task.

    Raises:
        TaskNotFound: there is none of this number.
    """
    found = next(read_tasks(connection, _TASKS.where(task.c.id == task_id)), None)
    if found is None:
        raise _not_found(task_id)
    return found


def tasks_where(*conditions: ColumnElement[bool]) -> Select[Any]:
    """The query for tasks that satisfy all conditions."""
    return _TASKS.where(*conditions)


def read_tasks(connection: Connection, query: Select[Any]) -> Iterator[Task]:
    """Yield the tasks of a query by `tasks_where`."""
    for row in connection.execute(query):
        yield as_task(checked(task, row[:-1]), row.name)


def lock_task(connection: Connection, task_id: int) -> dict[str, Any]:
    """Reserve a task for this transaction and return its row; who reserves an instance, too, does so before.

    Raises:
        TaskNotFound: there is none of this number.
    """
    row = connection.execute(select(task).where(task.c.id == task_id).with_for_update()).first()
    if row is None:
        raise _not_found(task_id)
    return checked(task, row)


def lock_claimed(connection: Connection, claim: Claim) -> dict[str, Any]:
    """Reserve the task of a claim that still holds, and return its row.

    Raises:
        TaskTaken: the claim was lost, or the task has ended.
        TaskNotFound: the task is gone, with its instance.
    """
    values = lock_task(connection, claim.task_id)
    if values["holder"] != claim.holder or values["status"] != TaskStatus.PROCESSING.value:
        raise TaskTaken(
            f"Task {claim.task_id} has ended or goes on in another process.", "Look at the task to see how far it is."
        )
    return values


def change_task(connection: Connection, values: Mapping[str, Any], **changes: object) -> Task:
    """Change columns of a reserved task and return it as it is then.

    `updated_at` is one of them where what the task tells of itself changes.
    """
    row = with_checksum(task, {**values, **changes})
    connection.execute(update(task).where(task.c.id == values["id"]).values(row))
    name = connection.execute(select(instance.c.name).where(instance.c.id == row["instance_id"])).scalar_one()
    return as_task(row, name)


def as_task(values: Mapping[str, Any], instance_name: str) -> Task:
    """Return the task in a row."""
    source = ImportSource(values["connection"], values["bucket"], values["path"])
    return Task(
        id=values["id"],
        instance=instance_name,
        kind=TaskKind(values["kind"]),
        status=TaskStatus(values["status"]),
        source=None if values["connection"] is None else source,
        callback=values["callback"],
        counts=TaskCounts(**{name: values[name] for name in COUNTS}),
        read_bytes=values["read_bytes"],
        total_bytes=values["total_bytes"],
        code=values["code"],
        message=values["message"],
        cancelling=values["cancelling"],
        created_at=values["created_at"],
        updated_at=values["updated_at"],
    )


def _not_found(task_id: int) -> TaskNotFound:
    return TaskNotFound(f"There is no task {task_id}.", "List the tasks of the instance.")
