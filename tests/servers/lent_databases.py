"""Databases that tests use one after the other: PostgreSQL takes longer to make one than most tests to run."""

from __future__ import annotations

from collections.abc import Callable

from tests.servers.postgres_server import PostgresServer

_EMPTY = """
DO $$ DECLARE name text; BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET LOCAL session_replication_role = replica; -- whatever refers to what
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
    PERFORM setval(format('%I', sequencename)::regclass, start_value, false) FROM pg_sequences;
END $$;
"""
_SCHEMA = """
SELECT md5(string_agg(part, chr(10) ORDER BY part)) FROM (
    SELECT format('%s %s %s', relname, relkind, relacl) FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT format('%s %s %s %s', relname, attname, atttypid, attnotnull)
        FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT format('%s %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT tgname FROM pg_trigger
    UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT version_num FROM alembic_version
    UNION ALL SELECT setconfig::text FROM pg_db_role_setting JOIN pg_database ON setdatabase = pg_database.oid
        WHERE datname = current_database()
) AS parts (part)
"""


class LentDatabases:
    """Lends databases without rows, each to one test at a time.

    Args:
        server: where they are.
        prepare: makes the tables in an empty database.
    """

    def __init__(self, server: PostgresServer, prepare: Callable[[str], None]) -> None:
        self._server = server
        self._prepare = prepare
        self._free: list[str] = []
        self._schema = ""

    def lend(self) -> str:
        """The URL of a database with all tables, and nothing in them."""
        if not self._free:
            url = self._server.fresh_database()
            self._prepare(url)
            self._schema = self._emptied(url)
            self._free.append(url)
        return self._free.pop()

    def take_back(self, url: str) -> None:
        """Empty a database for the next test. One whose tables or rights are no longer as they were is removed."""
        if self._emptied(url) == self._schema:
            self._free.append(url)
        else:
            self._server.drop_database(url)

    def _emptied(self, url: str) -> str:
        """Remove all rows, and tell the tables by a checksum."""
        return self._server.sql(_EMPTY + _SCHEMA, self._server.name_of(url))
