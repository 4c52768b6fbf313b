"""Use cases of access keys."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime

from similis.catalogue import Catalogue
from similis.domain import AccessKey, KeyNotFound, NewAccessKey, NotAuthenticated, Role
from similis.privacy import Keyring

_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_ID_LENGTH = 20


class Access:
    """Makes, lists, disables and checks access keys.

    Secrets are kept encrypted, not hashed: the wire protocol's HMAC signatures need them in clear.
    """

    def __init__(self, catalogue: Catalogue, keyring: Keyring) -> None:
        self._catalogue = catalogue
        self._keyring = keyring

    def create(self, role: Role, instances: Iterable[str] = ()) -> NewAccessKey:
        """Make a key, for all instances or only those named; the secret is shown this once.

        Raises:
            InstanceNotFound: one of the instances does not exist.
        """
        names = tuple(self._catalogue.instance(name).name for name in instances)
        identity = "SIM" + "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH - 3))
        key = AccessKey(identity, role, names, datetime.now(UTC))
        secret = secrets.token_urlsafe(30)
        self._catalogue.add_key(key, self._keyring.seal(secret.encode(), _context(identity)))
        return NewAccessKey(key, secret)

    def list(self) -> list[AccessKey]:
        """All keys, oldest first, without their secrets."""
        return self._catalogue.keys()

    def disable(self, identity: str) -> AccessKey:
        """Disable a key for good.

        Raises:
            KeyNotFound: there is none of that id.
        """
        return self._catalogue.disable_key(identity)

    def authenticate(self, identity: str, secret: str) -> AccessKey:
        """Return the key when id and secret are right and it is not disabled.

        Raises:
            NotAuthenticated: otherwise, in the same words and time whichever was wrong.
        """
        try:
            key, known = self.reveal(identity)
        except KeyNotFound:
            key, known = None, secrets.token_urlsafe(30)
        right = hmac.compare_digest(known.encode(), secret.encode())
        if key is None or not right or key.disabled:
            raise NotAuthenticated("The access key was not accepted.", "Send Authorization: Bearer ID:SECRET.")
        return key

    def reveal(self, identity: str) -> tuple[AccessKey, str]:
        """A key and its secret in clear, for checking signatures and for the operator of this machine.

        Raises:
            KeyNotFound: there is none of that id.
            KeyringFailed: the key directory does not fit.
        """
        key, sealed = self._catalogue.key(identity)
        return key, self._keyring.unseal(sealed, _context(identity)).decode()

    def operator_key(self) -> NewAccessKey:
        """The first active admin key without limits, made if there is none."""
        for key in self.list():
            if key.allows(Role.ADMIN):
                return NewAccessKey(key, self.reveal(key.id)[1])
        return self.create(Role.ADMIN)


def _context(identity: str) -> str:
    return f"access-key:{identity}"
