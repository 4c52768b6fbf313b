"""Whether a picture is clear: where it is far out of focus or full of noise, its colours outlast its shapes.

The limits lie between ordinary pictures, enlarged miniatures of 64 pixels included, and those that were blurred by a
fiftieth of their side or got noise of 40 levels at some hundred pixels; docs/models.md says how well they part them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from similis.algorithm._backbone import Pixels

_SIDE = 128  # pixels that are looked at, each way
_NOISE = 2.4  # levels that even the calmer places differ by from what is around them
_CALMER = 0.25  # the share of all places
_DETAIL = 0.04  # what pixels differ by from the mean of their neighbours, as a share of what they differ by at all
_NOTHING = 1e-3

_OF_BLURRED, _OF_NOISY = 4.0, 2.0  # noise changes colours, too

Levels = NDArray[np.float32]


def say_of_colours(pixels: Pixels) -> float:
    """How many times their usual weight colours should have in a search with a picture: 1 where it is clear.

    Args:
        pixels: RGB, uint8[rows, columns, 3], some hundreds each way; the picture may be squashed.
    """
    small = Image.fromarray(pixels).convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    levels = np.asarray(small, np.float32)
    if _blurred(levels):
        return _OF_BLURRED
    return _OF_NOISY if _noisy(levels) else 1.0


def _noisy(levels: Levels) -> bool:
    """A mask that even surfaces and edges pass unseen leaves noise (Immerkær 1996); textures have calm places."""
    across = levels[:, :-2] - 2 * levels[:, 1:-1] + levels[:, 2:]
    masked = np.abs(across[:-2] - 2 * across[1:-1] + across[2:]) / 6
    return float(np.quantile(masked, _CALMER)) > _NOISE


def _blurred(levels: Levels) -> bool:
    """How much of the contrast lies between neighbouring pixels."""
    rows = levels[:-2] + levels[1:-1] + levels[2:]
    around = (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9
    detail = np.sqrt(np.square(levels[1:-1, 1:-1] - around).mean())
    return bool(detail < _DETAIL * max(float(levels.std()), _NOTHING))
