"""What goes into the catalogue and what comes out, beside the nouns of the domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from similis.domain import Picture

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
    """One entry of the change log: `add` or `remove`; an addition whose picture is gone already has no vector."""

    seq: int
    operation: str
    picture_id: int
    vector: StoredVector | None
