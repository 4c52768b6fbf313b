"""Hits of two places become one answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from similis.engine._index import Hit

_DIGITS = 6


class Merged(NamedTuple):
    """Hits of one query, best first, ties by picture id.

    Attributes:
        hits: rounded, so that equal vectors have equal similarities wherever they were compared.
        open_from: the server may have more hits of this similarity and below.
    """

    hits: list[Hit]
    open_from: float

    @classmethod
    def of(cls, recent: Sequence[Hit], found: Sequence[Hit], changed: AbstractSet[int], asked_for: int) -> Merged:
        """Merge what the tail and the server have.

        Args:
            recent: hits in the tail.
            found: hits of the server, best first.
            changed: pictures of which the server may be out of date.
            asked_for: how many hits the server was asked for; one of them was not a picture, perhaps.
        """
        hits = [*recent, *(hit for hit in found if hit.picture_id not in changed)]
        rounded = [Hit(hit.picture_id, round(hit.similarity, _DIGITS)) for hit in hits]
        cut = bool(found) and len(found) >= asked_for - 1
        open_from = round(found[-1].similarity, _DIGITS) if cut else -math.inf
        return cls(sorted(rounded, key=lambda hit: (-hit.similarity, hit.picture_id)), open_from)

    def settled(self, k: int) -> bool:
        """Whether no hit that was not fetched can belong to the first k."""
        return self.open_from == -math.inf or (len(self.hits) >= k and self.hits[k - 1].similarity > self.open_from)
