"""A change of an instance's key: its pictures, turned and sealed anew, go into the instance that takes its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from similis.catalogue._change_log import ADD, log_changes
from similis.catalogue._checksums import checked, with_checksum
from similis.catalogue._database import Database
from similis.catalogue._features import insert_vectors, read_vectors
from similis.catalogue._instances import count_pictures, lock_instance
from similis.catalogue._rows import Claim, Sealer, StoredVector
from similis.catalogue._tables import picture, task
from similis.catalogue._task_rows import change_task, lock_claimed
from similis.catalogue._writing import insert_rows
from similis.domain import Instance, PictureKey, Task

Turn: TypeAlias = Callable[[NDArray[np.float16]], NDArray[np.float16]]
_PAGE = 500


class Rekeying:
    """The part of the catalogue that copies an instance for another key, each picture once."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database, self._sealer = database, sealer

    def copy(self, claim: Claim, source: Instance, target: Instance, turn: Turn, until: datetime) -> Task | None:
        """Copy the next pictures with all that is known of them, and move the task's checkpoint behind them.

        When this fails with StorageFailed it may have been done all the same: claim the task again and go on.

        Args:
            claim: to the task.
            source: the live instance, which takes no changes meanwhile.
            target: the shadow that the task fills.
            turn: makes of stored vectors, float16[n, D], those of the target's key.
            until: when the claim ends, unless it is kept further.

        Returns:
            The task as it is then; None when all are copied.

        Raises:
            TaskTaken: the claim was lost, or the task has ended.
            InstanceNotFound: the instance was deleted meanwhile.
        """
        last, rows, vectors = self._page(claim, source)
        if not rows:
            return None
        turned = turn(np.stack([vectors[row["id"]] for row in rows]))
        made = [self._resealed(row, source, target) for row in rows]
        with self._database.writing() as connection:
            lock_instance(connection, target)
            values = lock_claimed(connection, claim)
            if values["line"] == last:  # else an earlier attempt was done all the same
                _store(connection, target, made, turned, self._sealer)
                values["added"] += len(rows)
                values["line"] = rows[-1]["id"]
            return change_task(connection, values, held_until=until, updated_at=datetime.now(UTC))

    def _page(self, claim: Claim, source: Instance) -> tuple[int, list[dict[str, Any]], dict[int, StoredVector]]:
        """The id that was copied last, and what comes behind it, with features."""
        with self._database.reading() as connection:
            last: int = connection.execute(select(task.c.line).where(task.c.id == claim.task_id)).scalar() or 0
            wanted = select(picture).where(picture.c.instance_id == source.id, picture.c.id > last)
            found = connection.execute(wanted.order_by(picture.c.id).limit(_PAGE)).all()
            rows = [checked(picture, row) for row in found]
            return last, rows, read_vectors(connection, source, [row["id"] for row in rows], self._sealer)

    def _resealed(self, row: dict[str, Any], source: Instance, target: Instance) -> dict[str, Any]:
        values = {name: value for name, value in row.items() if name not in {"id", "checksum"}}
        if (sealed := row["custom_content"]) is not None:
            text = self._sealer.unseal(source.uid, sealed)
            values["custom_content"] = self._sealer.seal(target.uid, text)
        return with_checksum(picture, {**values, "instance_id": target.id})


def _store(
    connection: Connection,
    target: Instance,
    rows: Sequence[dict[str, Any]],
    vectors: NDArray[np.float16],
    sealer: Sealer,
) -> None:
    ids = insert_rows(connection, rows)
    placed = [ids[PictureKey(row["product_id"], row["pic_name"])] for row in rows]
    insert_vectors(connection, target, dict(zip(placed, vectors, strict=True)), sealer)
    log_changes(connection, target.id, ADD, placed)
    count_pictures(connection, target, len(rows))
