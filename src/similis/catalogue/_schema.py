"""Schema versions: brought up to date when the catalogue is opened."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from similis.catalogue._database import Database
from similis.domain import StorageFailed

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
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _current(connection: Connection) -> tuple[str, ...]:
    return tuple(MigrationContext.configure(connection).get_current_heads())
