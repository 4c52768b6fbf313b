"""`similis audit privacy`."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer

from similis.audit import PrivacyReport, audit_privacy, write_report
from similis.cli._quality import stage_bars
from similis.cli._session import Session, with_session


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command()(with_session(privacy))


def privacy(
    session: Session,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write privacy.md and privacy.json into this folder.")
    ] = None,
    search: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Search this directory too, such as a database server's; may be repeated."),
    ] = None,
    trace: Annotated[
        bool, typer.Option("--trace/--no-trace", help="Trace by strace, where it is, what is written to files.")
    ] = True,
    quick: Annotated[
        bool, typer.Option("--quick", help="Ten of the ways, and one life of the service; about a minute.")
    ] = False,
) -> None:
    """Send pictures that can be told again every way there is, and search everything for them.

    A service is started for it in a scratch directory, with data and keys of its own: yours are not touched. With
    --catalogue, name an empty PostgreSQL database.
    """
    signal.signal(signal.SIGTERM, _stop)
    with stage_bars(session.output) as advance:
        found = audit_privacy(session.settings, search=search or (), trace=trace, quick=quick, progress=advance)
    session.output.data(found.as_dict())
    _print(session, found)
    if report is not None:
        session.output.say(f"The report is in {write_report(found, report)}.")
    if not found.kept:
        raise typer.Exit(1)


def _stop(*_: object) -> None:
    """End as after Ctrl-C: what was started ends, too."""
    raise KeyboardInterrupt


def _print(session: Session, found: PrivacyReport) -> None:
    session.output.table(
        ("WAY", "PICTURES", "ANSWERS", ""),
        (
            (each.name, each.canaries, ", ".join(map(str, each.statuses)), "" if each.as_meant else "!! not as meant")
            for each in found.driven
        ),
    )
    session.output.table(
        ("SEARCHED", "PLACES", "BYTES"),
        ((each.name, f"{each.places:,}", f"{each.bytes:,}") for each in found.searched),
    )
    if found.findings:
        session.output.table(
            ("FOUND IN", "OFFSET", "PICTURE", "FORM", ""),
            ((each.place, each.offset, each.canary, each.form, each.detail) for each in found.findings),
        )
    for note in found.notes:
        session.output.say(note)
    session.output.say(f"{found.verdict} {found.seconds:.0f} s.")
