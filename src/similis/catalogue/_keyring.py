"""What the catalogue notes about the keyring: which one belongs to it, and keys that are being made."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy import Connection, Table, select, update

from similis.catalogue._checksums import checked, with_checksum
from similis.catalogue._database import Database
from similis.catalogue._settings import claim_setting, forget_setting, names_below, read_setting, write_setting
from similis.catalogue._tables import access_key, connection, instance, setting
from similis.domain import KeyringFailed

_KEYRING = "keyring"
_IN_MAKING = "key in making: "
_TO_DESTROY = "key to destroy: "
_ROTATED = "The master key was changed meanwhile, by another process."
_START_AGAIN = "Start this process again, with the new master key."

Reseal = Callable[[str, bytes], bytes]


class KeyringRecord:
    """The part of the catalogue that knows its keyring."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, keyring_id: str) -> str:
        """Note which keyring belongs to the catalogue unless that is known, and return which one does."""
        with self._database.writing() as begun:
            return claim_setting(begun, _KEYRING, keyring_id)

    def current(self) -> str | None:
        """Which keyring belongs to the catalogue; None before it was first opened."""
        with self._database.reading() as begun:
            return read_setting(begun, _KEYRING)

    def use(self, keyring_id: str) -> None:
        """Take it from now on that what is written was sealed by this keyring; see `require_keyring`."""
        self._database.keyring = keyring_id

    def rotate(
        self, new: str, wrapped: Collection[str], *, reseal_secret: Reseal, reseal_credentials: Reseal
    ) -> None:
        """Seal all that the master key seals by a new one, and note that from now on, in one step.

        Args:
            new: id of the keyring with the new master key.
            wrapped: uids of the instance keys that were wrapped by it.
            reseal_secret: makes the new sealed secret of an access key, from its id and the old one.
            reseal_credentials: likewise of a connection, from its name.

        Raises:
            KeyringFailed: another process changed the master key, or made an instance meanwhile.
        """
        with self._database.writing() as begun:
            begun.execute(select(setting).where(setting.c.name == _KEYRING).with_for_update())
            _require(begun, self._database.keyring)
            if missing := set(begun.execute(select(instance.c.uid)).scalars()) - set(wrapped):
                raise KeyringFailed(
                    f"The keys of {len(missing)} instances could not be changed: they are not in the key directory.",
                    "Look at what `similis keyring check` finds; where an instance was just made, try again.",
                )
            _reseal(begun, access_key, "id", "sealed_secret", reseal_secret)
            _reseal(begun, connection, "name", "sealed_credentials", reseal_credentials)
            write_setting(begun, _KEYRING, new)
        self._database.keyring = new

    def to_destroy(self) -> list[str]:
        """Return the uids of the keys of deleted instances that may still be there."""
        with self._database.reading() as begun:
            return names_below(begun, _TO_DESTROY)

    def destroyed(self, uid: str) -> None:
        """Note that the key of a deleted instance is gone."""
        with self._database.writing() as begun:
            forget_setting(begun, _TO_DESTROY + uid)

    def making(self, uid: str, now: datetime) -> None:
        """Note that the key of an instance is about to be made."""
        with self._database.writing() as begun:
            write_setting(begun, _IN_MAKING + uid, now.isoformat())

    def made(self, uid: str) -> None:
        """Note that the instance of a key was made, or that neither is there."""
        with self._database.writing() as begun:
            forget_setting(begun, _IN_MAKING + uid)

    def in_making(self) -> list[str]:
        """Return the uids of keys that are about to be made."""
        with self._database.reading() as begun:
            return names_below(begun, _IN_MAKING)

    def abandoned(self, before: datetime) -> list[str]:
        """Return the uids of keys that were about to be made before a moment, and whose instance never was."""
        with self._database.reading() as begun:
            found = []
            for uid in names_below(begun, _IN_MAKING):
                since = read_setting(begun, _IN_MAKING + uid)
                if since is not None and datetime.fromisoformat(since) < before and not _used(begun, uid):
                    found.append(uid)
            return found


def note_to_destroy(begun: Connection, uid: str) -> None:
    """Note in the transaction that deletes an instance that its key is to be destroyed."""
    write_setting(begun, _TO_DESTROY + uid, "")


def require_keyring(begun: Connection, database: Database) -> None:
    """Check in a transaction that writes what a keyring has sealed that this is still the catalogue's.

    Raises:
        KeyringFailed: another process changed the master key meanwhile.
    """
    if database.keyring is not None:
        _require(begun, database.keyring)


def _require(begun: Connection, keyring_id: str | None) -> None:
    row = begun.execute(select(setting).where(setting.c.name == _KEYRING).with_for_update(read=True)).first()
    if row is not None and keyring_id is not None and checked(setting, row)["value"] != keyring_id:
        raise KeyringFailed(_ROTATED, _START_AGAIN)


def _reseal(begun: Connection, table: Table, key: str, column: str, reseal: Reseal) -> None:
    for row in begun.execute(select(table).where(table.c[column].is_not(None)).with_for_update()).all():
        values = checked(table, row)
        values[column] = reseal(values[key], values[column])
        begun.execute(update(table).where(table.c[key] == values[key]).values(with_checksum(table, values)))


def _used(begun: Connection, uid: str) -> bool:
    return begun.execute(select(instance.c.id).where(instance.c.uid == uid)).first() is not None
