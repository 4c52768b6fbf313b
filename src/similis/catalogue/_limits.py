"""Access keys and connections that are for some instances only: by name, yet never for a later one of that name."""

from __future__ import annotations

import json
from collections.abc import Collection

from sqlalchemy import Connection, Table, delete, select, update

from similis.catalogue._checksums import checked, with_checksum
from similis.catalogue._tables import access_key, instance
from similis.catalogue._tables import connection as connection_table


def release_names(connection: Connection, gone: Collection[str]) -> None:
    """Take the names of deleted instances out of what is limited to them, for others may be made under these names.

    A key that is left without any is disabled, for without a limit it would be for all; a connection is removed with
    its credentials, which nothing can use any more.
    """
    for table in (access_key, connection_table):
        for row in connection.execute(select(table).with_for_update()).all():
            _release(connection, table, checked(table, row), gone)


def release_deleted(connection: Connection) -> None:
    """Do that for all instances that are not there: earlier versions left their names where they were."""
    named: set[str] = set()
    for table in (access_key, connection_table):
        for listed in connection.execute(select(table.c.instances)).scalars():
            named.update(json.loads(listed))
    if gone := named.difference(connection.execute(select(instance.c.name)).scalars()):
        release_names(connection, gone)


def _release(connection: Connection, table: Table, values: dict[str, object], gone: Collection[str]) -> None:
    names = json.loads(str(values["instances"]))
    left = [name for name in names if name not in gone]
    key = next(iter(table.primary_key))
    this = key == values[key.name]
    if len(left) == len(names):
        return
    if left:
        changed = with_checksum(table, {**values, "instances": json.dumps(left)})
        connection.execute(update(table).where(this).values(changed))
    elif table is access_key:
        changed = with_checksum(table, {**values, "disabled": True})
        connection.execute(update(table).where(this).values(changed))
    else:
        connection.execute(delete(table).where(this))
