"""Slows down who guesses access keys at the console: so many failures in a row, then one now and then."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from similis.domain import SignInThrottled, is_key_id

FREE_FAILURES = 10
WAIT = 6.0
"""Seconds after which one more attempt is free again."""
_MOST_COUNTS = 10_000


class SignInThrottle:
    """Counts failed attempts to sign in, by address and key; a count goes down by one every six seconds.

    By both, since behind a proxy all have one address: whoever guesses one key keeps nobody from using another.
    It is of this process alone and has at most 10,000 counts, of which the oldest is forgotten for a new one.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._clear_at: dict[tuple[str, str], float] = {}  # when all failures of an address and key will be forgotten

    def check(self, address: str, key_id: str) -> None:
        """Check that one more attempt may be made.

        Raises:
            SignInThrottled: too many have failed.
        """
        with self._lock:
            wait = self._debt(_guesser(address, key_id)) - (FREE_FAILURES - 1) * WAIT
        if wait > 0:
            raise SignInThrottled(
                "Too many attempts to sign in have failed.", f"Try again in {math.ceil(wait)} seconds.", wait
            )

    def failed(self, address: str, key_id: str) -> None:
        """Count an attempt that failed."""
        guesser = _guesser(address, key_id)
        with self._lock:
            debt = self._debt(guesser)
            self._clear_at.pop(guesser, None)  # so that it becomes the youngest
            if len(self._clear_at) >= _MOST_COUNTS:
                del self._clear_at[next(iter(self._clear_at))]
            self._clear_at[guesser] = self._clock() + debt + WAIT

    def _debt(self, guesser: tuple[str, str]) -> float:
        return max(0.0, self._clear_at.get(guesser, 0.0) - self._clock())


def _guesser(address: str, key_id: str) -> tuple[str, str]:
    """What is counted by; ids that no key has are all one, for it costs nothing to make up more."""
    return _network(address), key_id if is_key_id(key_id) else ""


def _network(address: str) -> str:
    """The address; of IPv6 its first half, for the other is its holder's to choose."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return f"{int(known) >> 64:x}" if isinstance(known, IPv6Address) and known.ipv4_mapped is None else address
