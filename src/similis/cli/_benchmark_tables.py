"""How a benchmark of a live service is shown."""

from __future__ import annotations

from collections.abc import Iterator

from similis.cli._output import Output
from similis.evaluation import BEARABLE, Importing, LoadReport, LoadRun, Sample, Soak

_HEADINGS = ("CALLS", "CLIENTS", "/S", "P50 MS", "P95", "P99", "429", "BAD", "CPU", "OURS", "MB")
_SHARES = (0.5, 0.95, 0.99)


def print_load(output: Output, report: LoadReport) -> None:
    """Print tables, and what they say in sentences."""
    soaked = [] if report.soak is None else [report.soak.run]
    output.table(_HEADINGS, (row for run in [*report.runs, *soaked] for row in _rows(run)))
    for run in report.runs:
        if run.alone is not None:
            output.say(
                f"{run.clients} clients: {run.of_pipeline:.2f} of the {run.alone:.1f} pictures a second that the "
                "pipeline alone analyses."
            )
    if report.importing is not None:
        output.say(_beside(report.importing))
    if report.soak is not None:
        output.say(_memory(report.soak))


def _rows(run: LoadRun) -> Iterator[tuple[str, ...]]:
    """One row, and one for each part of a mixture. CPU: processors of the service; OURS: of the clients beside it."""
    sample = run.sample
    taken = (
        f"{run.processor / sample.seconds:.2f}",
        f"{sample.processor / sample.seconds:.2f}",
        f"{run.megabytes:.0f}",
    )
    failed = str(sum(sample.errors.values()))
    times = _times(sample)
    yield str(run.work), str(run.clients), f"{sample.rate:.1f}", *times, str(sample.throttled), failed, *taken
    for work in sample.milliseconds if len(sample.milliseconds) > 1 else ():
        rate = len(sample.milliseconds[work]) / sample.seconds
        parts = (f"{sample.quantile(share, work):.1f}" for share in _SHARES)
        yield f"  {work}", "", f"{rate:.1f}", *parts, *[""] * 5


def _times(sample: Sample) -> list[str]:
    return [f"{sample.quantile(share):.1f}" for share in _SHARES]


def _beside(found: Importing) -> str:
    busy, idle = found.busy.quantile(0.99), found.idle.quantile(0.99)
    verdict = "" if found.bearable else f" More than {BEARABLE:.0f} × is too much."
    return (
        f"Beside an import of {found.pictures_a_second:.1f} pictures a second, 99 of 100 searches by name took at "
        f"most {busy:.1f} ms: {found.slower:.1f} × the {idle:.1f} ms without one.{verdict}"
    )


def _memory(found: Soak) -> str:
    verdict = "stayed" if found.flat else "did not stay"
    return f"Memory {verdict} the same: {found.growth:+.1f} MB after the first third of the time."
