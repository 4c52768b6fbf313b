"""Sessions of the console: a sealed token for whoever has proven to hold an access key."""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from similis.catalogue import Catalogue
from similis.domain import AccessKey, KeyNotFound, KeyringFailed, NotAuthenticated
from similis.privacy import Keyring

SESSION_LIFETIME = timedelta(hours=12)
_CONTEXT, _CSRF = "console-session", "console-csrf"
_MOST = 1_000
_HINT = "Sign in with an access key."


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody is signed in.

    Attributes:
        id: random, names the session.
        key: the access key as it is now.
        expires_at: when the session ends by itself.
        csrf: what the console sends along with every change; only its page can know it.
    """

    id: str
    key: AccessKey
    expires_at: datetime
    csrf: str


class Sessions:
    """Starts, finds and ends sessions.

    A token holds the session's id, the key's id and the session's end, sealed by the master key, and not the key's
    secret: all gateways that share a key directory read it, also after a restart, and nothing is kept of a session
    until it ends. Then its id is kept, until the token would be too old anyway.
    """

    def __init__(self, catalogue: Catalogue, keyring: Keyring) -> None:
        self._catalogue = catalogue
        self._keyring = keyring

    def start(self, key: AccessKey, now: datetime) -> tuple[Session, str]:
        """Begin a session of a key that was proven, and return it with its token."""
        ends = min(now + SESSION_LIFETIME, key.expires_at or now + SESSION_LIFETIME)
        identity, moment = secrets.token_hex(16), int(ends.timestamp())
        sealed = self._keyring.seal(f"{identity} {key.id} {moment}".encode(), _CONTEXT)
        return self._session(identity, key, moment), base64.urlsafe_b64encode(sealed).decode().rstrip("=")

    def find(self, token: str, now: datetime) -> Session:
        """Return the session of a token.

        Raises:
            NotAuthenticated: there is none of that token, it ended, or its key cannot be used any more.
        """
        identity, key_id, moment = self._unsealed(token)
        try:
            key = self._catalogue.access_keys.get(key_id)[0]
        except KeyNotFound:
            raise _over() from None
        session = self._session(identity, key, int(moment))
        if key.disabled or key.expired(now) or now >= session.expires_at or self._ended(identity):
            raise _over()
        return session

    def end(self, session: Session, now: datetime) -> None:
        """End a session at once, for all gateways: no copy of its token is taken any more."""
        self._catalogue.access_keys.remember_nonce(_CONTEXT, session.id, until=session.expires_at, now=now)

    def _session(self, identity: str, key: AccessKey, moment: int) -> Session:
        csrf = self._keyring.sign(identity, _CSRF)
        return Session(identity, key, datetime.fromtimestamp(moment, UTC), csrf)

    def _ended(self, identity: str) -> bool:
        return self._catalogue.access_keys.knows_nonce(_CONTEXT, identity)

    def _unsealed(self, token: str) -> list[str]:
        try:
            sealed = base64.urlsafe_b64decode(token[:_MOST].encode() + b"==")
            return self._keyring.unseal(sealed, _CONTEXT).decode().split(" ")
        except (binascii.Error, UnicodeEncodeError, KeyringFailed):
            raise _over() from None


def _over() -> NotAuthenticated:
    return NotAuthenticated("The session is over.", _HINT)
