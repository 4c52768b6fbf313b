"""Who has which pictures: the attacker's own ones, and those that were stored."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from benchmarks.inversion._pictures import Pictures
from numpy.typing import NDArray

Rows = NDArray[np.intp]

_HELD_LABELS, _HELD_PICTURES = 0.2, 0.1


@dataclass(frozen=True)
class Split:
    """Rows of pictures.

    Attributes:
        own: the attacker's.
        stored: all that were stored; the attacker has none of them.
        targets: some of them, to be rebuilt, by what the attacker has of their kind.
    """

    own: Rows
    stored: Rows
    targets: dict[str, Rows]


def split(pictures: Pictures, most: int, seed: int = 0) -> Split:
    """Hold out a fifth of the labels of each set, and a tenth of the pictures of the other labels.

    Targets are `known`, of labels that the attacker has pictures of, and `unknown`, of labels that he has none of.

    Args:
        pictures: all of them.
        most: targets of each kind; the sets have even shares.
        seed: of the choice.
    """
    rng = np.random.default_rng(seed)
    labels_held = np.zeros(len(pictures), bool)
    for name in np.unique(pictures.sets):
        here = pictures.sets == name
        labels = np.unique(pictures.labels[here])
        count = round(_HELD_LABELS * len(labels))
        labels_held |= here & np.isin(pictures.labels, rng.choice(labels, count, replace=False))
    pictures_held = ~labels_held & (rng.random(len(pictures)) < _HELD_PICTURES)
    held = {"known": np.flatnonzero(pictures_held), "unknown": np.flatnonzero(labels_held)}
    targets = {name: _evenly(pictures, rows, most, rng) for name, rows in held.items() if len(rows)}
    return Split(np.flatnonzero(~labels_held & ~pictures_held), np.concatenate(list(held.values())), targets)


def without_sets(pictures: Pictures, whole: Split, left_out: Collection[str]) -> Split:
    """The attacker has nothing of some sets, and the targets, `elsewhere`, are those of these sets."""
    out = np.isin(pictures.sets, list(left_out))
    targets = np.concatenate(list(whole.targets.values()))
    return Split(whole.own[~out[whole.own]], whole.stored, {"elsewhere": targets[out[targets]]})


def _evenly(pictures: Pictures, rows: Rows, most: int, rng: np.random.Generator) -> Rows:
    """At most so many rows, the sets in turn."""
    shuffled = rng.permutation(rows)
    turn = np.empty(len(shuffled), np.int64)
    for name in np.unique(pictures.sets[shuffled]):
        here = pictures.sets[shuffled] == name
        turn[here] = np.arange(here.sum())
    return np.sort(shuffled[np.argsort(turn, kind="stable")[:most]])
