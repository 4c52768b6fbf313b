"""The change log: what an index must do to follow the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, delete, exists, func, insert, select

from similis.catalogue._checksums import checked, with_checksum
from similis.catalogue._database import Database
from similis.catalogue._features import BY_IDS, read_vectors, rows_by_ids
from similis.catalogue._rows import Compaction, LogEnd, LoggedChange, Sealer, StoredVector
from similis.catalogue._settings import read_setting, write_setting
from similis.catalogue._tables import change, index_state, picture
from similis.domain import INT_FIELDS, STR_FIELDS, Attributes, Category, Instance

ADD = "add"
UPDATE = "update"
REMOVE = "remove"
_CHUNK = 1000
_COMPACT_ABOVE = 2  # entries a picture
_COMPACTED = "compacted"
_PICTURES = select(picture).where(BY_IDS)


def log_changes(connection: Connection, instance_id: int, operation: str, picture_ids: Iterable[int]) -> None:
    """Append changes to the log."""
    rows = [
        with_checksum(change, {"instance_id": instance_id, "operation": operation, "picture_id": picture_id})
        for picture_id in picture_ids
    ]
    if rows:
        connection.execute(insert(change), rows)


def last_seq(connection: Connection, instance_id: int) -> int:
    """Return the sequence of an instance's latest change, 0 without any."""
    query = select(func.max(change.c.seq)).where(change.c.instance_id == instance_id)
    return connection.execute(query).scalar() or 0


def log_end(connection: Connection, instance_id: int) -> LogEnd:
    """Return where an instance's log ends, and how the whole one was shortened."""
    return LogEnd(last_seq(connection, instance_id), _compaction(connection))


def compact(connection: Connection) -> None:
    """Remove what pictures that are gone left in the log, once it is longer than what those that are there need.

    What an index on disk has not applied yet stays, for it would never learn of it otherwise. How far the log has
    gaps is noted for those in the memory of a gateway that was cut off from the database.
    """
    entries, pictures = (
        connection.execute(select(func.count()).select_from(each)).scalar() or 0 for each in (change, picture)
    )
    if entries > _COMPACT_ABOVE * pictures + _CHUNK:
        gone = ~exists().where(picture.c.id == change.c.picture_id)
        waited_for = exists().where(
            index_state.c.instance_id == change.c.instance_id, index_state.c.applied_seq < change.c.seq
        )
        removed = connection.execute(select(func.max(change.c.seq)).where(gone, ~waited_for)).scalar()
        if removed is not None:
            connection.execute(delete(change).where(gone, ~waited_for))
            times, highest = _compaction(connection)
            write_setting(connection, _COMPACTED, f"{times + 1} {max(removed, highest)}")


def _compaction(connection: Connection) -> Compaction:
    times, seq = (read_setting(connection, _COMPACTED) or "0 0").split()
    return Compaction(int(times), int(seq))


def read_changes(database: Database, instance: Instance, after: int, sealer: Sealer) -> Iterator[LoggedChange]:
    """Yield an instance's changes after a sequence, in order.

    Read in chunks, each a transaction of its own: a slow reader neither fills the memory nor holds the database.
    """
    while True:
        with database.reading() as connection:
            chunk = _read_chunk(connection, instance, after, sealer)
        yield from chunk
        if len(chunk) < _CHUNK:
            return
        after = chunk[-1].seq


def _read_chunk(connection: Connection, instance: Instance, after: int, sealer: Sealer) -> list[LoggedChange]:
    wanted = change.c.instance_id == instance.id, change.c.seq > after
    entries = connection.execute(select(change).where(*wanted).order_by(change.c.seq).limit(_CHUNK)).all()
    rows = [checked(change, entry) for entry in entries]
    kept = _read_kept(connection, instance.id, [row["picture_id"] for row in rows if row["operation"] != REMOVE])
    added = [row["picture_id"] for row in rows if row["operation"] == ADD]
    vectors = read_vectors(connection, instance, added, sealer)
    return [_logged(row, vectors.get(row["picture_id"]), kept.get(row["picture_id"])) for row in rows]


def _read_kept(connection: Connection, instance_id: int, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Rows of pictures by id; those that are gone are left out."""
    rows = rows_by_ids(connection, _PICTURES, instance_id, ids)
    return {row.id: checked(picture, row) for row in rows}


def _logged(row: dict[str, Any], vector: StoredVector | None, kept: dict[str, Any] | None) -> LoggedChange:
    seq, operation, picture_id = row["seq"], row["operation"], row["picture_id"]
    if kept is None:
        return LoggedChange(seq, operation, picture_id, None, None, None)
    attributes = Attributes(**{name: kept[name] for name in INT_FIELDS + STR_FIELDS})
    return LoggedChange(seq, operation, picture_id, vector, Category(kept["category_id"]), attributes)
