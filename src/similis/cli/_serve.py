"""`similis serve` and `similis doctor`."""

from __future__ import annotations

from typing import Annotated

import typer

from similis.cli._session import Session, with_session
from similis.gateway import serve as serve_app
from similis.service import examine


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (serve, doctor):
        root.command()(with_session(command))


def serve(
    session: Session,
    host: Annotated[str, typer.Option("--host", help="Address to listen on; loopback by default.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port to listen on.")] = 8000,
    show_key: Annotated[bool, typer.Option("--show-key", help="Print an admin access key with its secret.")] = False,
) -> None:
    """Run the service: REST interface and console. A first start makes an admin access key and prints it."""
    with session.local() as app:
        first = not app.access.list()
        operator = app.access.operator_key() if first or show_key else None
        app.analyst.warm_up()

        def announce(address: str) -> None:
            answer = {"address": address, "data": str(session.settings.data)}
            session.output.say(
                f"Similis is running.\n  Console:     {address}\n  Data:        {session.settings.data}"
            )
            if operator is not None:
                answer["key"] = f"{operator.key.id}:{operator.secret}"
                session.output.say(f"  Access key:  {answer['key']}")
            session.output.data(answer)

        serve_app(app, host, port, announce)


def doctor(session: Session) -> None:
    """Check the set-up: what is right, what is not, and what to do about it."""
    findings = examine(session.settings)
    session.output.data({"findings": [finding.as_dict() for finding in findings]})
    session.output.table(
        ("", "CHECK", "FOUND", "TO DO"),
        (("ok" if each.good else "!!", each.check, each.found, each.to_do) for each in findings),
    )
    if not all(finding.good for finding in findings):
        raise typer.Exit(1)
