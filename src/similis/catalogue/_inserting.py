"""Inserting a row that may be there already, perhaps by another gateway at this moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table
from sqlalchemy.dialects import postgresql, sqlite

from similis.catalogue._checksums import with_checksum


def insert_new(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row with its checksum unless one with a key of it is there; return whether it was new."""
    statement = _insert(connection)(table).values(with_checksum(table, values)).on_conflict_do_nothing()
    return connection.execute(statement.returning(*table.primary_key)).first() is not None


def insert_all_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> Sequence[Row[Any]]:
    """Insert rows with their checksums, but none whose key is there, and return the keys of the new ones."""
    statement = _insert(connection)(table).values([with_checksum(table, values) for values in rows])
    return connection.execute(statement.on_conflict_do_nothing().returning(*table.primary_key)).all()


def put(connection: Connection, table: Table, values: Mapping[str, Any]) -> None:
    """Insert a row with its checksum, in place of the one with the same primary key."""
    row = with_checksum(table, values)
    statement = _insert(connection)(table).values(row)
    key = [column.name for column in table.primary_key]
    connection.execute(statement.on_conflict_do_update(index_elements=key, set_=row))


def _insert(connection: Connection) -> Any:  # noqa: ANN401 - two classes of the same form
    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
