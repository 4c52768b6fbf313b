"""What commands that measure quality share: progress bars by stage, and cells of tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import typer
from rich.progress import TaskID

from similis.cli._output import Output
from similis.evaluation import BadPicture, Quality

Advance = Callable[[str, int, int], None]


@contextmanager
def stage_bars(output: Output) -> Iterator[Advance]:
    """A bar for every stage, made when it begins; it is told the stage, how many are done, and of how many."""
    with output.progress() as progress:
        bars: dict[str, TaskID] = {}

        def advance(stage: str, done: int, total: int) -> None:
            if stage not in bars:
                bars[stage] = progress.add_task(stage, total=total)
            progress.update(bars[stage], completed=done, total=total)

        yield advance


def quality_cells(quality: Quality) -> tuple[str, ...]:
    """R@1 and its interval, R@5, R@10 and mAP@100."""
    first = quality.recall[1]
    rest = (*(quality.recall[k] for k in (5, 10)), quality.map_at_100)
    return f"{first.value:.3f}", f"{first.low:.3f} to {first.high:.3f}", *(f"{each.value:.3f}" for each in rest)


def finish(output: Output, bad: Sequence[BadPicture]) -> None:
    """List pictures that could not be used, and exit with 1 when there are any."""
    if bad:
        output.table(("FILE", "CODE", "WHY"), ((each.path, each.error.code, each.error.message) for each in bad))
        raise typer.Exit(1)
