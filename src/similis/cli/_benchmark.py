"""`similis benchmark …`: engine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from similis.cli._quality import stage_bars
from similis.cli._session import Session, with_session
from similis.evaluation import (
    EngineReport,
    benchmark_engine,
    engine_figures,
    engine_filters,
    prepare_folder,
    write_engine_report,
)


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Measure speed, memory and accuracy on this machine.", no_args_is_help=True)
    group.command()(with_session(engine))
    root.add_typer(group, name="benchmark")


def engine(
    session: Session,
    n: Annotated[
        str, typer.Option("--n", metavar="N[,N…]", help="How many pictures; several give the growth curve.")
    ] = "10000,100000",
    dim: Annotated[int, typer.Option(min=8, max=4096, help="Numbers in a vector.")] = 512,
    data_kind: Annotated[
        list[str] | None,
        typer.Option(
            metavar="clustered|weak|FILE.npy",
            help="Repeat for several; a file holds real features, one row each, and is jittered to size. By default "
            "clustered and weak.",
        ),
    ] = None,
    queries: Annotated[
        int, typer.Option(min=10, max=10_000, help="Searches of each sort, and single changes.")
    ] = 200,
    work: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where its temporary data goes, about 4 KB a picture.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write engine.html and engine.json into this folder.")
    ] = None,
) -> None:
    """Measure the search engine with vectors alone: loading, searches, filters, changes, reopening, memory, disk."""
    folder = None if report is None else prepare_folder(report)
    with stage_bars(session.output) as advance:
        found = benchmark_engine(
            session.settings,
            sizes=_sizes(n),
            dimension=dim,
            kinds=data_kind or ("clustered", "weak"),
            queries=queries,
            work=work,
            progress=advance,
        )
    session.output.data(found.as_dict())
    _print(session, found)
    if folder is not None:
        session.output.say(f"The report is in {write_engine_report(found, folder)}.")


def _sizes(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no list of numbers, such as 10000,100000.", param_hint="--n") from None


def _print(session: Session, report: EngineReport) -> None:
    for kind, runs in report.kinds.items():
        figures = [engine_figures(run) for run in runs]
        rows = [(name, *(each[name] for each in figures)) for name in figures[0]]
        session.output.table((kind.upper(), *(f"{run.count:,}" for run in runs)), rows)
        headings = (part for run in runs for part in (f"{run.count:,}: RECALL@10", "P50 MS", "P99 MS"))
        session.output.table(("FILTER", *headings), engine_filters(runs))
