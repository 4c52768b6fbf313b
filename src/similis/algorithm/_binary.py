"""Binary codes of features: one bit a number, compared by Hamming distance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Code = NDArray[np.uint8]


def binary_code(features: NDArray[np.floating]) -> Code:
    """The signs of a feature vector, packed.

    Args:
        features: float[D].

    Returns:
        uint8[⌈D/8⌉]; a bit is 1 where the number is above zero, the first number in the highest bit.
    """
    return np.packbits(features > 0)


def hamming_distance(first: Code, second: Code) -> int:
    """How many bits differ between two codes of the same length."""
    return int(np.bitwise_count(first ^ second).sum())
