"""A full check of the catalogue: it is better to stop than to answer wrongly."""

from __future__ import annotations

from sqlalchemy import Connection, Table, func, select

from similis.catalogue._checksums import checked
from similis.catalogue._tables import feature, instance, metadata, picture
from similis.domain import StorageFailed

_BATCH = 1000


def verify(connection: Connection) -> None:
    """Check the database's structure, every row's checksum, and that counts and features agree with the pictures.

    Raises:
        StorageFailed: something is damaged.
    """
    if connection.dialect.name == "sqlite":
        _check_structure(connection)
    for table in metadata.tables.values():
        _check_rows(connection, table)
    _check_counts(connection)


def _check_structure(connection: Connection) -> None:
    result = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
    if result != "ok":
        raise _damaged(str(result))
    if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise _damaged(f"a row of table {broken[0]} belongs to nothing")


def _check_rows(connection: Connection, table: Table) -> None:
    try:
        for row in connection.execution_options(yield_per=_BATCH).execute(select(table)):
            checked(table, row)
    except (TypeError, ValueError) as error:  # a value that its column's type cannot read
        raise _damaged(f"a row of table {table.name} cannot be read") from error


def _check_counts(connection: Connection) -> None:
    counts = select(picture.c.instance_id, func.count().label("pictures")).group_by(picture.c.instance_id).subquery()
    found = func.coalesce(counts.c.pictures, 0)
    query = select(instance.c.name).join(counts, counts.c.instance_id == instance.c.id, isouter=True)
    if wrong := connection.execute(query.where(instance.c.picture_count != found)).first():
        raise _damaged(f"instance {wrong.name} has lost pictures or counts wrongly")
    bare = select(picture.c.id).join(feature, isouter=True).where(feature.c.picture_id.is_(None))
    if connection.execute(bare.limit(1)).first():
        raise _damaged("a picture has lost its features")


def _damaged(what: str) -> StorageFailed:
    return StorageFailed(f"The catalogue is damaged: {what}.", "Restore the data directory from a backup.")
