"""Nonces of signed requests, remembered until the signature is too old to be accepted anyway."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import Connection, delete, select

from similis.catalogue._inserting import insert_new
from similis.catalogue._tables import nonce as nonce_table


def remember_nonce(connection: Connection, key_id: str, nonce: str, *, until: datetime, now: datetime) -> bool:
    """Note a nonce of a key, forget those whose time is over, and return whether it is new."""
    # What another gateway is removing is left to it: two that wait for each other's rows would be stuck.
    over = select(nonce_table.c.digest).where(nonce_table.c.until < now).with_for_update(skip_locked=True)
    connection.execute(delete(nonce_table).where(nonce_table.c.digest.in_(over)))
    return insert_new(connection, nonce_table, {"digest": _digest(key_id, nonce), "until": until})


def knows_nonce(connection: Connection, key_id: str, nonce: str) -> bool:
    """Whether a nonce of a key is noted."""
    found = select(nonce_table.c.digest).where(nonce_table.c.digest == _digest(key_id, nonce))
    return connection.execute(found).first() is not None


def _digest(key_id: str, nonce: str) -> bytes:
    # A digest, because callers choose length and characters of a nonce.
    return hashlib.sha256(f"{key_id}\n{nonce}".encode()).digest()
