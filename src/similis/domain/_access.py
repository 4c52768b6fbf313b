"""Access keys and what they allow."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, TypeAlias

from similis.domain._errors import InvalidInput, InvalidLifetime
from similis.domain._quota import check_max_body, check_pictures_per_day, check_qps

MAX_LIFETIME = timedelta(hours=12)
_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


class Role(StrEnum):
    """What the holder of a key may do; each role may do all that the ones after it may."""

    ADMIN = "admin"
    WRITER = "writer"
    READER = "reader"

    def covers(self, needed: Role) -> bool:
        """Whether this role may do what `needed` may."""
        order = list(Role)
        return order.index(self) <= order.index(needed)


def is_key_id(text: str) -> bool:
    """Whether an access key can have this id; no database need be asked for another, and some would fail on it."""
    return _KEY_ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key without its secret; no instances named means all of them.

    A temporary one ends at `expires_at` and is used together with its security token. `qps` is how many calls a
    second it may make, `pictures_per_day` how many pictures may be added with it from midnight to midnight UTC,
    `max_body` how many bytes a call's body may have; None sets no limit.
    """

    id: str
    role: Role
    instances: tuple[str, ...]
    created_at: datetime
    disabled: bool = False
    expires_at: datetime | None = None
    qps: float | None = None
    pictures_per_day: int | None = None
    max_body: int | None = None

    @property
    def temporary(self) -> bool:
        """Whether the key has an end and a security token."""
        return self.expires_at is not None

    def expired(self, now: datetime) -> bool:
        """Whether the key is a temporary one whose end has come."""
        return self.expires_at is not None and now >= self.expires_at

    def allows(self, needed: Role, instance: str | None = None) -> bool:
        """Whether the key covers a role on one instance or, with None, on what belongs to no single instance.

        A key limited to instances administers nothing beyond them: it could otherwise make itself a wider key.
        """
        return not self.disabled and self.role.covers(needed) and self._reaches(needed, instance)

    def _reaches(self, needed: Role, instance: str | None) -> bool:
        if not self.instances:
            return True
        return needed is not Role.ADMIN if instance is None else instance in self.instances


@dataclass(frozen=True, slots=True)
class NewAccessKey:
    """A key just made, with the secret and a temporary key's security token, which are shown this once."""

    key: AccessKey
    secret: str
    security_token: str | None = None


def check_lifetime(lifetime: timedelta) -> timedelta:
    """Return the lifetime of a temporary key once it is found right.

    Raises:
        InvalidLifetime: it is not above zero, or too long.
    """
    if not timedelta(0) < lifetime <= MAX_LIFETIME:
        raise InvalidLifetime(
            f"A temporary key cannot live for {lifetime.total_seconds() / 60:g} minutes.",
            f"Choose 1 to {MAX_LIFETIME // timedelta(minutes=1)} minutes.",
        )
    return lifetime


KeyLimit: TypeAlias = float | None
KEY_LIMITS: Mapping[str, Callable[[Any], KeyLimit]] = {
    "qps": check_qps,
    "pictures_per_day": check_pictures_per_day,
    "max_body": check_max_body,
}
"""What of a key can be changed at any time, and what checks it."""
_CHANGEABLE = f"Give some of {', '.join(KEY_LIMITS)}."


def check_key_limits(changes: Mapping[str, KeyLimit]) -> Mapping[str, KeyLimit]:
    """Return limits of a key to change once they are found right; None takes one away.

    Raises:
        InvalidInput: there is none, a name is unknown, or a value is out of range.
    """
    if unknown := changes.keys() - KEY_LIMITS.keys():
        raise InvalidInput(f"An access key has no limit {min(unknown)[:40]!r}.", _CHANGEABLE)
    if not changes:
        raise InvalidInput("No limit of the access key is to be changed.", _CHANGEABLE)
    return {name: KEY_LIMITS[name](value) for name, value in changes.items()}
