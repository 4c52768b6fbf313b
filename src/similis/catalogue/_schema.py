"""Schema versions: brought up to date when the catalogue is opened."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

from similis.catalogue._database import Database
from similis.domain import StorageFailed

_MIGRATING = 0x51317115  # names the lock, in all versions
_SCRIPTS = Path(__file__).parent / "migrations"


def migrate(database: Database) -> None:
    """Bring the schema up to date in one transaction.

    Raises:
        StorageFailed: the database was made by a newer version, or cannot be used.
    """
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    with database.reading() as connection:
        current = _current(connection)
    if current == (scripts.get_current_head(),):
        return
    known = {script.revision for script in scripts.walk_revisions()}
    if len(current) > 1 or not known.issuperset(current):
        found = ", ".join(map(str, current))[:40]
        raise StorageFailed(
            f"The catalogue has schema {found!r}, which this version of Similis does not know.",
            "It was made by a newer Similis, use that one; or it is damaged, restore it from a backup.",
        )
    with database.writing() as connection:
        if database.shared:  # others may be about to do the same; who comes later finds it done
            connection.execute(select(func.pg_advisory_xact_lock(_MIGRATING)))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_new(database: Database) -> bool:
    """Whether a database has no schema yet.

    Raises:
        StorageFailed: it cannot be used.
    """
    with database.reading() as connection:
        return not _current(connection)


def _current(connection: Connection) -> tuple[str, ...]:
    return tuple(MigrationContext.configure(connection).get_current_heads())
