"""Work that takes so long and so much that one caller at a time may do it."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from similis.domain import TooManyRequests


class Alone:
    """Lets one caller in at a time.

    Args:
        refusal: what one who came too early is told.
        seconds: after which to come again.
    """

    def __init__(self, refusal: str, seconds: float) -> None:
        self._refusal = refusal
        self._seconds = seconds
        self._lock = threading.Lock()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """A block that runs now or not at all: callers who wait would take threads from others, and time out.

        Raises:
            TooManyRequests: somebody else is in.
        """
        if not self._lock.acquire(blocking=False):
            again = f"One at a time is done; try again in {math.ceil(self._seconds)} s."
            raise TooManyRequests(self._refusal, again, self._seconds)
        try:
            yield
        finally:
            self._lock.release()

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """A block that waits until nobody else is in."""
        with self._lock:
            yield
