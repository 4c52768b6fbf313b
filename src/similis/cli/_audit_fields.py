"""The command `similis audit fields`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from similis.cli._session import Session, with_session
from similis.domain import InvalidInput
from similis.service import stored_page, stored_places, undeclared

FOUND = 1


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("fields")(with_session(fields))


def fields(
    session: Session,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the page of everything that may be stored, and look at nothing.")
    ] = False,
) -> None:
    """Look in data directory, key directory, catalogue and Milvus server for anything that is not declared."""
    if session.endpoint is not None:
        raise InvalidInput(
            "Files are looked at where they are, not by a service.",
            "Leave --endpoint out; stop the service meanwhile.",
        )
    if markdown:
        typer.echo(stored_page(session.settings), nl=False)
        return
    _check(session)


def _check(session: Session) -> None:
    if not session.settings.data.is_dir():
        raise InvalidInput(f"There is no data directory {session.settings.data}.", "Name it by --data.")
    found, places = undeclared(session.settings), stored_places()
    declared = [*places.data, *places.keys, *places.tables, *places.collections]
    count = sum(len(place.fields) for place in declared)
    session.output.data({"undeclared": [asdict(each) for each in found], "declared": count})
    if found:
        session.output.table(("where", "not declared"), [(each.place, each.name) for each in found])
        raise typer.Exit(FOUND)
    session.output.say(f"Nothing is stored but what is declared: {count} fields in {len(declared)} places.")
