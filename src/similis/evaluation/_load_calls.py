"""The calls that a service is loaded with: searches by name, searches by picture, additions, and a mixture."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from similis.domain import PictureKey, as_json
from similis.evaluation._load_client import Requests

NAME = "benchmark"
_RING = 200  # so many keys do additions use, one after the other: what is stored stays as much


class Work(StrEnum):
    """What clients ask for: searches by name or by picture, additions, or all of them."""

    NAMES = "by name"
    PICTURES = "by picture"
    ADDING = "add"
    MIXED = "mixed"


MIXTURE = (*[Work.NAMES] * 6, *[Work.PICTURES] * 3, Work.ADDING)
"""Of ten calls in a mixture: most look at what is like a picture of the shop, some bring a photo, one adds."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request, and what it asks for."""

    work: Work
    request: bytes


class Calls:
    """Endless calls of every sort, encoded before they are needed.

    Args:
        requests: encodes them.
        keys: of stored pictures.
        pictures: to search with and to add.
    """

    def __init__(self, requests: Requests, keys: Sequence[PictureKey], pictures: Sequence[bytes]) -> None:
        self._search = f"/api/v1/instances/{NAME}/search"
        self._requests = requests
        names = [requests.form(self._search, as_json(key)) for key in keys]
        searches = [requests.form(self._search, {}, picture) for picture in pictures]
        ring = zip(range(_RING), itertools.cycle(pictures), strict=False)
        adds = [self.addition(picture_key(f"ring-{number}"), picture) for number, picture in ring]
        self._of = {Work.NAMES: names, Work.PICTURES: searches, Work.ADDING: adds}

    def addition(self, key: PictureKey, picture: bytes) -> bytes:
        """A request that adds a picture."""
        return self._requests.form(f"/api/v1/instances/{NAME}/pictures", as_json(key), picture)

    def of(self, work: Work) -> Iterator[Call]:
        """Calls of a sort without end; a mixture is drawn at random, the same in every run."""
        rings = {each: itertools.cycle(requests) for each, requests in self._of.items()}
        draw = random.Random(1)  # noqa: S311 - nothing to keep secret
        while True:
            each = draw.choice(MIXTURE) if work is Work.MIXED else work
            yield Call(each, next(rings[each]))


def picture_key(product: str) -> PictureKey:
    """The key of the only picture of a product."""
    return PictureKey(product, "a")


def code_of(body: bytes) -> str:
    """The code of an error that was answered."""
    try:
        return str(json.loads(body)["code"])
    except (KeyError, TypeError, ValueError):
        return "unreadable"
