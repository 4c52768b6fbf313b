"""What of the lines of imports could not be applied, by task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select

from similis.catalogue._checksums import checked, with_checksum
from similis.catalogue._database import Database
from similis.catalogue._tables import task_failure
from similis.domain import TaskFailure

_FIELDS = "line", "product_id", "pic_name", "code", "message"
_CHUNK = 1000


def insert_failures(connection: Connection, values: Mapping[str, Any], failures: Sequence[TaskFailure]) -> None:
    """Append failures to those of a reserved task, whose row counts these."""
    rows = [
        with_checksum(
            task_failure,
            {"task_id": values["id"], "number": number, **{name: getattr(failure, name) for name in _FIELDS}},
        )
        for number, failure in enumerate(failures, start=values["failed"])
    ]
    if rows:
        connection.execute(insert(task_failure), rows)


def read_failures(database: Database, task_id: int) -> Iterator[TaskFailure]:
    """Yield the failures of a task in their order, read in chunks, each a transaction of its own."""
    after = -1
    while True:
        with database.reading() as connection:
            rows = _read_chunk(connection, task_id, after)
        yield from (TaskFailure(**{name: values[name] for name in _FIELDS}) for values in rows)
        if len(rows) < _CHUNK:
            return
        after = rows[-1]["number"]


def _read_chunk(connection: Connection, task_id: int, after: int) -> list[dict[str, Any]]:
    wanted = task_failure.c.task_id == task_id, task_failure.c.number > after
    query = select(task_failure).where(*wanted).order_by(task_failure.c.number).limit(_CHUNK)
    return [checked(task_failure, row) for row in connection.execute(query)]
