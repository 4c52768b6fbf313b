"""Nonces of signed requests, remembered until the signature is too old to be accepted anyway."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from similis.catalogue._checksums import with_checksum
from similis.catalogue._tables import nonce as nonce_table


def remember_nonce(connection: Connection, key_id: str, nonce: str, *, until: datetime, now: datetime) -> bool:
    """Note a nonce of a key, forget those whose time is over, and return whether it is new."""
    connection.execute(delete(nonce_table).where(nonce_table.c.until < now))
    # A digest, because callers choose length and characters of a nonce.
    digest = hashlib.sha256(f"{key_id}\n{nonce}".encode()).digest()
    if connection.execute(select(nonce_table.c.digest).where(nonce_table.c.digest == digest)).first():
        return False
    row = with_checksum(nonce_table, {"digest": digest, "until": until})
    connection.execute(insert(nonce_table).values(row))
    return True
