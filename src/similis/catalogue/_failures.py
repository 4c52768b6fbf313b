"""What goes wrong in a database becomes one kind of error, with advice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from similis.domain import StorageFailed

_RESTORE = "The file is damaged; restore the data directory from a backup."
_REACH = "Check that the PostgreSQL server runs and can be reached; Similis goes on by itself once it can."
_RESTARTED = "The PostgreSQL server was restarted; try again, Similis connects anew by itself."
_ADVICE = {
    "disk is full": "Free some space where the data directory is.",
    "readonly": "Check that this user may write the data directory and that its file system is not read-only.",
    "unable to open": "Check that the data directory exists and that this user may read and write it.",
    "locked": "Another program holds the database; stop it and try again.",
    "malformed": _RESTORE,
    "not a database": "The file is damaged or no catalogue; restore the data directory from a backup.",
    "authentication failed": "Check user and password in the URL of the catalogue, or in the password file.",
    'FATAL:  role "': "Check user and password in the URL of the catalogue.",
    "no password supplied": "Put the password into the URL of the catalogue or into a password file.",
    "no pg_hba.conf entry": "Let the PostgreSQL server accept this user from this machine (pg_hba.conf).",
    "starting up": _RESTARTED,
    "shutting down": _RESTARTED,
    "not yet accepting": _RESTARTED,
    "terminating connection": _RESTARTED,
    "server closed the connection": _RESTARTED,
    "connection is closed": _RESTARTED,
    "connection is lost": _RESTARTED,
    "connection failed": _REACH,
    "connection is bad": _REACH,
    "connection timeout": _REACH,
    "resolve host": _REACH,
    "lock timeout": "Another gateway has been writing for long; try again.",
    "too many clients": "Raise max_connections of the PostgreSQL server: a gateway uses up to 32.",
    "connection slots": "Raise max_connections of the PostgreSQL server: a gateway uses up to 32.",
    "permission denied": "Make the user in the URL of the catalogue the owner of its database.",
    "No space left": "Free some space where the PostgreSQL server keeps its data.",
    "read-only transaction": "The server accepts no writes; name the primary in the URL of the catalogue.",
}
_MISSING = "Create the database first (createdb), with the user in the URL of the catalogue as its owner."
_GENERAL_ADVICE = "Check the disk that holds the data directory; if the file is damaged, restore it from a backup."
_SERVER_ADVICE = "Look into the log of the PostgreSQL server."


@contextmanager
def storage_failures() -> Iterator[None]:
    """Turn the database's own errors into StorageFailed."""
    try:
        yield
    except DBAPIError as error:
        raise _explained(error.orig or error) from error
    except (SQLAlchemyError, sqlite3.Error, UnicodeDecodeError) as error:
        raise _explained(error) from error


def _explained(error: BaseException) -> StorageFailed:
    reason = next(iter(str(error).splitlines()), type(error).__name__)  # further lines may repeat values of a row
    of_server = type(error).__module__.startswith("psycopg")
    hint = next((advice for sign, advice in _ADVICE.items() if sign in reason), None)
    if of_server and "database" in reason and "does not exist" in reason:
        hint = _MISSING
    return StorageFailed(
        f"The catalogue cannot be used: {reason.rstrip('.')}.",
        hint or (_SERVER_ADVICE if of_server else _GENERAL_ADVICE),
    )
