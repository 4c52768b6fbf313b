"""Everything that Similis stores, gathered from the rooms that store it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from similis.catalogue import stored_tables
from similis.domain import StoredField, StoredPlace
from similis.engine import stored_collection, stored_segment_files
from similis.privacy import stored_keys

_SEGMENT = "index/INSTANCE/SPACE/SEGMENT"
_NAMES = {
    "INSTANCE": "[0-9a-f]{32}",
    "SPACE": "(?:features|tuned-[0-9a-f]{16})",
    "SEGMENT": "[0-9a-f]{32}",
    "DRAFT": "[0-9a-f]{32}",
    "DAY": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
}
WHOLE_FILE = "content"
"""The one field of a file that is not looked into: its format is another's."""


@dataclass(frozen=True, slots=True)
class StoredPlaces:
    """Everything that Similis stores.

    Attributes:
        data: files of the data directory, by paths in it.
        keys: files of the key directory, by paths in it.
        tables: of the catalogue, be it in SQLite or PostgreSQL.
        collections: on a Milvus server.
    """

    data: tuple[StoredPlace, ...]
    keys: tuple[StoredPlace, ...]
    tables: tuple[StoredPlace, ...]
    collections: tuple[StoredPlace, ...]


def stored_places() -> StoredPlaces:
    """Everything that Similis stores, as the code declares it."""
    segments = (replace(each, name=f"{_SEGMENT}/{each.name}") for each in stored_segment_files())
    data = (*_OWN_FILES, *segments, _AUDIT_LOG)
    return StoredPlaces(data, stored_keys(), stored_tables(), (stored_collection(),))


def place_of(path: str, places: Sequence[StoredPlace]) -> StoredPlace | None:
    """Return the place whose name, with names that differ in it, fits a path; None where none does."""
    return next((place for place in places if re.fullmatch(_pattern(place.name), path)), None)


def leads_somewhere(directory: str, places: Sequence[StoredPlace]) -> bool:
    """Whether some place is below a directory."""
    depth = directory.count("/") + 1
    above = ("/".join(place.name.split("/")[:depth]) for place in places if place.name.count("/") >= depth)
    return any(re.fullmatch(_pattern(name), directory) for name in above)


def _pattern(name: str) -> str:
    return re.sub("|".join(_NAMES), lambda found: _NAMES[found[0]], re.escape(name))


def _json(**fields: str) -> tuple[StoredField, ...]:
    return tuple(StoredField(name, "JSON", about) for name, about in fields.items())


_OWN_FILES = (
    StoredPlace(
        "owner.lock",
        "Which process has the data directory open",
        _json(pid="Its number", command="Name of the program", since="When it opened it"),
    ),
    StoredPlace(
        "catalogue.sqlite",
        "The catalogue, unless it is in PostgreSQL",
        (StoredField(WHOLE_FILE, "SQLite", "The tables that are listed on this page"),),
    ),
    StoredPlace(
        "catalogue.sqlite-wal",
        "Its latest commits, while it is open and after a crash",
        (StoredField(WHOLE_FILE, "SQLite", "Pages of the same tables"),),
    ),
    StoredPlace(
        "catalogue.sqlite-journal",
        "What it was before, while the file is made and after a crash then",
        (StoredField(WHOLE_FILE, "SQLite", "Pages of the same tables"),),
    ),
    StoredPlace(
        "catalogue.sqlite-shm",
        "Where in that file they are",
        (StoredField(WHOLE_FILE, "SQLite", "Numbers of pages"),),
    ),
    StoredPlace(
        "catalogue.sqlite.closed",
        "What the catalogue's file was like when it was closed",
        (StoredField(WHOLE_FILE, "two integers", "Its size and its time"),),
    ),
    StoredPlace(
        "index/identity",
        "Name of this directory among those that use the same catalogue",
        (StoredField(WHOLE_FILE, "16 characters", "Random"),),
    ),
    StoredPlace(
        "index/identity.new",
        "The same, where a crash kept it from getting its name",
        (StoredField(WHOLE_FILE, "16 characters", "Random"),),
    ),
)
_AUDIT_LOG = StoredPlace(
    "audit/DAY.jsonl",
    "The audit log: who did what on one day",
    (
        *_json(
            at="When",
            action="What was done",
            actor="Id of the access key, or who else",
            instance="Name of the instance",
            outcome="`ok`, or the code of the error",
            request_id="Id of the request",
            origin="Address that it came from, where that is noted",
            count="How many things it was done to",
            subject="Name of the key, connection or task that it was done to",
            key="Instance whose key encrypts the next",
        ),
        StoredField("sealed", "JSON", "ProductId and PicName that it was done to", "encrypted by the instance's key"),
        *_json(
            after="Signature of the line before that of the day before",
            signer="Begin of the name of the master key that signs",
            chain="Signature of this line and all before it",
        ),
    ),
)
