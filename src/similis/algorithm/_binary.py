"""Binary codes of features: one bit a number, compared by Hamming distance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Code = NDArray[np.uint8]


def binary_code(features: NDArray[np.floating]) -> Code:
    """The signs of feature vectors, packed.

    Args:
        features: float[…, D].

    Returns:
        uint8[…, ⌈D/8⌉]; a bit is 1 where the number is above zero, the first number in the highest bit.
    """
    return np.packbits(features > 0, axis=-1)


def hamming_distances(codes: Code, code: Code) -> NDArray[np.int64]:
    """How many bits of codes, uint8[n, B], differ from those of a code, uint8[B]: int64[n]."""
    distances: NDArray[np.int64] = np.bitwise_count(codes ^ code).sum(axis=-1, dtype=np.int64)
    return distances
