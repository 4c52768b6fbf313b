"""Connections to storage in the catalogue; their secrets come and go sealed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection as Session
from sqlalchemy import delete, select

from similis.catalogue._checksums import checked
from similis.catalogue._database import Database
from similis.catalogue._inserting import insert_new
from similis.catalogue._instances import hold_names
from similis.catalogue._keyring import require_keyring
from similis.catalogue._tables import connection as connection_table
from similis.catalogue._tables import task
from similis.catalogue._task_rows import PROCESSING
from similis.domain import Connection, ConnectionExists, ConnectionNotFound, Provider, TaskRunning


class Connections:
    """The part of the catalogue that knows where pictures can be imported from."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, connection: Connection, sealed: bytes | None) -> Connection:
        """Store a connection with its sealed credentials, if it has any, and return it with the time of this.

        Raises:
            ConnectionExists: the name is taken.
            InstanceNotFound: one of its instances does not exist.
        """
        made = replace(connection, created_at=datetime.now(UTC))
        with self._database.writing() as session:
            hold_names(session, made.instances)
            require_keyring(session, self._database)
            if not insert_new(session, connection_table, _row(made, sealed)):
                raise ConnectionExists(
                    f"The connection {made.name!r} exists already.", "Choose another name or delete it first."
                )
        return made

    def get(self, name: str) -> tuple[Connection, bytes | None]:
        """Return a connection and its sealed credentials, None where the environment has them.

        Raises:
            ConnectionNotFound: there is none of this name.
        """
        with self._database.reading() as session:
            values = _read(session, name)
        return _connection(values), values["sealed_credentials"]

    def all(self) -> list[Connection]:
        """Return all connections by name."""
        with self._database.reading() as session:
            rows = session.execute(select(connection_table).order_by(connection_table.c.name))
            return [_connection(checked(connection_table, row)) for row in rows]

    def remove(self, name: str) -> Connection:
        """Remove a connection with its credentials and return it.

        Raises:
            ConnectionNotFound: there is none of this name.
            TaskRunning: a task reads from it.
        """
        with self._database.writing() as session:
            removed = _connection(_read(session, name, lock=True))
            using = select(task.c.id).where(PROCESSING, task.c.connection == name)
            task_id = session.execute(using.limit(1)).scalar()
            if task_id is not None:
                raise TaskRunning(
                    f"Task {task_id} reads from the connection {name!r}.", "Wait until it has ended, or cancel it."
                )
            session.execute(delete(connection_table).where(connection_table.c.name == name))
        return removed


def hold_connection(session: Session, name: str) -> None:
    """Keep a connection from being removed during this transaction.

    Raises:
        ConnectionNotFound: there is none of this name.
    """
    wanted = select(connection_table.c.name).where(connection_table.c.name == name)
    if session.execute(wanted.with_for_update(read=True)).first() is None:
        raise _not_found(name)


def _read(session: Session, name: str, *, lock: bool = False) -> dict[str, Any]:
    query = select(connection_table).where(connection_table.c.name == name)
    row = session.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise _not_found(name)
    return checked(connection_table, row)


def _not_found(name: str) -> ConnectionNotFound:
    return ConnectionNotFound(f"There is no connection {name[:60]!r}.", "Create it first, or check the spelling.")


def _row(made: Connection, sealed: bytes | None) -> dict[str, Any]:
    return {
        "name": made.name,
        "provider": made.provider.value,
        "endpoint": made.endpoint,
        "region": made.region,
        "bucket": made.bucket,
        "root": made.root,
        "role_arn": made.role_arn,
        "instances": json.dumps(made.instances),
        "access_key_id": made.access_key_id,
        "sealed_credentials": sealed,
        "created_at": made.created_at,
    }


def _connection(values: Mapping[str, Any]) -> Connection:
    kept = ("name", "endpoint", "region", "bucket", "root", "role_arn", "access_key_id", "created_at")
    return Connection(
        provider=Provider(values["provider"]),
        instances=tuple(json.loads(values["instances"])),
        **{name: values[name] for name in kept},
    )
