"""Named values that belong to the whole catalogue."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from similis.catalogue._checksums import checked
from similis.catalogue._inserting import insert_new, put
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
    put(connection, setting, {"name": name, "value": value})


def claim_setting(connection: Connection, name: str, value: str) -> str:
    """Set a setting unless it is set, and return what it is now."""
    new = insert_new(connection, setting, {"name": name, "value": value})
    return value if new else read_setting(connection, name) or value
