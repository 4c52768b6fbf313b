"""How long calls take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True, slots=True)
class Times:
    """How long one call takes, in milliseconds.

    Attributes:
        mean, p50, p99: until it returned.
        processor: mean time that processors worked for this process, which other processes hardly change.
    """

    mean: float
    p50: float
    p99: float
    processor: float

    @classmethod
    def of(cls, calls: Iterable[Callable[[], object]]) -> Self:
        """Make some calls, one after the other."""
        begun = time.process_time()
        taken = [1000 * seconds(call) for call in calls]
        worked = 1000 * (time.process_time() - begun) / len(taken)
        return cls(float(np.mean(taken)), float(np.median(taken)), float(np.quantile(taken, 0.99)), worked)


def seconds(call: Callable[[], object]) -> float:
    """Make a call and return how long it took."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun
