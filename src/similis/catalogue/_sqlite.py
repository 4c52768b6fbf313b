"""SQLite: one file, one process at a time that writes."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

_BUSY_MILLISECONDS = 10_000
_CONNECTIONS_KEPT = 8
_CONNECTIONS_MORE = 56  # threads that read at once beyond those kept
_WRITING = "similis_writing"


def sqlite_url(file: Path) -> str:
    """Return the URL of a SQLite file, whatever characters its path has."""
    return URL.create("sqlite", database=str(file.absolute())).render_as_string()


class Version:
    """Tells whether another process has written to a database of this machine."""

    def __init__(self, file: str) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._asking = threading.Lock()

    def __call__(self) -> int:
        """A number that is another one after each transaction of others (PRAGMA data_version)."""
        with self._asking:
            version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return version

    def close(self) -> None:
        """Ask no more."""
        with self._asking:
            self._connection.close()


def open_sqlite(url: URL, *, read_only: bool = False) -> tuple[Engine, Engine]:
    """Return what reads and what writes the database; the latter cannot where it is opened to be read only."""
    engine = create_engine(
        url,
        pool_size=_CONNECTIONS_KEPT,
        max_overflow=_CONNECTIONS_MORE,
        hide_parameters=True,  # of a failed statement, which go into messages of errors
    )
    _prepare(engine, read_only=read_only)
    return engine, engine.execution_options(**{_WRITING: True})


def _prepare(engine: Engine, *, read_only: bool) -> None:
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
            f"query_only={int(read_only)}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer takes its lock at once: one that begins as a reader could not wait for another writer.
        writing = connection.get_execution_options().get(_WRITING)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
