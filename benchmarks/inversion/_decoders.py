"""Which decoders are trained, on what, and for how long. Needs PyTorch."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from benchmarks.inversion._side_by_side import Workshop
from benchmarks.inversion._sight import Sight
from benchmarks.inversion._stage import Stage
from benchmarks.inversion._training import train_coarse, train_decoder
from numpy.typing import NDArray
from torch import nn

COARSE, FINE, BESIDE = "two layers", "convolutional", "convolutional, with similar pictures"
FEATURES, CODES, OTHER_KEY, ELSEWHERE = "features", "codes", "other-key", "elsewhere"

_COARSE_SHARES = {FEATURES: 0.05, CODES: 0.05, OTHER_KEY: 0.0375, ELSEWHERE: 0.0375}
_FINE_SHARES = {
    (FEATURES, BESIDE): 0.3125,
    (FEATURES, FINE): 0.3125,
    (ELSEWHERE, FINE): 0.12,
    (CODES, FINE): 0.08,
}
"""Shares of the time; the longest first, so that two processors are done at about the same time."""

Networks = dict[str, nn.Module]


@dataclass(frozen=True, eq=False)
class Lesson:
    """What decoders of one kind of vectors learn from.

    Attributes:
        stage: whose pictures are whose.
        vectors: of the attacker's own pictures, float32[n, D].
    """

    stage: Stage
    vectors: NDArray[np.float32]


class School:
    """Trains decoders on the attacker's own pictures.

    Args:
        workshop: where they are trained, two at a time.
        sight: the product's backbone, which takes part.
        seconds: of the processor, for all of them together.
    """

    def __init__(self, workshop: Workshop, sight: Sight, seconds: float) -> None:
        self._workshop, self._sight, self._seconds = workshop, sight, seconds

    def train(self, lessons: Mapping[str, Lesson]) -> dict[str, Networks]:
        """The decoders of each kind of vectors, by their methods."""
        coarse = self._workshop.do({f"{name}-coarse": partial(self._coarse, name, lessons[name]) for name in lessons})
        wanted = [(name, method) for name, method in _FINE_SHARES if name in lessons]
        jobs = {
            f"{name}-{_file_name(method)}": partial(self._fine, name, method, lessons[name], coarse[f"{name}-coarse"])
            for name, method in wanted
        }
        fine = self._workshop.do(jobs)
        networks: dict[str, Networks] = {name: {COARSE: coarse[f"{name}-coarse"]} for name in lessons}
        for (name, method), network in zip(wanted, fine.values(), strict=True):
            networks[name][method] = network
        return networks

    def _coarse(self, name: str, lesson: Lesson) -> nn.Module:
        seconds = _COARSE_SHARES[name] * self._seconds
        return train_coarse(lesson.vectors, lesson.stage.own_pixels, lesson.stage.basis, seconds)

    def _fine(self, name: str, method: str, lesson: Lesson, coarse: nn.Module) -> nn.Module:
        return train_decoder(
            copy.deepcopy(coarse),
            lesson.vectors,
            lesson.stage.own_pixels,
            self._sight,
            _FINE_SHARES[name, method] * self._seconds,
            beside=method == BESIDE,
        )


def _file_name(method: str) -> str:
    return "beside" if method == BESIDE else "fine"
