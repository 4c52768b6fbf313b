"""Instances: named, searchable collections of pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from similis.domain._errors import InvalidInput, InvalidName
from similis.domain._picture_url import check_picture_url
from similis.domain._quota import check_max_body, check_qps
from similis.domain._tuning import Tuning

MAX_NAME = 20
MAX_REGION = 64
MAX_CAPACITY = 1_000_000_000
MAX_RETENTION_DAYS = 36_500
DEFAULT_CAPACITY = 100_000
DEFAULT_REGION = "local"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,19}")


class InstanceType(StrEnum):
    """Product search works inside a category; generic search knows no categories."""

    PRODUCT = "product"
    GENERIC = "generic"


@dataclass(frozen=True, slots=True)
class InstanceSpec:
    """What the user decides when an instance is made.

    Raises:
        InvalidName: the name is not 1–20 letters, digits, `_` or `-`, beginning with a letter or digit.
        InvalidInput: the capacity is below one or above a thousand million, or the region is not 1–64 printable
            characters.
    """

    name: str
    type: InstanceType = InstanceType.PRODUCT
    region: str = DEFAULT_REGION
    capacity: int = DEFAULT_CAPACITY

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InvalidName(
                f"The instance name {self.name[:40]!r} cannot be used.",
                f"Use 1 to {MAX_NAME} letters, digits, '_' or '-', beginning with a letter or digit.",
            )
        if not (0 < len(self.region) <= MAX_REGION and self.region.isprintable()):
            raise InvalidInput(
                f"The region has {len(self.region)} characters, or some that cannot be printed.",
                f"Give a name of 1 to {MAX_REGION} printable characters, such as cn-shanghai.",
            )
        _check_capacity(self.capacity)


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance as it stands: its specification, the model that makes its features, and figures.

    Attributes:
        id: number in the catalogue, never used again.
        uid: random name of its key in the keyring.
        tuning: the tuning that is used, else the last one that was tried and not adopted, if any.
        retention_days: so long are pictures kept after they were added; None keeps them for ever.
        qps: calls a second that may be made on it; None sets no limit.
        max_body: bytes that the body of a call on it may have; None for as many as the service takes.
        picture_url: where browsers find the shop's own pictures, see `check_picture_url`; None where nowhere.
    """

    id: int
    uid: str
    spec: InstanceSpec
    index: str
    model: str
    dimension: int
    created_at: datetime
    picture_count: int = 0
    tuning: Tuning | None = None
    retention_days: int | None = None
    qps: float | None = None
    picture_url: str | None = None
    max_body: int | None = None

    @property
    def name(self) -> str:
        """The instance's name."""
        return self.spec.name

    @property
    def capacity(self) -> int:
        """How many pictures it may hold."""
        return self.spec.capacity


SettingValue: TypeAlias = float | str | None
INSTANCE_SETTINGS = ("capacity", "retention_days", "qps", "max_body", "picture_url")
"""What of an instance can be changed at any time."""
_SETTABLE = f"Give some of {', '.join(INSTANCE_SETTINGS)}."


def check_instance_settings(changes: Mapping[str, SettingValue]) -> Mapping[str, SettingValue]:
    """Return settings to change once they are found right; None takes one away, but for the capacity.

    Raises:
        InvalidInput: there is none, a name is unknown, or a value is out of its limits.
        InvalidUrl: the picture URL is none.
    """
    if unknown := changes.keys() - set(INSTANCE_SETTINGS):
        raise InvalidInput(f"An instance has no setting {min(unknown)[:40]!r}.", _SETTABLE)
    if not changes:
        raise InvalidInput("No setting of the instance is to be changed.", _SETTABLE)
    return {name: _checked(name, value) for name, value in changes.items()}


def _checked(name: str, value: SettingValue) -> SettingValue:
    return None if value is None and name != "capacity" else _CHECKS[name](value)


def _check_capacity(capacity: int | None) -> int:
    if not (isinstance(capacity, int) and 1 <= capacity <= MAX_CAPACITY):
        raise InvalidInput(f"The capacity is {capacity}.", f"Give the number of pictures, 1 to {MAX_CAPACITY:,}.")
    return capacity


def _check_days(days: float) -> int:
    if not (isinstance(days, int) and 1 <= days <= MAX_RETENTION_DAYS):
        raise InvalidInput(
            f"Pictures cannot be kept for {days} days.", f"Give whole days, 1 to {MAX_RETENTION_DAYS:,}, or none."
        )
    return days


_CHECKS: Mapping[str, Callable[[Any], SettingValue]] = {
    "capacity": _check_capacity,
    "retention_days": _check_days,
    "qps": check_qps,
    "max_body": check_max_body,
    "picture_url": check_picture_url,
}
