"""Instances that users do not see: a rebuild fills one beside the live instance, then they change places."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from similis.catalogue._change_log import last_seq
from similis.catalogue._checksums import with_checksum
from similis.catalogue._database import Database
from similis.catalogue._instances import change_row, insert_instance, lock_instance, read_instance_of_id
from similis.catalogue._keyring import require_keyring
from similis.catalogue._rows import Claim
from similis.catalogue._tables import shadow, task
from similis.catalogue._task_rows import PROCESSING, change_task, lock_claimed, lock_task
from similis.catalogue._tasks import end_task
from similis.domain import INSTANCE_SETTINGS, Instance, TaskKind, TaskStatus

_PREFIX = "rebuild-"


class Shadows:
    """The part of the catalogue that knows the instances behind the live ones."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, claim: Claim, instance: Instance, uid: str) -> Instance:
        """Make the empty instance that a rebuild fills: like the live one, but with a key and a name of its own.

        Args:
            claim: to the rebuild.
            instance: the live one.
            uid: of the new one's key in the keyring.

        Raises:
            TaskTaken: the claim was lost, or the task has ended.
            InstanceNotFound: the live instance was deleted meanwhile.
        """
        with self._database.writing() as connection:
            lock_instance(connection, instance)
            lock_claimed(connection, claim)
            require_keyring(connection, self._database)
            live = read_instance_of_id(connection, instance.id)  # its settings may be others than when it was read
            spec = replace(live.spec, name=_hidden_name())
            made = insert_instance(
                connection, spec, uid=uid, index=live.index, model=live.model, dimension=live.dimension
            )
            _insert_shadow(connection, made.id, claim.task_id)
        return made

    def of(self, task_id: int) -> Instance | None:
        """Return the instance that a task fills, or has put away; None where there is none."""
        with self._database.reading() as connection:
            wanted = select(shadow.c.instance_id).where(shadow.c.task_id == task_id)
            instance_id = connection.execute(wanted).scalar()
            return None if instance_id is None else read_instance_of_id(connection, instance_id)

    def hides(self, instance: Instance) -> bool:
        """Tell whether an instance is one that users do not see."""
        if not instance.name.startswith(_PREFIX):  # as they all do, so that others cost nothing
            return False
        with self._database.reading() as connection:
            wanted = select(shadow.c.task_id).where(shadow.c.instance_id == instance.id)
            return connection.execute(wanted).first() is not None

    def retired(self, ended_by: datetime) -> list[Instance]:
        """Return those that are no longer needed: what a failed rebuild has left, and what others have replaced.

        Args:
            ended_by: of the latter only what was replaced by this moment; searches may still be under way in others.
        """
        ended = select(shadow.c.instance_id).join(task, task.c.id == shadow.c.task_id).where(~PROCESSING)
        ended = ended.where((task.c.status == TaskStatus.FAIL.value) | (task.c.updated_at <= ended_by))
        with self._database.reading() as connection:
            ids = connection.execute(ended.order_by(shadow.c.instance_id)).scalars().all()
            return [read_instance_of_id(connection, each) for each in ids]

    def swap(self, claim: Claim, instance: Instance, filled: Instance) -> Instance:
        """Put a filled shadow in the live instance's place and end the rebuild well, in one step.

        The new one gets name, time of making, kind of index, settings and tasks of the old one, which becomes a
        shadow until it is removed.

        Args:
            claim: to the rebuild.
            instance: the live one.
            filled: its shadow.

        Returns:
            The new live instance.

        Raises:
            TaskCancelled: the rebuild was asked to stop; all stays as it is.
            TaskTaken: the claim was lost, or the task has ended.
            InstanceNotFound: an instance was deleted meanwhile.
        """
        with self._database.writing() as connection:
            for each in (instance, filled):
                lock_instance(connection, each)
            lock_claimed(connection, claim)
            old = read_instance_of_id(connection, instance.id)  # it may have been moved to another index meanwhile
            change_row(connection, old.id, name=_hidden_name())
            change_row(connection, filled.id, **_passed_on(old))
            _move_tasks(connection, instance, filled)
            connection.execute(delete(shadow).where(shadow.c.task_id == claim.task_id))
            _insert_shadow(connection, instance.id, claim.task_id)
            end_task(connection, lock_claimed(connection, claim), TaskStatus.SUCCESS)
            return read_instance_of_id(connection, filled.id)


def _hidden_name() -> str:
    return f"{_PREFIX}{secrets.token_hex(6)}"


def _passed_on(old: Instance) -> dict[str, object]:
    """What an instance gives to the one that takes its place."""
    settings = {name: getattr(old, name) for name in INSTANCE_SETTINGS}
    return {"name": old.name, "created_at": old.created_at, "index_kind": old.index, **settings}


def _insert_shadow(connection: Connection, instance_id: int, task_id: int) -> None:
    values = {"instance_id": instance_id, "task_id": task_id}
    connection.execute(insert(shadow).values(with_checksum(shadow, values)))


def _move_tasks(connection: Connection, old: Instance, new: Instance) -> None:
    """Give tasks to another instance; exports are from now on about the pictures that are in that now."""
    now = last_seq(connection, new.id)
    ids = connection.execute(select(task.c.id).where(task.c.instance_id == old.id).order_by(task.c.id)).scalars()
    for task_id in ids.all():
        values = lock_task(connection, task_id)
        until = now if values["kind"] == TaskKind.EXPORT.value else values["until_seq"]
        change_task(connection, values, instance_id=new.id, until_seq=until)
