"""The kinds of index that an instance can have."""

from __future__ import annotations

from typing import Protocol

from similis.algorithm import TunedSpace
from similis.domain import Instance
from similis.engine import VectorIndex


class IndexKind(Protocol):
    """Makes the indexes of one kind: for each instance one of its features, and one in the space of its tuning."""

    def check(self) -> None:
        """See that indexes can be made.

        Raises:
            IndexUnavailable: they cannot.
        """

    def opened(self, instance: Instance, space: TunedSpace | None) -> VectorIndex:
        """The index with what it kept; the change log has the rest."""

    def fresh(self, instance: Instance, space: TunedSpace | None) -> VectorIndex:
        """An empty index."""

    def adopt(self, instance: Instance, space: TunedSpace | None, index: VectorIndex) -> None:
        """Take a fresh index that has followed the change log in place of the one before, for good."""

    def forget(self, instance: Instance) -> None:
        """Remove all that was kept of an instance; also where it was never opened."""

    def close(self) -> None:
        """Give free what is held; what is durable stays."""
