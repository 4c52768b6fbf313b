"""What the catalogue stores: as the schema declares it, and as a real database has it."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Column, Connection, Inspector, LargeBinary, Table, func, inspect, select

from similis.catalogue._database import Database
from similis.catalogue._features import BYTES_A_NUMBER
from similis.catalogue._tables import ABOUT, KEPT, UtcDateTime, feature, instance, metadata, picture
from similis.domain import IN_CLEAR, FoundField, StoredField, StoredPlace

_OF_ALEMBIC = StoredPlace(
    "alembic_version",
    "Which version the schema has",
    (StoredField("version_num", "text", "The version"),),
)
_OF_SQLITE = StoredPlace(
    "sqlite_sequence",
    "SQLite's own: the last number that each table gave out",
    (StoredField("name", "text", "Table"), StoredField("seq", "integer", "Number")),
)


def stored_tables() -> tuple[StoredPlace, ...]:
    """Everything that the catalogue may hold, by table."""
    tables = (
        StoredPlace(table.name, table.info.get(ABOUT, ""), _fields(table)) for table in metadata.tables.values()
    )
    return *tables, _OF_ALEMBIC, _OF_SQLITE


def found_columns(url: str, seal_bytes: int) -> list[FoundField]:
    """Return every column of every table and view that a database has, and what else in it is not as declared.

    Args:
        url: of the database.
        seal_bytes: what encryption adds to a vector.

    Raises:
        StorageFailed: it cannot be read.
    """
    database = Database(url)
    try:
        with database.reading() as connection:
            return [*_columns(inspect(connection)), *_triggers(connection), *_not_as_declared(connection, seal_bytes)]
    finally:
        database.close()


def _fields(table: Table) -> tuple[StoredField, ...]:
    return tuple(
        StoredField(column.name, _type(column), column.doc or "", column.info.get(KEPT, IN_CLEAR))
        for column in table.columns
    )


def _type(column: Column[object]) -> str:
    if isinstance(column.type, UtcDateTime):
        return "moment"
    if isinstance(column.type, LargeBinary):
        return "bytes"
    name = column.type.python_type.__name__
    length = getattr(column.type, "length", None)
    words = {"int": "integer", "bool": "yes or no", "str": "text", "float": "number"}
    return words[name] + (f" ≤ {length}" if length else "")


def _columns(inspector: Inspector) -> Iterator[FoundField]:
    names = [*inspector.get_table_names(), *inspector.get_view_names()]
    if inspector.dialect.name == "sqlite":
        names += inspector.get_table_names(sqlite_include_internal=True)
    else:
        names += inspector.get_materialized_view_names()
    for name in dict.fromkeys(names):
        for column in inspector.get_columns(name):
            yield FoundField(name, column["name"])


def _triggers(connection: Connection) -> Iterator[FoundField]:
    """What a database does by itself; nothing of it is ours."""
    own = {"sqlite": "SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'"}
    server = (
        "SELECT event_object_table, trigger_name FROM information_schema.triggers"
        " WHERE trigger_schema = current_schema()"
    )
    for table, name in connection.exec_driver_sql(own.get(connection.dialect.name, server)):
        yield FoundField(table, f"trigger {name}")


def _not_as_declared(connection: Connection, seal_bytes: int) -> Iterator[FoundField]:
    """Vectors that are not encrypted, for a version before wrote them, or not as long as stated."""
    length, in_clear = func.length(feature.c.vector), BYTES_A_NUMBER * instance.c.dimension
    query = (
        select(instance.c.name, (length == in_clear).label("in_clear"), func.count().label("count"))
        .join(picture, picture.c.instance_id == instance.c.id)
        .join(feature, feature.c.picture_id == picture.c.id)
        .where(length != in_clear + seal_bytes)
        .group_by(instance.c.name, "in_clear")
    )
    for row in connection.execute(query):
        wrong = "are not encrypted" if row.in_clear else "are not as long as declared"
        yield FoundField("feature", f"{row.count} vectors of instance {row.name} that {wrong}")
