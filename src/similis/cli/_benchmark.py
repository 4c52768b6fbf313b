"""`similis benchmark …`: engine, http, pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from similis.cli._benchmark_tables import print_load
from similis.cli._quality import stage_bars
from similis.cli._session import Session, SubjectFinderOption, with_session
from similis.domain import InvalidInput
from similis.evaluation import (
    CLIENTS,
    EngineReport,
    Service,
    benchmark_engine,
    benchmark_http,
    benchmark_pipeline,
    engine_figures,
    engine_filters,
    prepare_folder,
    write_engine_report,
)


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Measure speed, memory and accuracy on this machine.", no_args_is_help=True)
    for command in (engine, http, pipeline):
        group.command()(with_session(command))
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
            sizes=_numbers(n, "--n"),
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


def http(
    session: Session,
    n: Annotated[int, typer.Option("--n", min=1000, max=10_000_000, help="Pictures in the instance.")] = 10_000,
    clients: Annotated[
        str, typer.Option(metavar="N[,N…]", help="How many clients make calls at once; several, one after the other.")
    ] = ",".join(map(str, CLIENTS)),
    seconds: Annotated[
        float, typer.Option(min=0.1, max=3600, help="How long for each number of clients and each sort of calls.")
    ] = 10.0,
    importing: Annotated[
        bool, typer.Option("--import/--no-import", help="Search by name beside a bulk import, too.")
    ] = True,
    soak: Annotated[
        float, typer.Option(metavar="MINUTES", min=0, max=10_080, help="At the end, mixed calls for so long.")
    ] = 0.0,
    pictures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Pictures to search with; by default they are made up.")
    ] = None,
    work: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where its temporary data goes, about 4 KB a picture.")
    ] = None,
) -> None:
    """Measure a live service: calls a second, how long they take, processors, memory.

    It is started on a data directory of its own. With --endpoint a running one is measured, on an instance that is
    made for it and deleted afterwards: that needs the key of an administrator. Ends with 1 where searches take more
    than three times as long beside an import, or memory grows in a soak.
    """
    with stage_bars(session.output) as advance:
        found = benchmark_http(
            session.settings,
            running=_running(session),
            count=n,
            clients=_numbers(clients, "--clients"),
            seconds=seconds,
            importing=importing,
            soak=soak,
            pictures=pictures,
            work=work,
            progress=advance,
        )
    session.output.data(found.as_dict())
    print_load(session.output, found)
    if not found.good:
        raise typer.Exit(1)


def pipeline(
    session: Session,
    rounds: Annotated[int, typer.Option(min=1, max=100_000, help="How many pictures, one after the other.")] = 30,
    pictures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The pictures; by default they are made up.")
    ] = None,
    subject_finder: SubjectFinderOption = None,
) -> None:
    """Measure what happens to a picture before it is searched with: milliseconds by stage, and pictures a second."""
    found = benchmark_pipeline(session.with_subject_finder(subject_finder).settings, rounds=rounds, pictures=pictures)
    session.output.data(found.as_dict())
    rows = [(name, f"{spent:.2f}") for name, spent in [*found.stages.items(), ("whole", found.whole)]]
    session.output.table(("STAGE", "MS"), rows)
    session.output.say(f"{found.rate:.1f} pictures a second on {found.threads} threads.")


def _running(session: Session) -> Service | None:
    if session.endpoint is None:
        return None
    if not session.key:
        raise InvalidInput("--endpoint was given without --key.", "Give --key ID:SECRET or set SIMILIS_KEY.")
    return Service(session.endpoint.rstrip("/"), session.key)


def _numbers(text: str, option: str) -> list[int]:
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if not numbers or min(numbers) < 1:
        raise typer.BadParameter(f"{text!r} is no list of numbers, such as 10,100.", param_hint=option)
    return numbers


def _print(session: Session, report: EngineReport) -> None:
    for kind, runs in report.kinds.items():
        figures = [engine_figures(run) for run in runs]
        rows = [(name, *(each[name] for each in figures)) for name in figures[0]]
        session.output.table((kind.upper(), *(f"{run.count:,}" for run in runs)), rows)
        headings = (part for run in runs for part in (f"{run.count:,}: RECALL@10", "P50 MS", "P99 MS"))
        session.output.table(("FILTER", *headings), engine_filters(runs))
