"""Keys of instances that are being made: none is left behind, whatever happens in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from similis.catalogue import Catalogue
from similis.domain import StorageFailed
from similis.privacy import Keyring


@contextmanager
def new_key(catalogue: Catalogue, keyring: Keyring) -> Iterator[str]:
    """A block that makes an instance for a new key, whose uid it is given.

    The catalogue knows of the key before it is there: where a process is killed, the next one destroys it. The block
    may end with StorageFailed although it made the instance, such as when the connection broke: then the key stays.

    Raises:
        KeyringFailed: it cannot be written.
    """
    uid = keyring.new_uid()
    catalogue.keyring.making(uid, datetime.now(UTC))
    try:
        keyring.create_instance(uid)
        yield uid
    except StorageFailed:
        raise
    except BaseException:
        keyring.destroy_instance(uid)
        catalogue.keyring.made(uid)
        raise
    catalogue.keyring.made(uid)
