"""What is really stored: looked up in files and databases, without opening them as a service does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from similis.catalogue import Catalogue, found_columns
from similis.domain import FoundField, SimilisError, StoredPlace, not_declared
from similis.engine import MilvusServer, found_in_file
from similis.privacy import SEAL_BYTES, Keyring
from similis.service._lock import DataDirectoryLock
from similis.service._opening import open_keyring
from similis.service._segment_keys import SegmentKeys
from similis.service._settings import Settings
from similis.service._stored_places import WHOLE_FILE, leads_somewhere, place_of, stored_places

_NEITHER = "neither a file nor a directory"
_UNDECLARED = "a file that is not declared"
_UNDECLARED_DIRECTORY = "a directory that is not declared"


def undeclared(settings: Settings) -> list[FoundField]:
    """Return what a data directory, its keys, its catalogue and its Milvus server hold beyond what is declared.

    Nothing is changed; databases are read as they are.

    Raises:
        DataDirectoryLocked: another process owns the data directory.
        StorageFailed: something cannot be read.
        IndexUnavailable: the Milvus server cannot be used.
    """
    places, segments = stored_places(), _SegmentFiles(settings)
    lock = DataDirectoryLock(settings.data)
    try:
        columns = (
            found_columns(settings.catalogue_url, SEAL_BYTES) if Catalogue.exists(settings.catalogue_url) else []
        )
        found = [*not_declared(columns, places.tables)]
        found += _in_directory(settings.data.absolute(), places.data, segments)
        found += _in_directory(settings.key_directory, places.keys, segments)
    finally:
        lock.release()
    return found + not_declared(*_in_milvus(settings, places.collections[0]))


class _SegmentFiles:
    """Looks into the files of segments, with the keys of their instances."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self, path: Path) -> list[str]:
        uid = path.parents[2].name
        return found_in_file(path, SegmentKeys(self._keyring.instance(uid)))

    @cached_property
    def _keyring(self) -> Keyring:
        return open_keyring(self._settings, create=False)


def _in_directory(directory: Path, places: tuple[StoredPlace, ...], segments: _SegmentFiles) -> Iterator[FoundField]:
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            yield FoundField(name, _NEITHER)
        elif path.is_dir():
            yield from [] if leads_somewhere(name, places) else [FoundField(name, _UNDECLARED_DIRECTORY)]
        else:
            yield from _in_file(path, name, place_of(name, places), segments)


def _in_file(path: Path, name: str, place: StoredPlace | None, segments: _SegmentFiles) -> Iterable[FoundField]:
    if place is None:
        return [FoundField(name, _UNDECLARED)]
    declared = {field.name for field in place.fields}
    try:
        there = set(_reader(place, segments)(path))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SimilisError):
        return [FoundField(name, "cannot be read as what it is declared to be")]
    return [FoundField(name, field) for field in sorted(there - declared)]


def _in_milvus(settings: Settings, declared: StoredPlace) -> tuple[list[FoundField], list[StoredPlace]]:
    """What the collections of these settings hold, and the declaration once for each of them."""
    if settings.milvus is None:
        return [], []
    server = MilvusServer(settings.milvus)
    try:
        names = server.collections(f"{settings.milvus.prefix}_")
        found = [FoundField(name, field) for name in names for field in server.fields(name)]
    finally:
        server.close()
    return found, [StoredPlace(name, declared.about, declared.fields) for name in names]


def _reader(place: StoredPlace, segments: _SegmentFiles) -> Callable[[Path], Iterable[str]]:
    folder, _, name = place.name.rpartition("/")
    if folder.endswith("SEGMENT"):
        return segments
    return _READERS[name]


def _looked_into_elsewhere(_: Path) -> list[str]:
    return [WHOLE_FILE]


def _keys_of_line(path: Path) -> Iterator[str]:
    with path.open(encoding="ascii") as lines:
        for line in lines:
            if line.endswith("\n"):  # a crash may have cut off the last one
                yield from json.loads(line)


def _short(most: int) -> Callable[[Path], list[str]]:
    """A file of few bytes."""
    return lambda path: [WHOLE_FILE, *([f"more than {most} bytes"] if path.stat().st_size > most else [])]


_READERS: Mapping[str, Callable[[Path], Iterable[str]]] = {
    "owner.lock": lambda path: json.loads(path.read_text() or "{}"),
    "catalogue.sqlite": _looked_into_elsewhere,
    "catalogue.sqlite-journal": _looked_into_elsewhere,
    "catalogue.sqlite-shm": _looked_into_elsewhere,
    "catalogue.sqlite-wal": _looked_into_elsewhere,
    "catalogue.sqlite.closed": _short(64),
    "identity": _short(16),
    "identity.new": _short(16),
    "master.key": _short(64),
    "INSTANCE.key": _short(128),
    ".master.key.DRAFT": _short(64),
    ".INSTANCE.key.DRAFT": _short(128),
    "DAY.jsonl": _keys_of_line,
}
