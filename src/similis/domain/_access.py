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
        """Whether the key covers a role, on one instance where one is meant."""
        reaches = instance is None or not self.instances or instance in self.instances
        return not self.disabled and reaches and self.role.covers(needed)


@dataclass(frozen=True, slots=True)
class NewAccessKey:
    """A key just made, with the secret that is shown this once."""

    key: AccessKey
    secret: str
