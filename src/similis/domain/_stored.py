"""What is stored, as the rooms that store it declare it for `docs/stored-fields.md` and `similis audit fields`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

IN_CLEAR = "in clear"


@dataclass(frozen=True, slots=True)
class StoredField:
    """One thing that is kept.

    Attributes:
        name: of the column, array, key or part of a file.
        type: of its values.
        about: what it is, one plain phrase.
        kept: in clear, or how else.
    """

    name: str
    type: str
    about: str
    kept: str = IN_CLEAR


@dataclass(frozen=True, slots=True)
class StoredPlace:
    """A table, a collection, or the files of one kind, with all that may be in it.

    Attributes:
        name: of the table; path of the file, where parts in capitals stand for names that differ.
        about: what it is, one plain phrase.
        fields: everything that it holds.
    """

    name: str
    about: str
    fields: tuple[StoredField, ...]


@dataclass(frozen=True, slots=True, order=True)
class FoundField:
    """One thing that is really there.

    Attributes:
        place: name of the table or collection, or path of the file.
        name: of the column, array, key or part; a sentence where it is something else.
    """

    place: str
    name: str


def not_declared(found: Iterable[FoundField], places: Iterable[StoredPlace]) -> list[FoundField]:
    """Return what is there but in no declaration of these places, whose names are taken as they are."""
    known = {FoundField(place.name, field.name) for place in places for field in place.fields}
    return sorted(set(found) - known)
