"""Use cases of encryption keys: change the master key."""

from __future__ import annotations

from similis.catalogue import Catalogue
from similis.domain import InvalidInput
from similis.privacy import Keyring, MasterKey
from similis.service._access import secret_context
from similis.service._connections import credentials_context


class Keys:
    """The verbs of encryption keys."""

    def __init__(self, catalogue: Catalogue, keyring: Keyring) -> None:
        self._catalogue = catalogue
        self._keyring = keyring

    def rotate(self, secret: bytes | None = None) -> None:
        """Change the master key, in one step: all that it seals is sealed anew, the old one is destroyed.

        Signed links that were given out and sessions of the console end. Gateways that share the catalogue have to
        be stopped: those that are not can read no secret any more, and make no instance, until they start again.

        Args:
            secret: the new master key, which is not kept; None makes one, which lies in the key directory.

        Raises:
            InvalidInput: none is given although the present one does not lie in the key directory.
            KeyringFailed: a key cannot be read or written; all stays as it is.
        """
        if secret is None and not self._keyring.stores_master:
            raise InvalidInput(
                "The master key does not lie in the key directory.",
                "Give the new one with --new-key-file or --new-key-command.",
            )
        with self._keyring.rotation(secret) as (rotation, new):
            self._catalogue.keyring.rotate(
                rotation.id,
                rotation.wrapped,
                reseal_secret=lambda identity, sealed: self._resealed(new, sealed, secret_context(identity)),
                reseal_credentials=lambda name, sealed: self._resealed(new, sealed, credentials_context(name)),
            )

    def held(self) -> set[str]:
        """The uids of all instance keys that are there."""
        return set(self._keyring.uids())

    def needed(self) -> dict[str, str]:
        """The uids of all instances, those that users do not see included, with their names."""
        return {instance.uid: instance.name for instance in self._catalogue.instances()}

    def unused(self) -> list[str]:
        """The uids of keys that belong to no instance of this catalogue, nor to one that is being made.

        The order of looks matters where gateways share the catalogue: a key is made after it was noted, and the note
        goes after the instance came.
        """
        held = self.held()
        in_making = self._catalogue.keyring.in_making()
        return sorted(held.difference(in_making, self.needed()))

    def prune(self) -> list[str]:
        """Destroy the unused keys, and return their uids.

        Raises:
            KeyringFailed: one cannot be destroyed.
        """
        unused = self.unused()
        for uid in unused:
            self._keyring.destroy_instance(uid)
        return unused

    def _resealed(self, new: MasterKey, sealed: bytes, context: str) -> bytes:
        return new.seal(self._keyring.unseal(sealed, context), context)
