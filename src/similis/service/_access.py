"""Use cases of access keys."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from similis.catalogue import Catalogue, NotRemembered
from similis.domain import (
    AccessKey,
    KeyLimit,
    KeyNotFound,
    NewAccessKey,
    NotAuthenticated,
    NotFound,
    PicturesUsedUp,
    Role,
    SimilisError,
    TooManyRequests,
    Unavailable,
    check_key_limits,
    check_lifetime,
    check_max_body,
    check_pictures_per_day,
    check_qps,
    is_key_id,
)
from similis.privacy import Keyring

_Found = TypeVar("_Found")
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_ID_LENGTH = 20
# So long does a key that has ended still say so, before it is as unknown as any.
_REMEMBERED = timedelta(days=1)


class Access:
    """Makes, lists, limits, disables and checks access keys.

    Secrets are kept encrypted, not hashed: the wire protocol's HMAC signatures need them in clear.
    """

    def __init__(self, catalogue: Catalogue, keyring: Keyring) -> None:
        self._catalogue = catalogue
        self._keyring = keyring

    def create(
        self,
        role: Role,
        instances: Iterable[str] = (),
        lifetime: timedelta | None = None,
        qps: float | None = None,
        *,
        pictures_per_day: int | None = None,
        max_body: int | None = None,
    ) -> NewAccessKey:
        """Make a key, for all instances or only those named; the secret is shown this once.

        With a lifetime it is a temporary one, which comes with a security token and is used together with it.
        `qps` is how many calls a second may be made with it, `pictures_per_day` how many pictures may be added from
        midnight to midnight UTC, `max_body` how many bytes the body of a call may have; None sets no limit.

        Raises:
            InstanceNotFound: one of the instances does not exist.
            InvalidLifetime: the lifetime is out of range.
            InvalidInput: another limit is.
        """
        names = tuple(self._catalogue.instance(name).name for name in dict.fromkeys(instances))
        identity = "SIM" + "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH - 3))
        now = datetime.now(UTC)
        expires_at = None if lifetime is None else now + check_lifetime(lifetime)
        key = AccessKey(
            identity,
            role,
            names,
            now,
            expires_at=expires_at,
            qps=check_qps(qps),
            pictures_per_day=check_pictures_per_day(pictures_per_day),
            max_body=check_max_body(max_body),
        )
        secret = secrets.token_urlsafe(30)
        token = secrets.token_urlsafe(48) if key.temporary else None
        self._catalogue.access_keys.forget(now - _REMEMBERED)
        self._catalogue.access_keys.add(
            key,
            self._keyring.seal(secret.encode(), secret_context(identity)),
            None if token is None else _digest(token),
        )
        return NewAccessKey(key, secret, token)

    @contextmanager
    def adding_picture(self, key: AccessKey | None) -> Iterator[None]:
        """A block that adds a picture, counted where its key has a limit a day, for all gateways and restarts.

        What the service itself could not do, or need not begin, is not counted; a picture that is refused is.

        Args:
            key: the caller's; None for who came by a signed link, where there is no limit.

        Raises:
            PicturesUsedUp: it would be one more today than may be.
        """
        if key is None or key.pictures_per_day is None:
            yield
            return
        now = datetime.now(UTC)
        self._use_picture(key.id, key.pictures_per_day, now)
        try:
            yield
        except (TooManyRequests, Unavailable, NotFound):
            with suppress(SimilisError):  # where the catalogue is what failed: that is what there is to say
                self._catalogue.access_keys.give_back_pictures(key.id, 1, now=now)
            raise

    def _use_picture(self, key_id: str, most: int, now: datetime) -> None:
        if not self._catalogue.access_keys.use_pictures(key_id, 1, most=most, now=now):
            raise PicturesUsedUp(
                f"With the access key {most:,} pictures a day may be added.",
                "Go on after midnight UTC, or use a key that may add more.",
            )

    def list(self) -> list[AccessKey]:
        """All keys, oldest first, without their secrets."""
        return self._catalogue.access_keys.all()

    def set(self, identity: str, **limits: KeyLimit) -> AccessKey:
        """Change `qps`, `pictures_per_day` or `max_body` of a key, at once for all gateways; None takes one away.

        Raises:
            KeyNotFound: there is none of that id.
            InvalidInput: nothing, an unknown limit, or a value out of range.
        """
        require_key_id(identity)
        return self._catalogue.access_keys.limit(identity, check_key_limits(limits))

    def disable(self, identity: str) -> AccessKey:
        """Disable a key for good.

        Raises:
            KeyNotFound: there is none of that id.
        """
        require_key_id(identity)
        return self._catalogue.access_keys.disable(identity)

    def authenticate(self, identity: str, secret: str, token: str = "") -> AccessKey:
        """Return the key when id, secret and a temporary key's security token are right and it can still be used.

        Raises:
            NotAuthenticated: otherwise, in the same words whichever was wrong.
        """
        try:
            key, known = self.reveal(identity)
        except KeyNotFound:
            key, known = None, secrets.token_urlsafe(30)
        right = hmac.compare_digest(known.encode(), secret.encode())
        if key is None or not right or not self._usable(key, token):
            raise NotAuthenticated("The access key was not accepted.", "Send Authorization: Bearer ID:SECRET.")
        return key

    def reveal(self, identity: str) -> tuple[AccessKey, str]:
        """A key and its secret in clear, for checking signatures and for the operator of this machine.

        Raises:
            KeyNotFound: there is none of that id.
            KeyringFailed: the key directory does not fit.
        """
        require_key_id(identity)
        key, sealed = self._catalogue.access_keys.get(identity)
        return key, self._keyring.unseal(sealed, secret_context(identity)).decode()

    def from_memory(self, find_out: Callable[[], _Found]) -> _Found | None:
        """What can be found out about a caller without waiting for the catalogue; None where it cannot.

        Args:
            find_out: is called, and broken off where it would wait.
        """
        try:
            with self._catalogue.only_remembered():
                return find_out()
        except NotRemembered:
            return None

    def holds_token(self, identity: str, token: str) -> bool:
        """Whether a key is a temporary one and this is its security token."""
        expected = self._catalogue.access_keys.token_digest(identity) or b""
        return hmac.compare_digest(expected, _digest(token))

    def remember_nonce(self, identity: str, nonce: str, until: datetime, now: datetime) -> bool:
        """Note a nonce of a key until a moment, also across a restart, and return whether it is new."""
        return self._catalogue.access_keys.remember_nonce(identity, nonce, until=until, now=now)

    def operator_key(self) -> NewAccessKey:
        """The first active, permanent admin key without limits, made if there is none."""
        for key in self.list():
            if key.allows(Role.ADMIN) and not key.temporary:
                return NewAccessKey(key, self.reveal(key.id)[1])
        return self.create(Role.ADMIN)

    def _usable(self, key: AccessKey, token: str) -> bool:
        if key.disabled or key.expired(datetime.now(UTC)):
            return False
        return self.holds_token(key.id, token) if key.temporary else not token


def secret_context(identity: str) -> str:
    """What the secret of an access key is sealed for."""
    return f"access-key:{identity}"


def require_key_id(identity: str) -> None:
    """Check that there could be a key of this id, before the catalogue is asked.

    Raises:
        KeyNotFound: there could not.
    """
    if not is_key_id(identity):
        raise KeyNotFound(f"There is no access key {identity[:64]!r}.", "List the keys that there are.")


def _digest(token: str) -> bytes:
    # Enough for a token as random and long as these: nothing shorter could be guessed behind the digest.
    return hashlib.sha256(token.encode()).digest()
