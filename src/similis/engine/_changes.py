"""What a run of changes amounts to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

from similis.engine._index import Change, Operation

BATCH = 1024


def in_batches(changes: Iterable[Change]) -> Iterator[list[Change]]:
    """Split a stream of changes so that it is applied in bounded memory and searches run in between.

    Raises:
        ValueError: a sequence is not above the one before it.
    """
    stream, last = iter(changes), 0
    while batch := list(islice(stream, BATCH)):
        for change in batch:
            if change.seq <= last:
                raise ValueError(f"change {change.seq} comes after change {last}")
            last = change.seq
        yield batch


class NetEffect(NamedTuple):
    """What a run of changes amounts to, in this order: pictures removed, pictures updated, pictures added."""

    removed: set[int]
    updated: list[Change]
    added: list[Change]


def net_effect(changes: Sequence[Change]) -> NetEffect:
    """Sum up changes.

    An addition without a vector adds nothing: its picture is gone already. An addition comes with the attributes of
    the latest update after it.
    """
    removed: set[int] = set()
    updated: dict[int, Change] = {}
    added: dict[int, Change] = {}
    for change in changes:
        number = change.picture_id
        if change.operation is Operation.UPDATE:
            if number in added:
                added[number] = replace(added[number], attributes=change.attributes, category=change.category)
            else:
                updated[number] = change
            continue
        removed.add(number)
        added.pop(number, None)
        updated.pop(number, None)
        if change.operation is Operation.ADD and change.vector is not None:
            added[number] = change
    return NetEffect(removed, list(updated.values()), list(added.values()))
