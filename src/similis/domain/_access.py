"""Access keys and what they allow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What the holder of a key may do; each role may do all that the ones after it may."""

    ADMIN = "admin"
    WRITER = "writer"
    READER = "reader"

    def covers(self, needed: Role) -> bool:
        """Whether this role may do what `needed` may."""
        order = list(Role)
        return order.index(self) <= order.index(needed)


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key without its secret; no instances named means all of them."""

    id: str
    role: Role
    instances: tuple[str, ...]
    created_at: datetime
    disabled: bool = False

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
    """A key just made, with the secret that is shown this once."""

    key: AccessKey
    secret: str
