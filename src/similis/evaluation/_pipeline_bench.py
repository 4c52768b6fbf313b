"""How long the parts of the pipeline take with one picture, and how many pictures all processors do together."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from similis.evaluation._engine_report import machine
from similis.evaluation._evaluate import scratch_app
from similis.evaluation._load_pictures import pictures_of
from similis.service import Settings

_PICTURES = 24


@dataclass(frozen=True)
class PipelineReport:
    """What was measured in one run of the benchmark.

    Attributes:
        stages: median milliseconds of each, one picture at a time.
        whole: of a picture in all.
        threads: that analyse at once.
        rate: pictures a second on all of them.
        machine: what it ran on.
    """

    stages: dict[str, float]
    whole: float
    threads: int
    rate: float
    machine: dict[str, str | int] = field(default_factory=machine)

    def as_dict(self) -> dict[str, Any]:
        """As JSON can hold it, figures rounded."""
        return {
            "machine": self.machine,
            "stages_milliseconds": {name: round(spent, 2) for name, spent in self.stages.items()},
            "milliseconds": round(self.whole, 2),
            "threads": self.threads,
            "pictures_a_second": round(self.rate, 2),
        }


def benchmark_pipeline(settings: Settings, *, rounds: int = 30, pictures: Path | None = None) -> PipelineReport:
    """Analyse so many pictures one after the other, then as long on all threads.

    Args:
        settings: which models, which way to find subjects, how many threads.
        rounds: pictures that are analysed one after the other.
        pictures: a folder of them; by default they are made up.

    Raises:
        InvalidInput: there is no picture in the folder.
        ModelNotFetched: a model file is missing.
    """
    photos = pictures_of(pictures, _PICTURES)
    with scratch_app(settings) as app:
        pipeline = app.analyst.pipeline
    pipeline.analyse(photos[0])
    taken: dict[str, list[float]] = defaultdict(list)
    whole = []
    with threadpool_limits(limits=1, user_api="blas"):
        for number in range(rounds):
            begun = time.perf_counter()
            analysis = pipeline.analyse(photos[number % len(photos)])
            whole.append(1000 * (time.perf_counter() - begun))
            for stage, spent in analysis.milliseconds.items():
                taken[stage].append(spent)
    stages = {stage: statistics.median(spent) for stage, spent in taken.items()}
    rate = pictures_a_second(pipeline.analyse, photos, settings.threads, sum(whole) / 1000)
    return PipelineReport(stages, statistics.median(whole), settings.threads, rate)


def pictures_a_second(
    analyse: Callable[[bytes], object], photos: Sequence[bytes], threads: int, seconds: float
) -> float:
    """How many pictures so many threads of this process analyse in a second, tried for so long."""
    end = time.perf_counter() + seconds

    def analysed(first: int) -> int:
        done = 0
        while not done or time.perf_counter() < end:
            analyse(photos[(first + done) % len(photos)])
            done += 1
        return done

    begun = time.perf_counter()
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(analysed, range(threads))) / (time.perf_counter() - begun)
