"""What a run of changes amounts to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from similis.engine._index import Change, Operation, Vectors

_BATCH = 1024


def in_batches(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """Split a stream of changes so that it is applied in bounded memory and searches run in between.

    Raises:
        ValueError: a sequence is not above the one before it.
    """
    stream, last = iter(changes), 0
    while batch := list(islice(stream, _BATCH)):
        for change in batch:
            if change.seq <= last:
                raise ValueError(f"change {change.seq} comes after change {last}")
            last = change.seq
        yield batch


def net_effect(changes: Sequence[Change]) -> tuple[set[int], dict[int, Vectors]]:
    """Return the pictures to remove and then those to add, each with its vector.

    An addition without a vector adds nothing: its picture is gone already.
    """
    removed: set[int] = set()
    added: dict[int, Vectors] = {}
    for change in changes:
        removed.add(change.picture_id)
        added.pop(change.picture_id, None)
        if change.operation is Operation.ADD and change.vector is not None:
            added[change.picture_id] = change.vector
    return removed, added
