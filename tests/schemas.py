"""New catalogues are made by the statements that made the first: thinking of them takes Alembic most of the time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, event, inspect

Upgrade = Callable[[Connection], None]
_Statement = tuple[str, Any]
_READING = ("SELECT", "PRAGMA")


class RepeatedUpgrade:
    """An upgrade that is worked out once for the empty databases of a kind, and for each of all others."""

    def __init__(self, upgrade: Upgrade) -> None:
        self._upgrade = upgrade
        self._known: dict[str, list[_Statement]] = {}

    def __call__(self, connection: Connection) -> None:
        kind = connection.dialect.name
        if inspect(connection).has_table("alembic_version"):
            self._upgrade(connection)
        elif kind in self._known:
            for statement, parameters in self._known[kind]:
                connection.exec_driver_sql(statement, parameters)
        else:
            self._known[kind] = self._listened(connection)

    def _listened(self, connection: Connection) -> list[_Statement]:
        statements: list[_Statement] = []

        def note(_1: object, _2: object, statement: str, parameters: Any, *_: object) -> None:  # noqa: ANN401
            if not statement.lstrip().startswith(_READING):
                statements.append((statement, parameters))

        event.listen(connection, "before_cursor_execute", note)
        try:
            self._upgrade(connection)
        finally:
            event.remove(connection, "before_cursor_execute", note)
        return statements
