"""What takes long to find out and may be some seconds old."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Read(Generic[T]):
    value: T
    at: float


class Lately(Generic[T]):
    """A value as it was lately, however many ask: one of them finds it out, the others get the last one meanwhile.

    Args:
        read: finds the value out.
        seconds: how old it may be.
    """

    def __init__(self, read: Callable[[], T], seconds: float) -> None:
        self._read = read
        self._seconds = seconds
        self._reading = threading.Lock()
        self._last: _Read[T] | None = None

    def get(self) -> T:
        """The value; only who asks while there has been none yet waits for another caller."""
        last = self._last
        if last is not None and self._is_young(last):
            return last.value
        if not self._reading.acquire(blocking=last is None) and last is not None:
            return last.value
        try:
            return self._renewed()
        finally:
            self._reading.release()

    def _renewed(self) -> T:
        if self._last is None or not self._is_young(self._last):  # another caller may have been first
            self._last = _Read(self._read(), time.monotonic())
        return self._last.value

    def _is_young(self, read: _Read[T]) -> bool:
        return time.monotonic() < read.at + self._seconds
