"""What the gateways that share an index on a server know of each other: how far it has followed the change log."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol


class Pushed(NamedTuple):
    """Which collection is searched, and the last change of the log that was sent to it."""

    collection: str
    seq: int


class Progress(Protocol):
    """The shared note of one index; it outlives every process and is only changed while locked."""

    def read(self) -> Pushed | None:
        """Return the note, None where there is no collection yet."""

    def locked(self) -> AbstractContextManager[object]:
        """A block that runs in one process and thread at a time."""

    def write(self, pushed: Pushed) -> None:
        """Replace the note; only inside `locked`."""

    def forget(self) -> None:
        """Remove the note; only inside `locked`."""


class OwnProgress:
    """The note of an index that is not shared yet: one that is being built beside the old one."""

    def __init__(self) -> None:
        self._pushed: Pushed | None = None
        self._lock = threading.Lock()

    def read(self) -> Pushed | None:
        """Return the note, None where there is no collection yet."""
        return self._pushed

    def locked(self) -> AbstractContextManager[object]:
        """A block that runs in one thread at a time."""
        return self._lock

    def write(self, pushed: Pushed) -> None:
        """Replace the note."""
        self._pushed = pushed

    def forget(self) -> None:
        """Remove the note."""
        self._pushed = None
