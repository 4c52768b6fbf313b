"""Turns at what only so many can do at once: in the order of arrival, and with an end to the queue."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from similis.domain import QueueFull, stage

ROOM_A_SLOT = 64
"""How many wait for each slot unless it is said otherwise: some five seconds' work, as a picture takes 50 to 100 ms
of a processor. Who would have to wait for twice as long has given up by then: SDKs do after ten seconds."""

_LATEST = 0.1  # weight of the latest turn in the mean


class Turns:
    """Lets `slots` callers work at once and `room` more wait, first come, first served; who comes then is refused.

    Args:
        slots: how many work at the same time.
        room: how many may wait.
    """

    def __init__(self, slots: int, room: int) -> None:
        self.slots = slots
        self.room = room
        self._free = slots
        self._waiting: deque[threading.Lock] = deque()
        self._returned: deque[threading.Lock] = deque()
        self._changing = threading.Lock()
        self._seconds = 0.0

    @property
    def running(self) -> int:
        """How many work now."""
        return self.slots - self._free

    @property
    def waiting(self) -> int:
        """How many wait now."""
        return len(self._waiting) + len(self._returned)

    @contextmanager
    def turn(self, *, again: bool = False) -> Iterator[None]:
        """A block that runs when it is the caller's turn.

        Args:
            again: the caller had a turn for the same answer: it goes before those who had none, and is not refused.

        Raises:
            QueueFull: too many wait already.
        """
        with stage("queue"):
            self._enter(again)
        begun = time.perf_counter()
        try:
            yield
        finally:
            self._leave(time.perf_counter() - begun)

    def _enter(self, again: bool) -> None:
        with self._changing:
            if self._free:
                self._free -= 1
                return
            if not again and len(self._waiting) >= self.room:
                raise self._full()
            mine = threading.Lock()
            mine.acquire()
            (self._returned if again else self._waiting).append(mine)
        try:
            mine.acquire()  # until whoever leaves gives its place to this one
        except BaseException:  # Ctrl-C
            self._give_up(mine)
            raise

    def _leave(self, seconds: float) -> None:
        with self._changing:
            known = self._seconds or seconds
            self._seconds = known + _LATEST * (seconds - known)
            self._hand_over()

    def _hand_over(self) -> None:
        if queue := self._returned or self._waiting:
            queue.popleft().release()
        else:
            self._free += 1

    def _give_up(self, mine: threading.Lock) -> None:
        with self._changing:
            for queue in (self._returned, self._waiting):
                if mine in queue:
                    queue.remove(mine)
                    return
            self._hand_over()  # it had been given the place already

    def _full(self) -> QueueFull:
        wait = max(1.0, len(self._waiting) * self._seconds / self.slots)  # callers are told whole seconds, above 0
        return QueueFull(
            f"{self.room} pictures wait already.", f"Try again in {math.ceil(wait)} s, with fewer at once.", wait
        )
