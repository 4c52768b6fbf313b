"""What is known of each vector beside itself, in columns, so that a filter is answered for all rows at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from similis.domain import (
    INT32,
    INT_FIELDS,
    STR_FIELDS,
    All,
    Attributes,
    Category,
    Comparison,
    Either,
    Filter,
    Membership,
)
from similis.engine._index import Change

Mask: TypeAlias = NDArray[np.bool_]
_ABSENT = -1  # code of a string that is not there
_FIRST_ROOM = 1024
TEXTS = "texts"
_NUMBERS = tuple(f"{name}_known" for name in INT_FIELDS)
TYPES: Mapping[str, Any] = {
    "picture_id": np.int64,
    "alive": np.bool_,
    "category": np.int32,
    **dict.fromkeys(INT_FIELDS, np.int32),
    **dict.fromkeys(_NUMBERS, np.bool_),
    **dict.fromkeys(STR_FIELDS, np.int32),
}
_COMPARE: dict[str, Callable[[Any, Any], Mask]] = {
    "=": np.equal, "!=": np.not_equal, "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
}  # fmt: skip


class Columns:
    """Picture id, life, category and attributes of rows 0, 1, 2 …; about 50 bytes a row.

    Strings are kept once each, rows hold their codes. Not safe for threads by itself.
    """

    def __init__(self) -> None:
        self._arrays: dict[str, NDArray[Any]] = {name: np.empty(0, kind) for name, kind in TYPES.items()}
        self._count = 0
        self._codes: dict[str, int] = {}
        self._places = _Places(self.ids)

    def __len__(self) -> int:
        return self._count

    @property
    def ids(self) -> NDArray[np.int64]:
        """Picture ids by row; a view."""
        return self._column("picture_id")

    @property
    def alive(self) -> Mask:
        """Which rows were not removed; a view."""
        return self._column("alive")

    @property
    def living(self) -> int:
        """How many rows were not removed."""
        return int(np.count_nonzero(self.alive))

    def row_of(self, picture_id: int) -> int | None:
        """Return the living row of a picture, None without one."""
        row = self._places.last_row(picture_id, self.ids)
        return row if row is not None and self._arrays["alive"][row] else None

    def append(self, changes: Sequence[Change]) -> None:
        """Add a living row for each addition; none of the pictures may have one."""
        first = self._count
        self._grow_to(first + len(changes))
        self.ids[first:] = [change.picture_id for change in changes]
        self.alive[first:] = True
        for row, change in enumerate(changes, first):
            self._set(row, change.category, change.attributes)
        self._places.appended(self.ids, first)

    def update(self, change: Change) -> None:
        """Take over a picture's attributes, if it is there."""
        row = self.row_of(change.picture_id)
        if row is not None:
            self._set(row, change.category, change.attributes)

    def remove(self, picture_id: int) -> None:
        """Mark a picture's row as removed, if it is there."""
        row = self.row_of(picture_id)
        if row is not None:
            self.alive[row] = False

    def mask(self, tree: Filter | None, category: Category | None) -> Mask:
        """Living rows that match a filter and have a category, bool[n]; the meaning is `similis.domain.matches`."""
        chosen = self.alive.copy()
        if category is not None:
            chosen &= self._column("category") == category.value
        if tree is not None:
            chosen &= self._matching(tree)
        return chosen

    def take(self, rows: NDArray[np.int64]) -> Columns:
        """Copy some rows, in the order given, with only the strings that they have."""
        taken = Columns()
        taken._arrays = {name: self._column(name)[rows] for name in TYPES}
        texts = list(self._codes)
        for name in STR_FIELDS:
            old, places = np.unique(taken._arrays[name], return_inverse=True)
            new = [_ABSENT if code == _ABSENT else taken._code(texts[code]) for code in old.tolist()]
            taken._arrays[name] = np.array(new, np.int32)[places]
        return taken._filled()

    def extend(self, other: Columns) -> None:
        """Append all rows of another."""
        first = self._count
        self._grow_to(first + len(other))
        codes = np.array([*(self._code(text) for text in other._codes), _ABSENT], np.int32)
        for name in TYPES:
            column = other._column(name)
            self._column(name)[first:] = codes[column] if name in STR_FIELDS else column
        self._places.appended(self.ids, first)

    def save(self, file: IO[bytes]) -> None:
        """Write the columns to a file."""
        columns: dict[str, Any] = {name: self._column(name) for name in TYPES}
        columns[TEXTS] = np.frombuffer(json.dumps(list(self._codes)).encode(), np.uint8)
        np.savez(file, **columns)

    @classmethod
    def load(cls, file: IO[bytes]) -> Columns:
        """Read what `save` wrote.

        Raises:
            ValueError, KeyError, OSError: it is damaged.
        """
        loaded = cls()
        with np.load(file, allow_pickle=False) as arrays:
            loaded._arrays = {name: arrays[name].astype(kind, copy=False) for name, kind in TYPES.items()}
            texts = json.loads(arrays[TEXTS].tobytes())
        loaded._codes = {text: code for code, text in enumerate(texts)}
        return loaded._filled()

    def _filled(self) -> Columns:
        self._count = len(self._arrays["picture_id"])
        self._places = _Places(self.ids)
        return self

    def _column(self, name: str) -> NDArray[Any]:
        return self._arrays[name][: self._count]

    def _grow_to(self, count: int) -> None:
        room = len(self._arrays["picture_id"])
        if count > room:
            added = max(count, 2 * room, _FIRST_ROOM) - room
            self._arrays = {
                name: np.concatenate([column, np.zeros(added, column.dtype)]) for name, column in self._arrays.items()
            }
        self._count = count

    def _set(self, row: int, category: Category, attributes: Attributes) -> None:
        self._arrays["category"][row] = category.value
        for name, known in zip(INT_FIELDS, _NUMBERS, strict=True):
            number = getattr(attributes, name)
            self._arrays[known][row] = number is not None
            self._arrays[name][row] = number or 0
        for name in STR_FIELDS:
            text = getattr(attributes, name)
            self._arrays[name][row] = _ABSENT if text is None else self._code(text)

    def _code(self, text: str) -> int:
        return self._codes.setdefault(text, len(self._codes))

    def _matching(self, tree: Filter) -> Mask:
        if isinstance(tree, All):
            return reduce(np.logical_and, map(self._matching, tree.terms))
        if isinstance(tree, Either):
            return reduce(np.logical_or, map(self._matching, tree.terms))
        return self._fitting(tree)

    def _fitting(self, tree: Comparison | Membership) -> Mask:
        column = self._column(tree.field)
        code_of: Callable[[int | str], int] = int
        present: Mask
        if tree.field in STR_FIELDS:
            present, code_of = column != _ABSENT, self._known_code
        else:
            present = self._column(f"{tree.field}_known").copy()
        if isinstance(tree, Membership):
            inside: Mask = np.isin(column, [code for value in tree.values if (code := code_of(value)) in INT32])
            present &= ~inside if tree.negated else inside
        else:
            present &= _COMPARE[tree.operator](column, code_of(tree.value))
        return present

    def _known_code(self, text: int | str) -> int:
        """The code of a string; of one that no row has, a code that none has."""
        return self._codes.get(str(text), len(self._codes))


class _Places:
    """Finds the last row of a picture: by bisection while ids ascend, as those of the catalogue do."""

    def __init__(self, ids: NDArray[np.int64]) -> None:
        self._rows: dict[int, int] | None = None
        if not _ascending(ids):
            self._rows = _numbered(ids)

    def appended(self, ids: NDArray[np.int64], first: int) -> None:
        """Take note of the rows from `first` on."""
        if self._rows is not None:
            self._rows.update(_numbered(ids[first:], first))
        elif not _ascending(ids[max(first - 1, 0) :]):
            self._rows = _numbered(ids)

    def last_row(self, picture_id: int, ids: NDArray[np.int64]) -> int | None:
        """Return the row, None without one."""
        if self._rows is not None:
            return self._rows.get(picture_id)
        row = int(np.searchsorted(ids, picture_id))
        return row if row < len(ids) and ids[row] == picture_id else None


def _ascending(ids: NDArray[np.int64]) -> bool:
    return bool(np.all(ids[1:] > ids[:-1]))


def _numbered(ids: NDArray[np.int64], first: int = 0) -> dict[int, int]:
    return {picture_id: row for row, picture_id in enumerate(ids.tolist(), first)}
