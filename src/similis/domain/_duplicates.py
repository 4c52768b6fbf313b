"""Near-identical pictures: what to do about them, and groups of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from similis.domain._errors import InvalidScore
from similis.domain._picture import PictureKey

MIN_DUPLICATE_SIMILARITY = 0.7


class OnDuplicate(StrEnum):
    """What to do with a picture that is near-identical to a stored one of another key."""

    ALLOW = "allow"
    REPORT = "report"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A picture of a group, with the cosine similarity of its features to those of the group's first."""

    key: PictureKey
    similarity: float


@dataclass(frozen=True, slots=True)
class DuplicateGroups:
    """Groups of near-identical pictures, the largest first.

    Attributes:
        groups: two pictures or more each; the first is the centre that all others are near to.
        pictures: how many were looked at.
        min_similarity: how similar to the centre a picture must be.
        false_matches: how often two different pictures are that similar, of a million pairs, as measured; None where
            this was not measured for these features.
    """

    groups: tuple[tuple[Duplicate, ...], ...]
    pictures: int
    min_similarity: float
    false_matches: float | None


def check_min_similarity(value: float) -> float:
    """Return how similar near-identical pictures must be, unchanged.

    Raises:
        InvalidScore: it is out of range.
    """
    if not MIN_DUPLICATE_SIMILARITY <= value <= 1.0:
        raise InvalidScore(f"min_similarity is {value}.", f"Give a number from {MIN_DUPLICATE_SIMILARITY} to 1.")
    return value
