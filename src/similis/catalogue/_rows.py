"""What goes into the catalogue and what comes out, beside the nouns of the domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from similis.domain import Attributes, Category, Picture, Task, TaskFailure

StoredVector: TypeAlias = NDArray[np.float16]


class Compaction(NamedTuple):
    """The latest time that the change log was shortened: how many times it was, and the highest sequence removed."""

    times: int
    seq: int


class LogEnd(NamedTuple):
    """Where the change log of an instance ends, 0 where it is empty, and how the whole log was shortened."""

    seq: int
    compaction: Compaction


class FeatureSealer(Protocol):
    """Encrypts the features of an instance's pictures, and reads them again."""

    def seal(self, picture_id: int, plain: bytes) -> bytes:
        """Encrypt features; the result is longer."""

    def unseal(self, picture_id: int, sealed: bytes) -> bytes:
        """Read encrypted features."""


class Sealer(Protocol):
    """Encrypts with an instance's key, and reads it again."""

    def seal(self, instance_uid: str, text: str) -> bytes:
        """Encrypt a text."""

    def unseal(self, instance_uid: str, sealed: bytes) -> str:
        """Read an encrypted text."""

    def features(self, instance_uid: str) -> FeatureSealer:
        """What encrypts features."""


@dataclass(frozen=True, slots=True, eq=False)
class NewPicture:
    """A picture to add, with its features: D numbers, float16 or float32, kept as float16."""

    picture: Picture
    vector: NDArray[np.floating[Any]]


class Removal(NamedTuple):
    """A picture to remove, or all of a product when `pic_name` is None; none there is no error."""

    product_id: str
    pic_name: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What some lines of increment.meta change: applied as a whole or not at all.

    Attributes:
        operations: in the order of the lines.
        failures: what of the lines could not be applied.
        lines: how many lines these are.
        line: number of the last of them.
        read_bytes: where in the file the next line begins.
    """

    operations: Sequence[NewPicture | Removal]
    failures: Sequence[TaskFailure]
    lines: int
    line: int
    read_bytes: int


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture as it is kept; its id is never used again, a replaced picture gets a new one."""

    id: int
    picture: Picture


class DescribedPicture(NamedTuple):
    """A picture as it is kept, with its id and its features."""

    id: int
    picture: Picture
    vector: StoredVector


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


class Claim(NamedTuple):
    """The right to work on a task, until another process takes it; `holder` is a random name."""

    task_id: int
    holder: str


class Checkpoint(NamedTuple):
    """How far an import is: behind a line, in the increment.meta that had this ETag; 0 and None at the start."""

    etag: str | None
    line: int
    read_bytes: int


class CallbackState(StrEnum):
    """How far telling somebody of the end of a task is."""

    NONE = "none"
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Callback(NamedTuple):
    """The end of a task, of which somebody wants to be told.

    Attributes:
        task: as it ended.
        caller: id of the access key that asked for the task, None on the command line.
        origin: URL at which the service was called.
        attempts: how often telling it was tried.
    """

    task: Task
    caller: str | None
    origin: str | None
    attempts: int
