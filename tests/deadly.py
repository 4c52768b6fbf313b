"""Models whose processes die of one certain picture, as those do in which a decoder has a fault."""

from __future__ import annotations

import os
import signal
from typing import Any

from similis.algorithm import Analysis
from similis.service._analyst import Analyst
from similis.service._processes import Models

DEADLY = b"a picture that kills"


class DeadlyModels(Models):
    """The real models, but for that."""

    def analyst(self, slots: int = 1) -> Analyst:
        return _Mortal(super().analyst(slots))


class StillbornModels(Models):
    """Models whose processes die before they have done anything, as on a machine that is short of memory."""

    def analyst(self, slots: int = 1) -> Analyst:
        os.kill(os.getpid(), signal.SIGKILL)
        return super().analyst(slots)


class _Mortal(Analyst):
    def __init__(self, inner: Analyst) -> None:
        self._inner = inner

    def warm_up(self) -> None:
        self._inner.warm_up()

    def analyse(self, data: bytes, **options: Any) -> Analysis:  # noqa: ANN401 - whatever it takes
        if data == DEADLY:
            os.kill(os.getpid(), signal.SIGKILL)
        return self._inner.analyse(data, **options)
