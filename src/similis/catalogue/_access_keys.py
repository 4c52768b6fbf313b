"""Access keys in the catalogue; their secrets come and go sealed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from similis.catalogue._checksums import checked, with_checksum
from similis.catalogue._database import Database
from similis.catalogue._instances import hold_names
from similis.catalogue._key_use import forget_use, give_back_pictures, use_pictures
from similis.catalogue._keyring import require_keyring
from similis.catalogue._limits import release_deleted
from similis.catalogue._nonces import Nonces
from similis.catalogue._tables import access_key, key_use, temporary_key
from similis.domain import AccessKey, KeyLimit, KeyNotFound, Role


class AccessKeys:
    """The part of the catalogue that knows who may use the service, and which signed requests were used already."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._nonces = Nonces(database)

    def add(self, key: AccessKey, sealed_secret: bytes, token_digest: bytes | None = None) -> None:
        """Store a new access key, its secret sealed; a temporary one with the digest of its security token.

        Raises:
            InstanceNotFound: one of its instances does not exist.
        """
        with self._database.writing() as connection:
            hold_names(connection, key.instances)
            require_keyring(connection, self._database)
            _insert_key(connection, key, sealed_secret, token_digest)

    def forget(self, expired_before: datetime) -> None:
        """Remove temporary access keys that ended before a moment, and what was counted on the days before."""
        with self._database.writing() as connection:
            _forget_keys(connection, expired_before)
            forget_use(connection, _day(expired_before))

    def use_pictures(self, key_id: str, count: int, *, most: int, now: datetime) -> bool:
        """Count pictures that are added with a key, unless the day had more than `most` then; whether it did not."""
        with self._database.writing() as connection:
            return use_pictures(connection, key_id, count, most=most, day=_day(now))

    def give_back_pictures(self, key_id: str, count: int, *, now: datetime) -> None:
        """Count no longer what was counted at a moment and then not added."""
        with self._database.writing() as connection:
            give_back_pictures(connection, key_id, count, day=_day(now))

    def release_deleted(self) -> None:
        """Take names of instances that are not there out of keys and connections, as deleting one does since 0007."""
        with self._database.writing() as connection:
            release_deleted(connection)

    def all(self) -> list[AccessKey]:
        """Return all access keys, oldest first."""
        with self._database.reading() as connection:
            return _read_keys(connection)

    def get(self, key_id: str) -> tuple[AccessKey, bytes]:
        """Return an access key and its sealed secret.

        Raises:
            KeyNotFound: there is none with this id.
        """
        return self._database.remembered(_read_key, key_id)

    def token_digest(self, key_id: str) -> bytes | None:
        """Return the digest of a temporary key's security token, None where there is none."""
        with self._database.reading() as connection:
            temporary = _read_temporary(connection, key_id)
        return None if temporary is None else bytes(temporary["token_digest"])

    def disable(self, key_id: str) -> AccessKey:
        """Disable an access key for good and return it.

        Raises:
            KeyNotFound: there is none with this id.
        """
        return self._change(key_id, disabled=True)

    def limit(self, key_id: str, limits: Mapping[str, KeyLimit]) -> AccessKey:
        """Change limits of an access key and return it; None takes one away.

        Raises:
            KeyNotFound: there is none with this id.
        """
        return self._change(key_id, **limits)

    def _change(self, key_id: str, **fields: KeyLimit) -> AccessKey:
        with self._database.writing() as connection:
            key, sealed_secret = _read_key(connection, key_id)
            changed: AccessKey = replace(key, **fields)  # type: ignore[arg-type] # each of its own type, as was checked
            row = _row(changed, sealed_secret)
            connection.execute(update(access_key).where(access_key.c.id == key_id).values(row))
        return changed

    def remember_nonce(self, key_id: str, nonce: str, *, until: datetime, now: datetime) -> bool:
        """Note a nonce of a key until a moment and return whether it is new; those whose time is over are removed."""
        return self._nonces.remember(key_id, nonce, until=until, now=now)

    def knows_nonce(self, key_id: str, nonce: str) -> bool:
        """Whether a nonce of a key is noted."""
        return self._nonces.knows(key_id, nonce)


def _insert_key(connection: Connection, key: AccessKey, sealed_secret: bytes, token_digest: bytes | None) -> None:
    connection.execute(insert(access_key).values(_row(key, sealed_secret)))
    if token_digest is not None:
        values = {"key_id": key.id, "token_digest": token_digest, "expires_at": key.expires_at}
        connection.execute(insert(temporary_key).values(with_checksum(temporary_key, values)))


def _forget_keys(connection: Connection, expired_before: datetime) -> None:
    over = select(temporary_key.c.key_id).where(temporary_key.c.expires_at < expired_before)
    over = over.with_for_update(skip_locked=True)  # what another gateway is removing is left to it
    remove_keys(connection, connection.execute(over).scalars().all())


def remove_keys(connection: Connection, ids: Iterable[str]) -> None:
    """Remove access keys; those that are gone already are no error."""
    listed = list(ids)
    for column in (temporary_key.c.key_id, key_use.c.key_id):
        connection.execute(delete(column.table).where(column.in_(listed)))
    connection.execute(delete(access_key).where(access_key.c.id.in_(listed)))


def _read_keys(connection: Connection) -> list[AccessKey]:
    query = select(access_key).order_by(access_key.c.created_at, access_key.c.id)
    rows = [checked(access_key, row) for row in connection.execute(query)]
    temporary = [checked(temporary_key, row) for row in connection.execute(select(temporary_key))]
    ends = {values["key_id"]: values["expires_at"] for values in temporary}
    return [_key(values, ends.get(values["id"])) for values in rows]


def _read_key(connection: Connection, key_id: str) -> tuple[AccessKey, bytes]:
    row = connection.execute(select(access_key).where(access_key.c.id == key_id)).first()
    if row is None:
        raise KeyNotFound(f"There is no access key {key_id[:64]!r}.", "List the keys that there are.")
    values = checked(access_key, row)
    temporary = _read_temporary(connection, key_id)
    return _key(values, None if temporary is None else temporary["expires_at"]), values["sealed_secret"]


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
        "qps": key.qps,
        "pictures_per_day": key.pictures_per_day,
        "max_body": key.max_body,
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
        qps=values["qps"],
        pictures_per_day=values["pictures_per_day"],
        max_body=values["max_body"],
    )


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}"
