"""PostgreSQL: one database for any number of gateways."""

from __future__ import annotations

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from similis.domain import InvalidInput, StorageFailed

_DRIVER = "postgresql+psycopg"
_NAMES = {"postgres", "postgresql", _DRIVER}
_CONNECTIONS_KEPT = 8
_CONNECTIONS_MORE = 24  # a server lets in about a hundred in all, unless it is told otherwise
# A server or network that is gone is noticed within a minute; what a URL says goes before this.
_PATIENCE = {
    "connect_timeout": 10, "keepalives_idle": 20, "keepalives_interval": 10, "keepalives_count": 3,
    "tcp_user_timeout": 50_000,
}  # fmt: skip
# Each connection of each process says that somebody is here, for as long as it is open: there is no lock to renew and
# none to be left behind. Whoever clears away what others may still follow asks whether it is alone.
_HERE = int.from_bytes(b"similis", "big")
_SAY_HERE = f"SELECT pg_advisory_lock_shared({_HERE})"
# A gateway that hangs within a transaction must not stop the others for ever. A commit must be on disk: a server may
# be set up to acknowledge it before, and a stronger promise than `on`, of its replicas, is left as it is.
_SET_UP = """
SELECT set_config('lock_timeout', '30s', false),
       set_config('idle_in_transaction_session_timeout', '60s', false),
       set_config('synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'on'), false),
       current_setting('fsync'), current_setting('server_encoding')
"""


def postgresql_url(text: str) -> str:
    """Return the URL of a PostgreSQL database as SQLAlchemy takes it, with the driver that is used here.

    Raises:
        InvalidInput: it is none; the message does not repeat it, for there may be a password inside.
    """
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        url = None
    if url is None or url.drivername not in _NAMES or not url.database:
        raise InvalidInput(
            "The catalogue's address is no URL of a PostgreSQL database.",
            f"Write {_DRIVER}://USER:PASSWORD@HOST:5432/DATABASE; signs such as @ : / in a password as %40 %3A %2F.",
        ) from None
    return url.set(drivername=_DRIVER).render_as_string(hide_password=False)


def open_postgresql(url: URL) -> tuple[Engine, Engine]:
    """Return what reads and what writes the database.

    Readers see one snapshot. Writers see what was committed when a statement begins, as they must once they have
    waited for another writer of the same instance.

    Raises:
        StorageFailed: the driver is not installed.
    """
    patience = {name: value for name, value in _PATIENCE.items() if name not in url.query}
    try:
        engine = create_engine(
            url,
            pool_size=_CONNECTIONS_KEPT,
            max_overflow=_CONNECTIONS_MORE,
            pool_pre_ping=True,  # so that a restart of the server costs no request that comes after it
            hide_parameters=True,  # of a failed statement, which go into messages of errors
            isolation_level="READ COMMITTED",
            connect_args=patience,
        )
    except ImportError:
        raise StorageFailed(
            "A PostgreSQL catalogue needs the package psycopg.", "Install it: pip install 'similis[postgresql]'."
        ) from None
    event.listen(engine, "connect", _set_up)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True), engine


def is_alone(connection: Connection) -> bool:
    """Whether no other connection is open: if so, new ones wait until this transaction has ended."""
    return bool(connection.execute(select(func.pg_try_advisory_xact_lock(_HERE))).scalar())


def _set_up(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute(_SAY_HERE)  # before there is a limit to waiting: clearing away may take longer
    cursor.execute(_SET_UP)
    *_, fsync, encoding = cursor.fetchone() or ("", "")
    cursor.close()
    connection.commit()
    if fsync != "on":
        raise StorageFailed("The PostgreSQL server runs with fsync = off.", "Set it to on: it loses data otherwise.")
    if encoding != "UTF8":
        raise StorageFailed(
            f"The PostgreSQL database is encoded in {encoding}.",
            "Create one WITH ENCODING 'UTF8' TEMPLATE template0.",
        )
