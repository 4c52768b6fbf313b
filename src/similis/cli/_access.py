"""`similis key …`: create, list, set, disable."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from similis.cli._changes import given_changes
from similis.cli._session import Session, with_session
from similis.domain import MAX_LIFETIME, AccessKey, KeyLimit, Role, as_json

Identity = Annotated[str, typer.Argument(metavar="ID", help="Id of the access key.")]


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Make, list, limit and disable access keys.", no_args_is_help=True)
    for name, command in (("create", create), ("list", list_all), ("set", change_limits), ("disable", disable)):
        group.command(name)(with_session(command))
    root.add_typer(group, name="key")


def create(
    session: Session,
    role: Annotated[Role, typer.Option("--role", help="What its holder may do.")] = Role.READER,
    instances: Annotated[
        list[str] | None, typer.Option("--instance", help="Only this instance; may be repeated. Default: all.")
    ] = None,
    temporary: Annotated[
        int | None,
        typer.Option(
            "--temporary",
            metavar="MINUTES",
            min=1,
            max=MAX_LIFETIME // timedelta(minutes=1),
            help="Make it a temporary key, with a security token.",
        ),
    ] = None,
    qps: Annotated[
        float | None, typer.Option("--qps", help="Calls a second that it may make. Default: no limit.")
    ] = None,
    pictures_per_day: Annotated[
        int | None,
        typer.Option(
            "--pictures-per-day", metavar="N", help="Pictures that may be added with it in a day. Default: no limit."
        ),
    ] = None,
    max_body: Annotated[
        int | None,
        typer.Option("--max-body", metavar="BYTES", help="Bytes that a call's body may have. Default: 8 MB."),
    ] = None,
) -> None:
    """Make an access key; its secret is shown this once."""
    lifetime = None if temporary is None else timedelta(minutes=temporary)
    with session.target(make=True) as target:
        new = target.access.create(
            role, instances or (), lifetime, qps, pictures_per_day=pictures_per_day, max_body=max_body
        )
        session.audited.subject = new.key.id
    session.output.data(as_json(new))
    session.output.say(f"Access key ({role}): {new.key.id}:{new.secret}")
    if new.security_token is not None:
        session.output.say(f"Security token, until {new.key.expires_at:%Y-%m-%d %H:%M} UTC: {new.security_token}")
    session.output.say("Keep it now: the secret is not shown again.")


def list_all(session: Session) -> None:
    """List all access keys, without their secrets."""
    with session.target() as target:
        keys = target.access.list()
    session.output.data({"keys": [as_json(key) for key in keys]})
    session.output.table(("ID", "ROLE", "INSTANCES", "LIMITS", "STATE", "CREATED"), (_row(key) for key in keys))


def change_limits(
    session: Session,
    identity: Identity,
    qps: Annotated[
        str | None, typer.Option("--qps", metavar="N|none", help="Calls a second that it may make.")
    ] = None,
    pictures_per_day: Annotated[
        str | None,
        typer.Option("--pictures-per-day", metavar="N|none", help="Pictures that may be added with it in a day."),
    ] = None,
    max_body: Annotated[
        str | None, typer.Option("--max-body", metavar="BYTES|none", help="Bytes that a call's body may have.")
    ] = None,
) -> None:
    """Change which calls may be made with an access key."""
    changes: dict[str, KeyLimit] = given_changes(
        qps=(qps, float), pictures_per_day=(pictures_per_day, int), max_body=(max_body, int)
    )
    with session.target() as target:
        key = target.access.set(identity, **changes)
    session.output.data(as_json(key))
    session.output.say(f"{identity}: limits {_limit(key)}.")


def disable(session: Session, identity: Identity) -> None:
    """Disable an access key for good."""
    with session.target() as target:
        key = target.access.disable(identity)
    session.output.data(as_json(key))
    session.output.say(f"Disabled {identity}.")


def _row(key: AccessKey) -> tuple[object, ...]:
    state = "disabled" if key.disabled else "expired" if key.expired(datetime.now(UTC)) else "active"
    return key.id, key.role, ", ".join(key.instances) or "all", _limit(key), state, f"{key.created_at:%Y-%m-%d %H:%M}"


def _limit(key: AccessKey) -> str:
    limits = {"calls/s": key.qps, "pictures/day": key.pictures_per_day, "bytes/call": key.max_body}
    return ", ".join(f"{most:.12g} {unit}" for unit, most in limits.items() if most is not None) or "none"
