"""What whoever may search learns of stored vectors, without key or disk: each score is an equation for them.

The attacker searches with pictures of his own, whose features he knows. The curve from similarity to score is public,
so that each score of a stored picture tells its similarity to the query, up to the rounding of scores and of vectors.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from benchmarks.inversion._measures import mean
from benchmarks.inversion._report import Row
from benchmarks.inversion._rotation import recovered, unit_rows
from benchmarks.inversion._splits import Rows
from benchmarks.inversion._stage import Stage
from numpy.typing import NDArray

from similis.algorithm import Calibration
from similis.domain import MAX_RESULTS, SHOWN_DECIMALS, InstanceType

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

SEARCHES = (32, 64, 128, 256, 512, 1024, 2048)
_TARGETS, _AIMED_TARGETS = 200, 50
_AT_ONCE = 32
"""Searches after which an attacker who is after one picture guesses anew."""
_AT_A_TIME = 1000
_FLOOR = 1e-3
"""Least variance along any direction, as a share of the mean one."""
_LEAST_ERROR = 1e-4
"""Standard deviation of similarities by the rounding of vectors to 16 bits, generously."""


class Asking:
    """An attacker who may search an instance that holds the stored pictures.

    Args:
        stage: whose pictures are whose.
        decimals: that scores are rounded to.
        listed: how many results there are of a search.
        seed: of the order of his pictures.
    """

    def __init__(
        self, stage: Stage, decimals: int = SHOWN_DECIMALS, listed: int = MAX_RESULTS, seed: int = 0
    ) -> None:
        self._stage, self._decimals, self._listed = stage, decimals, listed
        self._curve = Calibration.for_type(InstanceType.GENERIC)
        self._order = np.random.default_rng(seed).permutation(stage.split.own)
        self._places = {int(row): place for place, row in enumerate(stage.split.stored)}

    def at_large(self, rows: Rows, searches: int) -> Floats:
        """Guesses at the features of stored pictures from searches with any pictures: they serve for all of them."""
        chosen = np.arange(min(searches, len(self._order)))
        return np.stack([self._guess(chosen, self._place(row)) for row in rows])

    def aimed(self, rows: Rows, searches: int) -> Floats:
        """Guesses from searches for each picture by itself: those first whose features are like the latest guess."""
        return np.stack([self._aimed(self._place(row), searches) for row in rows])

    def _aimed(self, place: int, searches: int) -> Floats:
        searches = min(searches, len(self._order))
        asked = np.arange(min(_AT_ONCE, searches))
        guess = self._guess(asked, place)
        while len(asked) < searches:
            similarity = self._queries @ guess
            similarity[asked] = -np.inf
            asked = np.concatenate([asked, np.argsort(-similarity)[: min(_AT_ONCE, searches - len(asked))]])
            guess = self._guess(asked, place)
        return guess

    def _place(self, row: int) -> int:
        return self._places[int(row)]

    def _guess(self, asked: Rows, place: int) -> Floats:
        """The most likely features, given the scores that were seen and how features of own pictures are spread."""
        seen, scores = self._shown(asked, place)
        told, error = self._similarities(scores)
        queries, (average, precision) = self._queries[seen].astype(np.float64), self._prior
        weighted = queries.T / error**2
        guess = np.linalg.solve(precision + weighted @ queries, precision @ average + weighted @ told)
        unit: Floats = unit_rows(guess[np.newaxis].astype(np.float32))[0]
        return unit

    def _similarities(self, scores: Doubles) -> tuple[Doubles, Doubles]:
        """The similarities that scores tell, and their standard errors."""
        half = 0.5 * 10.0**-self._decimals
        ends = (_similarity(self._curve, (scores + step).clip(half, 1 - half)) for step in (-half, 0, half))
        low, middle, high = ends
        return middle, np.hypot((high - low) / 12**0.5, _LEAST_ERROR)

    @cached_property
    def _queries(self) -> Floats:
        return self._stage.features(self._order)

    @cached_property
    def _prior(self) -> tuple[Doubles, Doubles]:
        """Mean and precision (the inverse of the covariance) of features of his own pictures."""
        own = self._stage.own_features.astype(np.float64)
        spread = np.cov(own.T)
        return own.mean(0), np.linalg.inv(spread + _FLOOR * np.trace(spread) / len(spread) * np.eye(len(spread)))

    def _shown(self, asked: Rows, place: int) -> tuple[Rows, Doubles]:
        """Those of some searches that have a picture among their results, and its scores there."""
        similarity = self._stored_queries[asked] @ self._stored[place]
        listed = similarity >= self._last[asked]
        return asked[listed], np.round(self._curve.score(similarity[listed]), self._decimals)

    @cached_property
    def _last(self) -> Floats:
        """The similarity of the last result of each search."""
        count = min(self._listed, len(self._stored))
        parts = np.array_split(self._stored_queries, max(1, len(self._stored_queries) // _AT_A_TIME))
        return np.concatenate([np.partition(part @ self._stored.T, -count, axis=1)[:, -count] for part in parts])

    @cached_property
    def _stored(self) -> Floats:
        return self._stage.stored(self._stage.split.stored)

    @cached_property
    def _stored_queries(self) -> Floats:
        return self._stage.stored(self._order)


def by_asking(stage: Stage) -> Iterator[Row]:
    """How near guesses at stored vectors come, by the number of searches."""
    targets = stage.split.targets["known"]
    everything, best = Asking(stage, listed=len(stage.split.stored)), Asking(stage)
    rows, few = targets[:: max(1, len(targets) // _TARGETS)], targets[:: max(1, len(targets) // _AIMED_TARGETS)]
    for searches in (each for each in SEARCHES if each <= len(stage.split.own)):
        yield {
            "searches": searches,
            **_told(stage, rows, everything.at_large(rows, searches), "all listed"),
            **_told(stage, rows, best.at_large(rows, searches), f"{MAX_RESULTS} listed"),
            **_told(stage, few, best.aimed(few, searches), f"{MAX_RESULTS} listed, aimed at one"),
        }


def by_rounding(stage: Stage, searches: int = 1024) -> Iterator[Row]:
    """What it would change to show fewer decimals of scores."""
    targets = stage.split.targets["known"]
    rows = targets[:: max(1, len(targets) // _TARGETS)]
    for decimals in (6, 4, 3, 2, 1):
        asking = Asking(stage, decimals)
        yield {"decimals": decimals, "searches": searches, **_told(stage, rows, asking.at_large(rows, searches), "")}


def _told(stage: Stage, rows: Rows, guesses: Floats, how: str) -> Row:
    near, _found = recovered(guesses, stage.features(rows))
    everyone = np.concatenate(list(stage.split.targets.values()))
    first = everyone[(guesses @ stage.features(everyone).T).argmax(1)]
    return {f"cosine, {how}".rstrip(", "): mean(near), f"recognised, {how}".rstrip(", "): mean(first == rows)}


def _similarity(curve: Calibration, scores: Doubles) -> Doubles:
    """The curve read backwards."""
    distance = 1 - curve.middle
    closeness = np.log(scores / (1 - scores)) / (curve.slope * distance) - np.log(distance)
    similarity: Doubles = 1 - np.exp(-closeness)
    return similarity
