"""The command `similis audit log`."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import Annotated

import typer

from similis.cli._session import Session, with_session
from similis.domain import AuditEvent, AuditQuery, InvalidInput, as_audit_action, as_json

ALTERED = 1
_HEADINGS = ("AT (UTC)", "ACTOR", "ACTION", "INSTANCE", "SUBJECT", "COUNT", "OUTCOME")


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("log")(with_session(show))


def show(
    session: Session,
    instance: Annotated[str | None, typer.Option("--instance", help="Only about this instance.")] = None,
    actor: Annotated[
        str | None, typer.Option("--actor", help="Only of this access key's id, or operator:USER.")
    ] = None,
    action: Annotated[str | None, typer.Option("--action", help="Only this action, such as picture.add.")] = None,
    since: Annotated[str | None, typer.Option("--since", help="From this day or moment on (ISO 8601, UTC).")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Before this day or moment.")] = None,
    num: Annotated[int, typer.Option("--num", min=1, help="Events at most, the newest of them.")] = 100,
    verify: Annotated[bool, typer.Option("--verify", help="Check instead that nothing was altered.")] = False,
) -> None:
    """Show who did what, the newest first."""
    if verify:
        _verify(session)
        return
    instances = None if instance is None else frozenset({instance})
    known = None if action is None else as_audit_action(action)
    query = AuditQuery(instances, actor, known, _moment(since), _moment(until))
    with session.target() as target:
        events = list(islice(target.audit.events(query), num))
    session.output.data({"events": [as_json(event) for event in events]})
    session.output.table(_HEADINGS, (_row(event) for event in events))


def _verify(session: Session) -> None:
    if session.endpoint is not None:
        raise InvalidInput("A service does not verify its own log.", "Stop it and leave --endpoint out.")
    with session.local() as app:
        found = app.audit.verify()
        session.output.data(as_json(found))
        for problem in found.problems:
            session.output.problem("altered", problem)
        if found.unverifiable:
            session.output.say(
                f"NOT VERIFIED: the first {found.unverifiable:,} events say that an earlier master key signed them; "
                "they may have been altered."
            )
        session.output.say(f"{found.events:,} events, {len(found.problems)} problems.")
        if found.problems:
            raise typer.Exit(ALTERED)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            f"{text[:40]!r} is no day or moment.", "Give it as 2026-11-24 or 2026-11-24T18:30."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _row(event: AuditEvent) -> tuple[object, ...]:
    subject = "(erased)" if event.erased else event.subject
    moment = f"{event.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return moment, event.actor, event.action, event.instance, subject, event.count, event.outcome
