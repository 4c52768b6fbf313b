"""What a benchmark of a live service found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from similis.evaluation._engine_report import machine
from similis.evaluation._load_calls import Work
from similis.evaluation._load_run import Sample
from similis.evaluation._load_service import Taken

WARM_UP = 1 / 3
"""Share of a soak that does not count: caches fill, and memory finds its size."""

BEARABLE = 3.0
"""So many times longer may 99 of 100 searches by name take beside an import."""

_FLAT_SHARE = 0.05
_FLAT_MEGABYTES = 8.0


@dataclass(frozen=True, slots=True)
class LoadRun:
    """One sort of calls by so many clients.

    Attributes:
        work: what they asked for.
        clients: how many there were.
        sample: what became of the calls.
        processor: seconds of a processor that the service took.
        megabytes: its memory at the end.
        alone: pictures a second that the pipeline alone did right before and after, where pictures were searched.
    """

    work: Work
    clients: int
    sample: Sample
    processor: float
    megabytes: float
    alone: float | None = None

    @property
    def of_pipeline(self) -> float | None:
        """Searches a second as a share of what the pipeline alone does."""
        return None if self.alone is None else self.sample.rate / self.alone

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it, figures rounded."""
        sample = self.sample
        return {
            "work": str(self.work),
            "clients": self.clients,
            "seconds": _rounded(sample.seconds),
            "answered": sample.answered,
            "a_second": _rounded(sample.rate),
            "milliseconds": {str(work): _times(sample, work) for work in sample.milliseconds},
            "throttled": sample.throttled,
            "errors": dict(sample.errors),
            "processors_of_service": _rounded(self.processor / sample.seconds),
            "processors_of_clients": _rounded(sample.processor / sample.seconds),
            "megabytes": _rounded(self.megabytes),
            "pipeline_alone_a_second": _rounded(self.alone),
            "of_pipeline": _rounded(self.of_pipeline),
        }


@dataclass(frozen=True, slots=True)
class Importing:
    """Searches by name without and with a bulk import, in turn.

    Attributes:
        idle: without one.
        busy: while one ran.
        pictures_a_second: that were imported meanwhile.
    """

    idle: Sample
    busy: Sample
    pictures_a_second: float

    @property
    def slower(self) -> float:
        """How many times longer 99 of 100 searches took while pictures were imported."""
        return self.busy.quantile(0.99) / self.idle.quantile(0.99)

    @property
    def bearable(self) -> bool:
        """Whether searches went on well enough beside the import."""
        return self.slower <= BEARABLE

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it, figures rounded."""
        return {
            "idle_milliseconds": _times(self.idle),
            "milliseconds_while_importing": _times(self.busy),
            "times_slower_p99": _rounded(self.slower),
            "bearable": self.bearable,
            "pictures_imported_a_second": _rounded(self.pictures_a_second),
        }


@dataclass(frozen=True, slots=True)
class Soak:
    """A long run of mixed calls.

    Attributes:
        run: the whole of it.
        curve: seconds since it began, and what the service had taken by then.
    """

    run: LoadRun
    curve: Sequence[tuple[float, Taken]]

    @property
    def settled(self) -> list[tuple[float, float]]:
        """The part of the curve that counts, as seconds and megabytes."""
        end = self.curve[-1][0]
        return [(seconds, taken.megabytes) for seconds, taken in self.curve if seconds >= WARM_UP * end]

    @property
    def growth(self) -> float:
        """Megabytes by which memory grew after the warm-up, by a straight line through the curve."""
        seconds, megabytes = zip(*self.settled, strict=True)
        begun, ended = seconds[0], seconds[-1]
        return float(np.polyfit(seconds, megabytes, 1)[0]) * float(ended - begun)

    @property
    def flat(self) -> bool:
        """Whether memory stayed: it grew by less than a twentieth, or by 8 MB, which is the allocator's noise."""
        return self.growth <= max(_FLAT_MEGABYTES, _FLAT_SHARE * self.settled[0][1])

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it, figures rounded."""
        return {
            **self.run.as_dict(),
            "memory": [(round(seconds), _rounded(taken.megabytes)) for seconds, taken in self.curve],
            "growth_megabytes": _rounded(self.growth),
            "flat": self.flat,
        }


@dataclass(frozen=True)
class LoadReport:
    """What was measured in one run of the benchmark.

    Attributes:
        count: pictures in the instance.
        runs: one after the other.
        importing: searches beside a bulk import, if that was measured.
        soak: a long run, if there was one.
        machine: what it ran on.
    """

    count: int
    runs: Sequence[LoadRun] = ()
    importing: Importing | None = None
    soak: Soak | None = None
    machine: dict[str, str | int] = field(default_factory=machine)

    @property
    def good(self) -> bool:
        """Whether what is judged is as it should be: searches beside an import, and memory in a soak."""
        return (self.importing is None or self.importing.bearable) and (self.soak is None or self.soak.flat)

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it, figures rounded."""
        return {
            "pictures": self.count,
            "machine": self.machine,
            "runs": [run.as_dict() for run in self.runs],
            "importing": None if self.importing is None else self.importing.as_dict(),
            "soak": None if self.soak is None else self.soak.as_dict(),
        }


def _times(sample: Sample, work: Work | None = None) -> dict[str, float | None]:
    return {f"p{round(100 * share)}": _rounded(sample.quantile(share, work)) for share in (0.5, 0.95, 0.99)}


def _rounded(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else round(value, 2)
