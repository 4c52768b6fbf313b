"""How many events of strangers are noted: anybody who reaches the service makes them, and each takes disk space."""

from __future__ import annotations

import threading
import time

A_SECOND = 10.0
BURST = 100.0


class Flood:
    """A token bucket of 100 events that fills by 10 a second; what it does not admit is counted."""

    def __init__(self) -> None:
        self._tokens = BURST
        self._at = time.monotonic()
        self._refused = 0
        self._lock = threading.Lock()

    def admits(self) -> bool:
        """Whether one more event may be noted."""
        with self._lock:
            now = time.monotonic()
            self._tokens = min(BURST, self._tokens + A_SECOND * (now - self._at))
            self._at = now
            if self._tokens < 1:
                self._refused += 1
                return False
            self._tokens -= 1
            return True

    def take_refused(self) -> int:
        """How many were not admitted since this was last asked."""
        with self._lock:
            refused, self._refused = self._refused, 0
        return refused
