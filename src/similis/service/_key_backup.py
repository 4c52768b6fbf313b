"""Use cases of backups of keys, which need no data: a service may be running meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from similis.domain import KeyringFailed
from similis.privacy import back_up, restore
from similis.service._opening import check_place, open_keyring
from similis.service._settings import Settings


def back_up_keys(settings: Settings, file: Path, passphrase: str) -> int:
    """Write all keys into a new file that the passphrase opens, and return how many instances have one.

    A master key that comes from the environment or a command is not in it.

    Raises:
        InvalidInput: the passphrase is short, or the file is there already.
        KeyringFailed: there are no keys, one cannot be read, or the file cannot be written.
    """
    keyring = open_keyring(settings, create=False)
    for uid in keyring.uids():
        keyring.instance(uid)  # what cannot be used now could not be used later
    with _failures(file):
        return back_up(settings.key_directory, file, passphrase)


def restore_keys(settings: Settings, file: Path, passphrase: str) -> int:
    """Make the key directory anew from a backup, and return how many instances have a key in it.

    Raises:
        InvalidInput: there are keys already.
        KeyringFailed: the file is no backup, is damaged, or the passphrase is wrong; nothing is made.
    """
    check_place(settings)
    with _failures(file):
        return restore(file, settings.key_directory, passphrase)


@contextmanager
def _failures(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise KeyringFailed(
            f"{error.filename or file} cannot be read or written: {error.strerror or error}.",
            "Check the path, and that this user may use it.",
        ) from error
