"""Schema versions: brought up to date when the catalogue is opened."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, column, func, inspect, select, table

from similis.catalogue._database import Database
from similis.domain import StorageFailed

_MIGRATING = 0x51317115  # names the lock, in all versions
_SCRIPTS = Path(__file__).parent / "migrations"
_NOTED = table("alembic_version", column("version_num"))


def migrate(database: Database) -> None:
    """Bring the schema up to date in one transaction.

    Raises:
        StorageFailed: the database was made by a newer version, or cannot be used.
    """
    known = revisions()
    with database.reading() as connection:
        current = _current(connection)
    if current == known[-1:]:
        return
    if len(current) > 1 or not set(known).issuperset(current):
        found = ", ".join(map(str, current))[:40]
        raise StorageFailed(
            f"The catalogue has schema {found!r}, which this version of Similis does not know.",
            "It was made by a newer Similis, use that one; or it is damaged, restore it from a backup.",
        )
    with database.writing() as connection:
        if database.shared:  # others may be about to do the same; who comes later finds it done
            connection.execute(select(func.pg_advisory_xact_lock(_MIGRATING)))
        _upgrade(connection)


def is_new(database: Database) -> bool:
    """Whether a database has no schema yet.

    Raises:
        StorageFailed: it cannot be used.
    """
    with database.reading() as connection:
        return not _current(connection)


def revisions() -> list[str]:
    """The versions that the schema has had, the present one last: the scripts that lead to them are named by them."""
    return sorted(script.stem[1:5] for script in (_SCRIPTS / "versions").glob("r[0-9]*.py"))


def _current(connection: Connection) -> list[str]:
    if not inspect(connection).has_table(_NOTED.name):
        return []
    return list(connection.scalars(select(_NOTED.c.version_num)))


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - takes long to load, and nearly every start finds nothing to do
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
