"""Tasks as they begin: one of a kind at a time in each instance."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from similis.catalogue._checksums import with_checksum
from similis.catalogue._instances import check_visible, lock_instance
from similis.catalogue._rows import CallbackState
from similis.catalogue._tables import task
from similis.catalogue._task_rows import COUNTS, PROCESSING
from similis.domain import Instance, InstanceEmpty, TaskKind, TaskRunning, TaskStatus

_CHANGING = (TaskKind.IMPORT, TaskKind.REBUILD, TaskKind.REKEY)


def reserve_for_task(connection: Connection, instance: Instance, kind: TaskKind) -> int:
    """Reserve an instance for a task of a kind; return the number of its pictures.

    Raises:
        TaskRunning: another one is under way.
        InstanceEmpty: there is nothing to rebuild.
        InstanceNotFound: the instance was deleted meanwhile.
        InstanceRebuilding: the instance was replaced by a rebuild since it was read.
    """
    count = lock_instance(connection, instance)
    group = _CHANGING if kind in _CHANGING else (kind,)
    same = task.c.instance_id == instance.id, PROCESSING, task.c.kind.in_([each.value for each in group])
    running = connection.execute(select(task.c.id).where(*same).limit(1)).scalar()
    if running is not None:
        raise TaskRunning(
            f"Task {running} is under way in the instance {instance.name!r}.",
            "Wait until it has ended, or cancel it.",
        )
    check_visible(connection, instance)
    if kind is TaskKind.REBUILD and not count:
        raise InstanceEmpty(
            f"The instance {instance.name!r} holds no picture, so there is nothing to rebuild.",
            "Import into it without a rebuild.",
        )
    return count


def insert_task(connection: Connection, instance: Instance, asked: Mapping[str, object]) -> int:
    """Make a task with the columns in which it was asked for, and return its number."""
    now = datetime.now(UTC)
    values = {
        **dict.fromkeys(task.c.keys()),
        **dict.fromkeys(COUNTS, 0),
        "instance_id": instance.id, "status": TaskStatus.PROCESSING.value, "line": 0, "read_bytes": 0, "message": "",
        "cancelling": False, "callback_attempts": 0, "callback_at": now, "created_at": now, "updated_at": now,
        "callback_state": (CallbackState.PENDING if asked["callback"] else CallbackState.NONE).value,
        **asked,
    }  # fmt: skip
    row = with_checksum(task, values)
    del row["id"]
    task_id: int = connection.execute(insert(task).values(row).returning(task.c.id)).scalar_one()
    return task_id
