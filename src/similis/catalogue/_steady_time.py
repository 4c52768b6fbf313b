"""What time it would be if the clock had not jumped forward."""

from __future__ import annotations

from datetime import datetime, timedelta
from time import monotonic

_JUMP = timedelta(minutes=1)
_WAIT = timedelta(days=1)
"""For how long a jump is not believed: time to set the clock right."""


class SteadyTime:
    """Tells of the moments that a clock gives how far they can be believed.

    A jump is noticed by what this process has seen; the first moment that it sees is believed as it is.
    """

    def __init__(self) -> None:
        self._believed: tuple[datetime, float] | None = None
        self._jumped: float | None = None

    def believed(self, now: datetime) -> datetime:
        """`now`; but for a day after a jump forward, what it would be without that, unless it is taken back."""
        at = monotonic()
        if self._believed is not None:
            expected = self._believed[0] + timedelta(seconds=at - self._believed[1])
            if now - expected > _JUMP:
                self._jumped = at if self._jumped is None else self._jumped
                if timedelta(seconds=at - self._jumped) < _WAIT:
                    return expected
        self._believed, self._jumped = (now, at), None
        return now
