"""Opens the keyring that belongs to the data, wherever its master key comes from."""

from __future__ import annotations

from pathlib import Path

from similis.catalogue import Catalogue
from similis.domain import DataDirectoryMissing, InvalidInput, KeyringFailed
from similis.privacy import FeatureCipher, Keyring, decode_master, master_from_command, master_from_file
from similis.service._settings import Settings


class InstanceSealer:
    """Encrypts custom content and features with the instance's key, for the catalogue."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def seal(self, instance_uid: str, text: str) -> bytes:
        """Encrypt a text."""
        return self._keyring.instance(instance_uid).seal(text, "custom-content")

    def unseal(self, instance_uid: str, sealed: bytes) -> str:
        """Read an encrypted text."""
        return self._keyring.instance(instance_uid).unseal(sealed, "custom-content")

    def features(self, instance_uid: str) -> FeatureCipher:
        """What encrypts features."""
        return self._keyring.instance(instance_uid).features()


def has_data(settings: Settings) -> bool:
    """Whether there are data already; makes none.

    Raises:
        StorageFailed: the catalogue's database cannot be used.
    """
    return Catalogue.exists(settings.catalogue_url)


def require_data(settings: Settings) -> None:
    """See that there are data already; makes none, not even a directory.

    Raises:
        DataDirectoryMissing: there are none where the settings say.
        StorageFailed: the catalogue's database cannot be used.
    """
    if has_data(settings):
        return
    if settings.catalogue is None:
        message = f"There is no data directory {settings.data.absolute()}."
    else:
        message = "The database of SIMILIS_CATALOGUE has no catalogue."
    raise DataDirectoryMissing(
        message,
        "Go to the folder that it is in, name it by --data or SIMILIS_DATA, or name a running service by --endpoint. "
        "`similis serve` and `similis instance create` make one.",
    )


def open_keyring(settings: Settings, *, create: bool) -> Keyring:
    """The keyring of the settings.

    Raises:
        KeyringFailed: it lies inside the data directory, there is none, or it cannot be read.
    """
    check_place(settings)
    return Keyring.open(settings.key_directory, create=create, master=master_of(settings))


def master_of(settings: Settings) -> bytes | None:
    """The master key where it does not lie in the key directory; a command is run for it.

    Raises:
        KeyringFailed: there is none where it should come from, or it is told twice.
    """
    if settings.master_key is not None and settings.master_key_command is not None:
        raise KeyringFailed(
            "SIMILIS_MASTER_KEY and SIMILIS_MASTER_KEY_COMMAND are both set.", "Unset the one that is not meant."
        )
    if settings.master_key_command is not None:
        return master_from_command(settings.master_key_command)
    if settings.master_key is not None:
        return decode_master(settings.master_key.get_secret_value().encode(), "SIMILIS_MASTER_KEY")
    return None


def read_master(file: Path | None, command: str | None) -> bytes | None:
    """A master key from a private file or a command; None where neither is given.

    Raises:
        InvalidInput: both are given.
        KeyringFailed: it cannot be read.
    """
    if file is not None and command is not None:
        raise InvalidInput("A new master key was given twice.", "Give a file or a command.")
    if file is not None:
        return master_from_file(file)
    return None if command is None else master_from_command(command)


def check_place(settings: Settings) -> str:
    """See that keys and data do not lie in each other, links followed, and return where the keys are.

    Raises:
        KeyringFailed: they do, so that who copies one has both.
    """
    keys, data = settings.key_directory.resolve(), settings.data.resolve()
    if keys.is_relative_to(data) or data.is_relative_to(keys):
        raise KeyringFailed(
            f"The key directory {settings.key_directory} and the data directory {settings.data} lie in each other.",
            "Move the keys elsewhere, and point --keys or SIMILIS_KEYS at them.",
        )
    return str(keys)


def check_keyring(catalogue: Catalogue, keyring: Keyring, settings: Settings) -> None:
    """See that a keyring is the one of the catalogue, once a change of its master key that was cut short is ended.

    Raises:
        KeyringFailed: it is another one.
    """
    keyring.settle(catalogue.keyring.current)
    check_master(catalogue, keyring, settings, catalogue.keyring.current() or catalogue.keyring.claim(keyring.id))
    catalogue.keyring.use(keyring.id)


def check_master(catalogue: Catalogue, keyring: Keyring, settings: Settings, expected: str | None) -> None:
    """See that a keyring is the one that the catalogue expects, changing nothing.

    Raises:
        KeyringFailed: it is another one.
    """
    if expected != keyring.id:
        data = "the catalogue" if catalogue.shared else settings.data
        raise KeyringFailed(
            f"The keys in {settings.key_directory} belong to other data than {data}, or the master key was changed.",
            "Point --keys or SIMILIS_KEYS at the key directory that was made with it. A master key that comes from "
            "the environment or a command has to be the present one.",
        )
