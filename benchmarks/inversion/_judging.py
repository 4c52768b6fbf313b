"""Judge what was rebuilt, against the originals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from benchmarks.inversion._judges import Judge, Perception
from benchmarks.inversion._measures import Mean, mean, psnr, ranks, ssim
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_PERCEIVED = 250
"""Pictures that the perceptual distance is taken of: its network is slow."""


@dataclass(frozen=True)
class Verdict:
    """How near rebuilt pictures are to the originals.

    Attributes:
        ssim: structural similarity, 1 being the same.
        psnr: peak signal-to-noise ratio in dB.
        perceptual: distance in maps of a network, 0 being the same; None without the network.
        apart: distance of descriptors by judge, one minus the cosine.
        found: share of pictures that find their own original before all others, by judge.
        found_in_ten: share that finds it among the first ten.
    """

    ssim: Mean
    psnr: Mean
    perceptual: Mean | None
    apart: dict[str, Mean]
    found: dict[str, Mean]
    found_in_ten: dict[str, Mean]


class Court:
    """Judges for one set of originals.

    Args:
        originals: float32[n, side, side, 3] in 0..1.
        judges: whose descriptors re-identify pictures.
        perception: gives perceptual distances, where its model was fetched.
    """

    def __init__(self, originals: Floats, judges: Sequence[Judge], perception: Perception | None) -> None:
        self._originals = originals
        self._judges = [(judge, judge.describe(originals)) for judge in judges]
        self._perception = perception
        count = min(_PERCEIVED, len(originals))
        self._perceived = np.random.default_rng(0).permutation(len(originals))[:count]

    def judge(self, rebuilt: Floats) -> Verdict:
        """Judge rebuilt pictures, in the order of the originals."""
        described = {judge.name: (judge.describe(rebuilt), wanted) for judge, wanted in self._judges}
        places = {name: ranks(*pair) for name, pair in described.items()}
        return Verdict(
            ssim=mean(ssim(self._originals, rebuilt)),
            psnr=mean(psnr(self._originals, rebuilt)),
            perceptual=self._perceive(rebuilt),
            apart={name: mean(1 - (got * wanted).sum(1)) for name, (got, wanted) in described.items()},
            found={name: mean(place == 0) for name, place in places.items()},
            found_in_ten={name: mean(place < 10) for name, place in places.items()},  # noqa: PLR2004 - as it is named
        )

    def _perceive(self, rebuilt: Floats) -> Mean | None:
        if self._perception is None:
            return None
        return mean(self._perception.distances(self._originals[self._perceived], rebuilt[self._perceived]))
