"""Whether the clock can be believed when something is removed because of its age."""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime, timedelta

from similis.catalogue import Catalogue

log = logging.getLogger(__name__)

WAIT = timedelta(days=1)
"""How long nothing is removed once the clock has jumped: time to set it right."""
_LONGEST_GAP = timedelta(days=400)
_LARGEST_DRIFT = timedelta(days=1)
_NOTED_EVERY = timedelta(hours=1)
_LOOKED = "clock: looked"
_JUMPED = "clock: jumped"


class Clock:
    """Notices jumps forward, by which everything would be too old at once, and holds back for a day.

    A jump is more than 400 days since anybody looked at this catalogue, or a day more than this process has run.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._looked: tuple[datetime, float] | None = None
        self._lock = threading.Lock()

    def believed(self, now: datetime) -> bool:
        """Whether what is too old at this moment may be removed; notes that it was asked.

        Raises:
            StorageFailed: the catalogue cannot be read or written.
        """
        with self._lock:
            before = self._moment(_LOOKED)
            if self._drifted(now) or (before is not None and now - before > _LONGEST_GAP):
                log.warning("The clock jumped to %s. Nothing is removed for its age for a day; set it right.", now)
                self._catalogue.set_setting(_JUMPED, now.isoformat())
            if before is None or not timedelta(0) <= now - before < _NOTED_EVERY:
                self._catalogue.set_setting(_LOOKED, now.isoformat())
            jumped = self._moment(_JUMPED)
            return jumped is None or not jumped <= now < jumped + WAIT

    def _drifted(self, now: datetime) -> bool:
        """Whether more time went by on the clock than in this process since it last asked."""
        before, self._looked = self._looked, (now, time.monotonic())
        if before is None:
            return False
        return now - before[0] - timedelta(seconds=self._looked[1] - before[1]) > _LARGEST_DRIFT

    def _moment(self, name: str) -> datetime | None:
        noted = self._catalogue.setting(name)
        return None if noted is None else datetime.fromisoformat(noted)
