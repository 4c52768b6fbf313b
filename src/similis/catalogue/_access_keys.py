"""Access keys in the catalogue; their secrets come and go sealed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from similis.catalogue._checksums import checked, with_checksum
from similis.catalogue._tables import access_key, temporary_key
from similis.domain import AccessKey, KeyNotFound, Role


def insert_key(connection: Connection, key: AccessKey, sealed_secret: bytes, token_digest: bytes | None) -> None:
    """Store a new key; a temporary one has the digest of its security token."""
    connection.execute(insert(access_key).values(_row(key, sealed_secret)))
    if token_digest is not None:
        values = {"key_id": key.id, "token_digest": token_digest, "expires_at": key.expires_at}
        connection.execute(insert(temporary_key).values(with_checksum(temporary_key, values)))


def forget_keys(connection: Connection, expired_before: datetime) -> None:
    """Remove temporary keys that ended before a moment."""
    over = select(temporary_key.c.key_id).where(temporary_key.c.expires_at < expired_before)
    over = over.with_for_update(skip_locked=True)  # what another gateway is removing is left to it
    ids = connection.execute(over).scalars().all()
    connection.execute(delete(temporary_key).where(temporary_key.c.key_id.in_(ids)))
    connection.execute(delete(access_key).where(access_key.c.id.in_(ids)))


def read_keys(connection: Connection) -> list[AccessKey]:
    """Return all keys, oldest first."""
    query = select(access_key).order_by(access_key.c.created_at, access_key.c.id)
    rows = [checked(access_key, row) for row in connection.execute(query)]
    temporary = [checked(temporary_key, row) for row in connection.execute(select(temporary_key))]
    ends = {values["key_id"]: values["expires_at"] for values in temporary}
    return [_key(values, ends.get(values["id"])) for values in rows]


def read_key(connection: Connection, key_id: str) -> tuple[AccessKey, bytes]:
    """Return a key and its sealed secret.

    Raises:
        KeyNotFound: there is none with this id.
    """
    row = connection.execute(select(access_key).where(access_key.c.id == key_id)).first()
    if row is None:
        raise KeyNotFound(f"There is no access key {key_id[:64]!r}.", "List the keys that there are.")
    values = checked(access_key, row)
    temporary = _read_temporary(connection, key_id)
    return _key(values, None if temporary is None else temporary["expires_at"]), values["sealed_secret"]


def read_token_digest(connection: Connection, key_id: str) -> bytes | None:
    """Return the digest of a temporary key's security token, None where there is none."""
    temporary = _read_temporary(connection, key_id)
    return None if temporary is None else bytes(temporary["token_digest"])


def disable_key(connection: Connection, key_id: str) -> AccessKey:
    """Disable a key for good and return it.

    Raises:
        KeyNotFound: there is none with this id.
    """
    key, sealed_secret = read_key(connection, key_id)
    disabled = replace(key, disabled=True)
    connection.execute(update(access_key).where(access_key.c.id == key_id).values(_row(disabled, sealed_secret)))
    return disabled


def _read_temporary(connection: Connection, key_id: str) -> dict[str, Any] | None:
    row = connection.execute(select(temporary_key).where(temporary_key.c.key_id == key_id)).first()
    return None if row is None else checked(temporary_key, row)


def _row(key: AccessKey, sealed_secret: bytes) -> dict[str, Any]:
    values = {
        "id": key.id,
        "sealed_secret": sealed_secret,
        "role": key.role.value,
        "instances": json.dumps(key.instances),
        "disabled": key.disabled,
        "created_at": key.created_at,
    }
    return with_checksum(access_key, values)


def _key(values: Mapping[str, Any], expires_at: datetime | None) -> AccessKey:
    return AccessKey(
        id=values["id"],
        role=Role(values["role"]),
        instances=tuple(json.loads(values["instances"])),
        created_at=values["created_at"],
        disabled=values["disabled"],
        expires_at=expires_at,
    )
