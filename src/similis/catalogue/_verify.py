"""A full check of the catalogue: it is better to stop than to answer wrongly."""

from __future__ import annotations

import logging
from threading import Event, Thread

from sqlalchemy import Connection, Table, func, select

from similis.catalogue._checksums import checked
from similis.catalogue._database import Database
from similis.catalogue._tables import feature, instance, metadata, picture
from similis.domain import StorageFailed

log = logging.getLogger(__name__)

_BATCH = 1000


# Some 30 µs a picture: checked before anything is answered, it keeps a service from starting for three seconds.
_AT_ONCE_UP_TO = 100_000


class _Stopped(Exception):
    """The check was given up, for the database is closed."""


def verify(connection: Connection, stop: Event | None = None) -> None:
    """Check the database's structure, every row's checksum, and that counts and features agree with the pictures.

    Args:
        connection: to the database.
        stop: once set, the check is given up.

    Raises:
        StorageFailed: something is damaged.
    """
    if connection.dialect.name == "sqlite":
        _check_structure(connection)
    for table in metadata.tables.values():
        _check_rows(connection, table, stop or Event())
    _check_counts(connection)


class Verification:
    """The check of a database that was not closed in order.

    A small one is checked at once. A large one is checked by a thread of its own while it is used: its file system
    and its journal see to it that a killed process harms nothing, every row is checked when it is read, and what is
    found damaged stops all further use.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stop = Event()
        self._sound = True
        self._thread = Thread(target=self._run, name="catalogue check", daemon=True)

    def begin(self) -> None:
        """Check it, or begin to.

        Raises:
            StorageFailed: something is damaged.
        """
        with self._database.reading() as connection:
            if _pictures_up_to(connection, _AT_ONCE_UP_TO):
                verify(connection)
                return
        self._sound = False
        log.info("The service was not stopped in order: its catalogue is checked while it runs.")
        self._thread.start()

    def end(self) -> bool:
        """Give the check up, if it is still running; return whether nothing was left unchecked or found damaged."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        return self._sound

    def _run(self) -> None:
        try:
            with self._database.reading() as connection:
                verify(connection, self._stop)
            self._sound = True
        except _Stopped:
            log.debug("The check of the catalogue was given up.")
        except StorageFailed as error:
            log.error("%s %s", error.message, error.hint)  # noqa: TRY400 - the trace tells an operator nothing
            self._database.fail(error)


def _pictures_up_to(connection: Connection, count: int) -> bool:
    return connection.execute(select(picture.c.id).limit(1).offset(count)).first() is None


def _check_structure(connection: Connection) -> None:
    result = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
    if result != "ok":
        raise _damaged(str(result))
    if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise _damaged(f"a row of table {broken[0]} belongs to nothing")


def _check_rows(connection: Connection, table: Table, stop: Event) -> None:
    try:
        for row in connection.execution_options(yield_per=_BATCH).execute(select(table)):
            if stop.is_set():
                raise _Stopped
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
