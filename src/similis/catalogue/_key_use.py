"""How many pictures were added today with an access key that has a limit of them."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from similis.catalogue._checksums import checked
from similis.catalogue._inserting import put
from similis.catalogue._tables import access_key, key_use


def use_pictures(connection: Connection, key_id: str, count: int, *, most: int, day: str) -> bool:
    """Count pictures of a day, unless they would be more than `most`; return whether they were counted."""
    total = count + _used(connection, key_id, day)
    if total > most:
        return False
    put(connection, key_use, {"key_id": key_id, "day": day, "pictures": total})
    return True


def give_back_pictures(connection: Connection, key_id: str, count: int, *, day: str) -> None:
    """Take back what was counted of a day, unless another one is counted by now."""
    used = _used(connection, key_id, day)
    if used:
        put(connection, key_use, {"key_id": key_id, "day": day, "pictures": max(0, used - count)})


def _used(connection: Connection, key_id: str, day: str) -> int:
    # Whoever else counts for this key waits here. Of a key that was removed meanwhile no count is of use.
    connection.execute(select(access_key.c.id).where(access_key.c.id == key_id).with_for_update())
    row = connection.execute(select(key_use).where(key_use.c.key_id == key_id)).first()
    used = None if row is None else checked(key_use, row)
    return int(used["pictures"]) if used is not None and used["day"] == day else 0


def forget_use(connection: Connection, before: str) -> None:
    """Remove what was counted on days before one."""
    connection.execute(delete(key_use).where(key_use.c.day < before))
