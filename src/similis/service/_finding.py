"""One thing that was looked at, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from similis.domain import SimilisError


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: whether it is good, what was found, and what to do where it is not.

    Attributes:
        grave: whether it must be mended where it is not good; else it is advice.
    """

    check: str
    good: bool
    found: str
    to_do: str = ""
    grave: bool = True

    @property
    def bad(self) -> bool:
        """Whether it must be mended."""
        return self.grave and not self.good

    def as_dict(self) -> dict[str, str | bool]:
        """The finding by field name."""
        return asdict(self)


def attempt(check: str, action: Callable[[], str]) -> Finding:
    """Return what an action found, or what it failed with."""
    try:
        return Finding(check, True, action())
    except SimilisError as error:
        return Finding(check, False, error.message, error.hint)
