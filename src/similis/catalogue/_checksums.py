"""A checksum in every row: a database notices broken pages, but not that a value inside one has changed."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC
from operator import itemgetter
from typing import Any

from sqlalchemy import LargeBinary, Table

from similis.catalogue._tables import UtcDateTime, metadata
from similis.domain import StorageFailed

# Not covered: numbers that the database gives out itself, and the count that changes with every picture.
_UNCOVERED = {"instance": {"id", "picture_count"}, "picture": {"id"}, "change": {"seq"}, "task": {"id"}}
# Columns that came later: while they are NULL, as in all rows from before, the checksum is as it was.
_ADDED = {
    "instance": ("retention_days", "qps", "picture_url", "max_body"),
    "access_key": ("qps", "pictures_per_day", "max_body"),
}


class _Plan:
    """The columns that a table's checksum covers, by the way that their values become bytes."""

    def __init__(self, table: Table) -> None:
        columns = [column for column in table.columns if column.name not in _UNCOVERED.get(table.name, ())]
        self.blobs = [column.name for column in columns if isinstance(column.type, LargeBinary)]
        self.moments = [column.name for column in columns if isinstance(column.type, UtcDateTime)]
        self.names = tuple(column.name for column in table.columns)
        self.added = _ADDED.get(table.name, ())
        others = {*self.blobs, *self.moments, *self.added, "checksum"}
        plain = [column.name for column in columns if column.name not in others]
        # Quicker than one look-up after the other; of a single name it would give no tuple.
        self.plain_of = itemgetter(*plain) if len(plain) > 1 else lambda values: tuple(values[name] for name in plain)

    def checksum(self, values: Mapping[str, Any]) -> int:
        """CRC-32 of the plain values as text, of moments in UTC, and of blobs."""
        texts = [*map(str, self.plain_of(values))]
        if self.moments:  # asked, for searches check rows without any by the hundred
            texts += [str(values[name] and values[name].astimezone(UTC)) for name in self.moments]
        if self.added:
            texts += [f"{name}={values[name]}" for name in self.added if values[name] is not None]
        result = zlib.crc32("\x1f".join(texts).encode())
        for name in self.blobs:
            result = zlib.crc32(values[name] or b"", result)
        return result


_PLANS = {table.name: _Plan(table) for table in metadata.tables.values()}


def with_checksum(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a whole row's values together with their checksum."""
    return {**values, "checksum": _PLANS[table.name].checksum(values)}


def checked(table: Table, row: Sequence[Any]) -> dict[str, Any]:
    """Return a whole row's values once they agree with their checksum.

    Raises:
        StorageFailed: they do not.
    """
    plan = _PLANS[table.name]
    values = dict(zip(plan.names, row, strict=True))
    if plan.checksum(values) != values["checksum"]:
        raise StorageFailed(
            f"The catalogue is damaged: a row of table {table.name} does not agree with its checksum.",
            "Restore the data directory from a backup.",
        )
    return values
