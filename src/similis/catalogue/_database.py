"""Connections and transactions; what goes wrong in them becomes one kind of error."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from similis.domain import StorageFailed

_BUSY_MILLISECONDS = 10_000
_CONNECTIONS_KEPT = 8
_CONNECTIONS_MORE = 56  # threads that read at once beyond those kept
_WRITING = "similis_writing"
_ADVICE = {
    "disk is full": "Free some space where the data directory is.",
    "readonly": "Check that this user may write the data directory and that its file system is not read-only.",
    "unable to open": "Check that the data directory exists and that this user may read and write it.",
    "locked": "Another program holds the database; stop it and try again.",
    "malformed": "The file is damaged; restore the data directory from a backup.",
    "not a database": "The file is damaged or no catalogue; restore the data directory from a backup.",
}
_GENERAL_ADVICE = "Check the disk that holds the data directory; if the file is damaged, restore it from a backup."


class Database:
    """A SQL database with many readers and one writer at a time."""

    def __init__(self, url: str) -> None:
        with storage_failures():
            self.engine = create_engine(
                url,
                pool_size=_CONNECTIONS_KEPT,
                max_overflow=_CONNECTIONS_MORE,
                hide_parameters=True,  # of a failed statement, which go into messages of errors
            )
        if self.engine.dialect.name == "sqlite":
            _prepare_sqlite(self.engine)
        self._write_lock = threading.Lock()
        self._closed = False

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One snapshot of the data.

        Raises:
            StorageFailed: the database cannot be read.
        """
        self._check_open()
        with storage_failures(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction, on disk when the block ends and undone when it raises.

        Raises:
            StorageFailed: the database cannot be written.
        """
        engine = self.engine.execution_options(**{_WRITING: True})
        with self._write_lock:
            self._check_open()
            with storage_failures(), engine.begin() as connection:
                yield connection

    @contextmanager
    def still(self) -> Iterator[None]:
        """Keep other threads from writing while the block runs."""
        with self._write_lock:
            yield

    def close(self) -> None:
        """Wait for a transaction that writes, then close all connections for good: another process may come now."""
        with self._write_lock:
            self._closed = True
        self.engine.dispose()

    def _check_open(self) -> None:
        if self._closed:
            raise StorageFailed("The catalogue is closed.", "Open the data directory again.")


def sqlite_url(file: Path) -> str:
    """Return the URL of a SQLite file, whatever characters its path has."""
    return URL.create("sqlite", database=str(file.absolute())).render_as_string()


@contextmanager
def storage_failures() -> Iterator[None]:
    """Turn the database's own errors into StorageFailed."""
    try:
        yield
    except DBAPIError as error:
        raise _explained(str(error.orig)) from error
    except (SQLAlchemyError, sqlite3.Error, UnicodeDecodeError) as error:
        raise _explained(str(error)) from error


def _explained(reason: str) -> StorageFailed:
    hint = next((advice for sign, advice in _ADVICE.items() if sign in reason), _GENERAL_ADVICE)
    return StorageFailed(f"The catalogue cannot be used: {reason}.", hint)


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={_BUSY_MILLISECONDS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cell_size_check=ON",
            "secure_delete=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer takes its lock at once: one that begins as a reader could not wait for another writer.
        writing = connection.get_execution_options().get(_WRITING)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
