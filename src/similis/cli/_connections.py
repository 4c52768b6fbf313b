"""`similis connection …`: create, list, show, check, delete."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from similis.cli._session import Session, with_session
from similis.domain import Connection, ConnectionCheck, Credentials, InvalidInput, Provider, as_json

SECRET_VARIABLE = "SIMILIS_SOURCE_SECRET"  # noqa: S105 - its name only
TOKEN_VARIABLE = "SIMILIS_SOURCE_TOKEN"  # noqa: S105 - its name only
Name = Annotated[str, typer.Argument(metavar="NAME", help="The connection's name.")]
_HEADINGS = ("NAME", "PROVIDER", "PLACE", "BUCKET", "REGION", "CREDENTIALS", "INSTANCES", "CREATED")
_COULD_NOT_RUN = 3


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Name storage that pictures are imported from, and check it.", no_args_is_help=True)
    group.command("create")(with_session(create, service="--service"))
    for name, command in (("list", list_all), ("show", show), ("check", check), ("delete", delete)):
        group.command(name)(with_session(command))
    root.add_typer(group, name="connection")


def create(
    session: Session,
    name: Name,
    provider: Annotated[Provider, typer.Option("--provider", help="OSS, whatever speaks S3, or a directory.")],
    storage: Annotated[
        str | None,
        typer.Option(
            "--endpoint", help="Host or URL of the storage, of S3 also {bucket}.HOST; else the region's own."
        ),
    ] = None,
    bucket: Annotated[
        str | None, typer.Option("--bucket", help="The only bucket that is reached; else each import names one.")
    ] = None,
    region: Annotated[str | None, typer.Option("--region", help="Region of the bucket, such as cn-shanghai.")] = None,
    root: Annotated[
        Path | None, typer.Option("--root", metavar="DIR", help="With file: directory in which the buckets are.")
    ] = None,
    role_arn: Annotated[str | None, typer.Option("--role-arn", help="With oss: ARN of the role to assume.")] = None,
    access_key_id: Annotated[
        str | None,
        typer.Option("--access-key-id", help="Key of the storage; else those of the environment are used."),
    ] = None,
    access_key_secret_file: Annotated[
        Path | None,
        typer.Option(
            "--access-key-secret-file",
            metavar="FILE",
            help=f"Has its secret; - is standard input. Else {SECRET_VARIABLE} has it, {TOKEN_VARIABLE} a token.",
        ),
    ] = None,
    instances: Annotated[
        list[str] | None, typer.Option("--instance", help="Only for this instance; may be repeated. Default: all.")
    ] = None,
) -> None:
    """Keep a way to storage. Here `--endpoint` is the storage's; a running Similis is named by `--service`."""
    if session.key and session.endpoint is None:
        raise InvalidInput(
            "An access key of Similis was given, but no service.",
            "Name the service by --service or SIMILIS_ENDPOINT: --endpoint is the storage's here.",
        )
    connection = Connection(
        name,
        provider,
        endpoint=storage,
        region=region,
        bucket=bucket,
        root=_absolute(session, root),
        role_arn=role_arn,
        instances=tuple(instances or ()),
    )
    credentials = _credentials(access_key_id, access_key_secret_file)
    with session.target(make=True) as target:
        made = target.connections.create(connection, credentials, operator=True)
    session.output.data(as_json(made))
    session.output.say(f"Made connection {name}. See whether it works with: similis connection check {name}")


def list_all(session: Session) -> None:
    """List all connections, without their secrets."""
    with session.target() as target:
        connections = target.connections.list()
    session.output.data({"connections": [as_json(connection) for connection in connections]})
    session.output.table(_HEADINGS, (_row(connection) for connection in connections))


def show(session: Session, name: Name) -> None:
    """Show one connection, without its secrets."""
    with session.target() as target:
        connection = target.connections.get(name)
    session.output.data(as_json(connection))
    session.output.table(_HEADINGS, [_row(connection)])


def check(
    session: Session,
    name: Name,
    bucket: Annotated[str | None, typer.Option("--bucket", help="Bucket to import from.")] = None,
    path: Annotated[
        str | None,
        typer.Option("--path", help="Directory of increment.meta, such as / or /a/b; else not looked for."),
    ] = None,
    instance: Annotated[
        str | None, typer.Option("--instance", help="Instance to import into, whose region the bucket's must be.")
    ] = None,
) -> None:
    """Go through all that an import needs, up to the first step that is not good; exit 3 if there is one."""
    with session.target() as target, session.output.working(f"Checking {name}"):
        steps = target.connections.check(name, bucket=bucket, path=path, instance=instance)
    good = all(step.good for step in steps)
    session.output.data({"good": good, "checks": [as_json(step) for step in steps]})
    session.output.table(("", "STEP", "FOUND"), (_step_row(step) for step in steps))
    if not good:
        raise typer.Exit(_COULD_NOT_RUN)


def delete(
    session: Session,
    name: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Delete it with its credentials, for good.")] = False,
) -> None:
    """Delete a connection with its credentials. What was imported by it stays."""
    if not yes:
        raise typer.BadParameter(f"This deletes the connection {name} with its credentials; repeat with --yes.")
    with session.target() as target:
        target.connections.delete(name)
    session.output.data({"deleted": name})
    session.output.say(f"Deleted the connection {name}.")


def _absolute(session: Session, root: Path | None) -> str | None:
    """A directory as it is named from anywhere; one on the machine of a service must be given so."""
    if root is None or session.endpoint is not None:
        return None if root is None else str(root)
    return str(root.absolute())


def _credentials(access_key_id: str | None, secret_file: Path | None) -> Credentials | None:
    if access_key_id is None:
        if secret_file is not None:
            raise InvalidInput("A secret was given without the id of its key.", "Give --access-key-id too.")
        return None
    secret = os.environ.get(SECRET_VARIABLE, "") if secret_file is None else _read_secret(secret_file)
    if not secret:
        raise InvalidInput(
            "The access key of the storage has no secret.",
            f"Give --access-key-secret-file, or set {SECRET_VARIABLE}; without --access-key-id the keys of the "
            "environment are used.",
        )
    return Credentials(access_key_id, secret, os.environ.get(TOKEN_VARIABLE) or None)


def _read_secret(file: Path) -> str:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"  # never what the file has in it
        raise InvalidInput(f"The secret cannot be read from {file}: {reason}.", "Give a text file.") from None
    return text.strip()


def _row(connection: Connection) -> tuple[object, ...]:
    form = as_json(connection)
    made = connection.created_at
    return (
        connection.name,
        connection.provider,
        connection.root or connection.endpoint,
        connection.bucket,
        connection.region,
        form["credentials"],
        ", ".join(connection.instances) or "all",
        None if made is None else f"{made:%Y-%m-%d %H:%M}",
    )


def _step_row(step: ConnectionCheck) -> tuple[object, ...]:
    found = step.message if step.code is None else f"{step.code}: {step.message}"
    return "ok" if step.good else "!!", step.step, found
