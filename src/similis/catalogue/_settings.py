"""Named values that belong to the whole catalogue."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from similis.catalogue._checksums import checked, with_checksum
from similis.catalogue._tables import setting


def read_setting(connection: Connection, name: str) -> str | None:
    """Return a setting's value, None when it was never set."""
    row = connection.execute(select(setting).where(setting.c.name == name)).first()
    return None if row is None else str(checked(setting, row)["value"])


def names_below(connection: Connection, prefix: str) -> list[str]:
    """Return what follows the prefix in the names of settings that begin with it."""
    names = connection.execute(select(setting.c.name).order_by(setting.c.name)).scalars()
    return [name.removeprefix(prefix) for name in names if name.startswith(prefix)]


def forget_setting(connection: Connection, name: str) -> None:
    """Remove a setting, if it is there."""
    connection.execute(delete(setting).where(setting.c.name == name))


def write_setting(connection: Connection, name: str, value: str) -> None:
    """Set a setting, whether or not it was set before."""
    forget_setting(connection, name)
    connection.execute(insert(setting).values(with_checksum(setting, {"name": name, "value": value})))
