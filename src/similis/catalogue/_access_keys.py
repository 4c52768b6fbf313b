"""Access keys in the catalogue; their secrets come and go sealed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, insert, select, update

from similis.catalogue._checksums import checked, with_checksum
from similis.catalogue._tables import access_key
from similis.domain import AccessKey, KeyNotFound, Role


def insert_key(connection: Connection, key: AccessKey, sealed_secret: bytes) -> None:
    """Store a new key."""
    connection.execute(insert(access_key).values(_row(key, sealed_secret)))


def read_keys(connection: Connection) -> list[AccessKey]:
    """Return all keys, oldest first."""
    query = select(access_key).order_by(access_key.c.created_at, access_key.c.id)
    return [_key(checked(access_key, row)) for row in connection.execute(query)]


def read_key(connection: Connection, key_id: str) -> tuple[AccessKey, bytes]:
    """Return a key and its sealed secret.

    Raises:
        KeyNotFound: there is none with this id.
    """
    row = connection.execute(select(access_key).where(access_key.c.id == key_id)).first()
    if row is None:
        raise KeyNotFound(f"There is no access key {key_id[:64]!r}.", "List the keys that there are.")
    values = checked(access_key, row)
    return _key(values), values["sealed_secret"]


def disable_key(connection: Connection, key_id: str) -> AccessKey:
    """Disable a key for good and return it.

    Raises:
        KeyNotFound: there is none with this id.
    """
    key, sealed_secret = read_key(connection, key_id)
    disabled = replace(key, disabled=True)
    connection.execute(update(access_key).where(access_key.c.id == key_id).values(_row(disabled, sealed_secret)))
    return disabled


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


def _key(values: Mapping[str, Any]) -> AccessKey:
    return AccessKey(
        id=values["id"],
        role=Role(values["role"]),
        instances=tuple(json.loads(values["instances"])),
        created_at=values["created_at"],
        disabled=values["disabled"],
    )
