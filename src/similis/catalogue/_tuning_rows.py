"""Tunings of instances in the catalogue; the transforms come and go sealed."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from similis.catalogue._checksums import checked, with_checksum
from similis.catalogue._tables import transform, tuning
from similis.domain import Tuning, as_json, tuning_from_json


def write_tuning(connection: Connection, instance_id: int, report: Tuning, sealed: bytes | None) -> None:
    """Keep how a tuning did, in place of the one before, and its transform unless it was not adopted."""
    remove_tuning(connection, instance_id)
    kept = {"instance_id": instance_id, "report": json.dumps(as_json(report))}
    connection.execute(insert(tuning).values(with_checksum(tuning, kept)))
    if sealed is not None:
        kept_sealed = {"instance_id": instance_id, "sealed": sealed}
        connection.execute(insert(transform).values(with_checksum(transform, kept_sealed)))


def remove_tuning(connection: Connection, instance_id: int) -> None:
    """Forget an instance's tuning, if it has one."""
    for table in (tuning, transform):
        connection.execute(delete(table).where(table.c.instance_id == instance_id))


def read_tuning(connection: Connection, instance_id: int) -> Tuning | None:
    """Return how an instance's tuning did, None without one."""
    row = connection.execute(select(tuning).where(tuning.c.instance_id == instance_id)).first()
    return None if row is None else _tuning(row)


def read_tunings(connection: Connection) -> dict[int, Tuning]:
    """Return how the tunings of all instances did, by instance id."""
    return {row.instance_id: _tuning(row) for row in connection.execute(select(tuning))}


def read_transform(connection: Connection, instance_id: int) -> bytes | None:
    """Return the sealed transform of an instance's tuning, None where none is used."""
    row = connection.execute(select(transform).where(transform.c.instance_id == instance_id)).first()
    return None if row is None else bytes(checked(transform, row)["sealed"])


def _tuning(row: Row[Any]) -> Tuning:
    return tuning_from_json(json.loads(checked(tuning, row)["report"]))
