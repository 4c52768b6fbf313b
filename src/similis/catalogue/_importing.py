"""Lines of increment.meta, applied in batches: what they change, what failed and how far that is, in one commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from sqlalchemy import Connection, select

from similis.catalogue._checksums import checked
from similis.catalogue._database import Database
from similis.catalogue._instances import lock_instance
from similis.catalogue._rows import Batch, Checkpoint, Claim, NewPicture, Removal, Sealer
from similis.catalogue._tables import task
from similis.catalogue._task_failures import insert_failures
from similis.catalogue._task_rows import COUNTS, change_task, lock_claimed, read_task
from similis.catalogue._writing import Additions, remove_named
from similis.domain import Instance, Task, TaskCounts

_Step = Callable[[Connection], TaskCounts]


class Importing:
    """The part of the catalogue that takes in what tasks import, each line once."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database, self._sealer = database, sealer

    def begin(self, claim: Claim, etag: str, total_bytes: int) -> Task:
        """Note which increment.meta a task reads, and how large it is.

        Raises:
            TaskTaken: the claim was lost, or the task has ended.
        """
        with self._database.writing() as connection:
            values = lock_claimed(connection, claim)
            return change_task(connection, values, etag=etag, total_bytes=total_bytes, updated_at=datetime.now(UTC))

    def checkpoint(self, task_id: int) -> Checkpoint:
        """Return where a task goes on.

        Raises:
            TaskNotFound: there is none of this number.
        """
        with self._database.reading() as connection:
            read_task(connection, task_id)
            row = connection.execute(select(task).where(task.c.id == task_id)).one()
        values = checked(task, row)
        return Checkpoint(values["etag"], values["line"], values["read_bytes"])

    def apply(self, claim: Claim, target: Instance, batch: Batch, until: datetime) -> Task:
        """Apply what some lines say to an instance and move the task's checkpoint behind them, all or nothing.

        When this fails with StorageFailed it may have been done all the same, such as when the connection to the
        server broke: claim the task again and go on where its checkpoint is then.

        Args:
            claim: to the task.
            target: the task's instance, or the shadow that its rebuild fills.
            batch: the lines.
            until: when the claim ends, unless it is kept further.

        Returns:
            The task as it is then.

        Raises:
            TaskTaken: the claim was lost, or the task has ended.
            CapacityReached: the instance would hold too many pictures.
            InstanceNotFound: the instance was deleted meanwhile.
            ValueError: a vector has not the instance's dimension, or numbers that are not finite.
        """
        steps = list(self._steps(target, batch))
        with self._database.writing() as connection:
            lock_instance(connection, target)
            values = lock_claimed(connection, claim)
            done = TaskCounts(lines=batch.lines, failed=len(batch.failures))
            for step in steps:
                done += step(connection)
            insert_failures(connection, values, batch.failures)
            counts = {name: values[name] + getattr(done, name) for name in COUNTS}
            place = {"line": batch.line, "read_bytes": batch.read_bytes, "updated_at": datetime.now(UTC)}
            return change_task(connection, values, **counts, **place, held_until=until)

    def _steps(self, target: Instance, batch: Batch) -> Iterator[_Step]:
        """What to do within the transaction: runs of additions and runs of removals, in turn."""
        for kind, run in groupby(batch.operations, key=type):
            if kind is Removal:
                yield _Removing(target, [each for each in run if isinstance(each, Removal)])
            else:
                pictures = [each for each in run if isinstance(each, NewPicture)]
                yield _Adding(Additions(target, pictures, self._sealer))


@dataclass(frozen=True)
class _Adding:
    additions: Additions

    def __call__(self, connection: Connection) -> TaskCounts:
        replaced = self.additions.store(connection)
        return TaskCounts(added=len(replaced), replaced=sum(replaced))


@dataclass(frozen=True)
class _Removing:
    target: Instance
    removals: list[Removal]

    def __call__(self, connection: Connection) -> TaskCounts:
        return TaskCounts(deleted=remove_named(connection, self.target, self.removals))
