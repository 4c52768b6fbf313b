"""What goes into the catalogue and what comes out, beside the nouns of the domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from similis.domain import Attributes, Category, Picture

StoredVector: TypeAlias = NDArray[np.float16]


class Sealer(Protocol):
    """Encrypts texts with an instance's key, and reads them again."""

    def seal(self, instance_uid: str, text: str) -> bytes:
        """Encrypt a text."""

    def unseal(self, instance_uid: str, sealed: bytes) -> str:
        """Read an encrypted text."""


@dataclass(frozen=True, slots=True, eq=False)
class NewPicture:
    """A picture to add, with its features: D numbers, float16 or float32, kept as float16."""

    picture: Picture
    vector: NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture as it is kept; its id is never used again, a replaced picture gets a new one."""

    id: int
    picture: Picture


class LoggedChange(NamedTuple):
    """One entry of the change log: `add`, `update` or `remove`.

    Vector, category and attributes are those of now, None once the picture is gone; only additions have a vector.
    """

    seq: int
    operation: str
    picture_id: int
    vector: StoredVector | None
    category: Category | None
    attributes: Attributes | None


class ScoreCurve(NamedTuple):
    """The curve that an instance's own products give its scores.

    Attributes:
        pictures: how many the instance had then.
        figures: middle, slope and threshold; None where its products told too little.
    """

    pictures: int
    figures: tuple[float, float, float] | None


class IndexState(NamedTuple):
    """A durable index: the name of what is searched, and the last change of the log that is in it."""

    segment: str
    applied_seq: int
