"""The judges that there are here, and what they say of attempts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.inversion._attempts import Attempt
from benchmarks.inversion._judges import COPY_DETECTOR, PERCEPTION, CopyDetector, Judge, Layout, Perception
from benchmarks.inversion._judging import Court
from benchmarks.inversion._report import Row, verdict_row
from benchmarks.inversion._stage import Stage

from similis.algorithm.models import ModelStore


class Bench:
    """Judges whose models were fetched.

    Args:
        store: where models are.
    """

    def __init__(self, store: ModelStore) -> None:
        self._detector = CopyDetector(store) if store.status(COPY_DETECTOR).fetched else None
        self._perception = Perception(store) if store.status(PERCEPTION).fetched else None

    def judged(self, stage: Stage, tries: Sequence[Attempt], part: str) -> Iterator[Row]:
        """One row of the report for each attempt at one kind of targets; also printed as it is there."""
        judges: list[Judge] = [Layout(stage.own_pixels.mean(0))]
        if self._detector is not None:
            judges.append(self._detector)
        rows = stage.split.targets[part]
        court = Court(stage.pixels(rows), judges, self._perception)
        for each in tries:
            row = verdict_row(each.has, each.method, part, court.judge(each.rebuild(rows)))
            print(" | ".join(str(value) for value in row.values()), flush=True)
            yield row
