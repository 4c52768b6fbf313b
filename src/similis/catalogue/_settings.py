"""Named values that belong to the whole catalogue."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from similis.catalogue._checksums import checked, with_checksum
from similis.catalogue._tables import setting


def read_setting(connection: Connection, name: str) -> str | None:
    """Return a setting's value, None when it was never set."""
    row = connection.execute(select(setting).where(setting.c.name == name)).first()
    return None if row is None else str(checked(setting, row)["value"])


def write_setting(connection: Connection, name: str, value: str) -> None:
    """Set a setting, whether or not it was set before."""
    connection.execute(delete(setting).where(setting.c.name == name))
    connection.execute(insert(setting).values(with_checksum(setting, {"name": name, "value": value})))
