"""A checksum in every row: a database notices broken pages, but not that a value inside one has changed."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, Table

from similis.catalogue._tables import metadata
from similis.domain import StorageFailed

# Not covered: numbers that the database gives out itself, and the count that changes with every picture.
_UNCOVERED = {"instance": {"id", "picture_count"}, "picture": {"id"}, "change": {"seq"}}
_COVERED = {
    table.name: [name for name in table.c.keys() if name not in _UNCOVERED.get(table.name, set()) | {"checksum"}]  # noqa: SIM118
    for table in metadata.tables.values()
}


def with_checksum(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a whole row's values together with their checksum."""
    return {**values, "checksum": _checksum(values[name] for name in _COVERED[table.name])}


def checked(table: Table, row: Row[Any]) -> dict[str, Any]:
    """Return a row's values once they agree with their checksum.

    Raises:
        StorageFailed: they do not.
    """
    values = row._asdict()
    if _checksum(values[name] for name in _COVERED[table.name]) != values["checksum"]:
        raise StorageFailed(
            f"The catalogue is damaged: a row of table {table.name} does not agree with its checksum.",
            "Restore the data directory from a backup.",
        )
    return values


def _checksum(values: Iterable[Any]) -> int:
    parts = [_bytes(value) for value in values]
    return zlib.crc32(b"".join(b"%d:%b" % (len(part), part) for part in parts))


def _bytes(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().encode()
    return b"\x00" if value is None else str(value).encode()
