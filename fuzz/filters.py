"""The filter language: what is read can be written and read again, and means the same to all that evaluate it."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from sqlalchemy import Connection, create_engine, insert, select

from similis.catalogue._filters import compile_filter
from similis.catalogue._tables import picture
from similis.domain import (
    INT_FIELDS,
    MAX_FILTER,
    STR_FIELDS,
    Attributes,
    Filter,
    InvalidFilter,
    format_filter,
    matches,
    parse_filter,
)
from similis.engine._columns import Columns
from similis.engine._index import Change, Operation

_NUMBERS = (None, 0, 1, -1, 2, 10, 2_147_483_647, -2_147_483_648)
_TEXTS = (None, "", "red", "Red", "a b", "a", "0", "中文")
_ROWS = [
    Attributes(
        **{name: _NUMBERS[(row + place) % 8] for place, name in enumerate(INT_FIELDS)},  # type: ignore[arg-type]
        **{name: _TEXTS[(row + place) % 8] for place, name in enumerate(STR_FIELDS)},  # type: ignore[arg-type]
    )
    for row in range(8)
]


def check(data: bytes) -> None:
    """Read a filter, write it, read it again, and let all three evaluate it."""
    text = data.decode("utf-8", "replace")
    try:
        tree = parse_filter(text)
    except InvalidFilter as error:
        assert error.message
        assert error.hint
        return
    written = format_filter(tree)
    if len(written) <= MAX_FILTER:
        assert parse_filter(written) == tree
    expected = [matches(tree, attributes) for attributes in _ROWS]
    assert _COLUMNS.mask(tree, None).tolist() == expected
    assert _by_sql(tree) == expected


def _columns() -> Columns:
    columns = Columns()
    columns.append(
        [Change(row, Operation.ADD, row, np.zeros(1), attributes=attributes) for row, attributes in enumerate(_ROWS)]
    )
    return columns


def _database() -> Connection:
    connection = create_engine("sqlite://").connect()
    picture.create(connection)
    for row, attributes in enumerate(_ROWS):
        sides = dict.fromkeys(("x1", "x2", "y1", "y2"), 0)
        key = {"id": row, "instance_id": 1, "product_id": str(row), "pic_name": "", "category_id": 0, "checksum": b""}
        values = {**key, **sides, "added_at": datetime(2026, 1, 1, tzinfo=UTC), **attributes.as_dict()}
        connection.execute(insert(picture).values(values))
    return connection


def _by_sql(tree: Filter) -> list[bool]:
    found = set(_DATABASE.scalars(select(picture.c.id).where(compile_filter(tree))))
    return [row in found for row in range(len(_ROWS))]


_COLUMNS = _columns()
_DATABASE = _database()
