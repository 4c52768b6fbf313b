"""`similis customer …`: export all that the owner of an access key owns, and erase it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from similis.cli._session import Session, with_session
from similis.cli._whole_file import write_lines
from similis.domain import Erasure, InvalidInput, ReportFailed, as_json

KeyId = Annotated[str, typer.Argument(metavar="KEY_ID", help="Id of the customer's access key.")]


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Export or erase all that the owner of an access key owns.", no_args_is_help=True)
    for command in (export, erase):
        group.command()(with_session(command))
    root.add_typer(group, name="customer")


def export(
    session: Session,
    identity: KeyId,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="New or empty directory to write into.")],
) -> None:
    """Write everything that is stored of a customer, but features and secrets, as JSON with a README."""
    _make(directory)
    with session.target() as target, session.output.working(f"Exporting what {identity} owns"):
        names = [_write(directory, name, pieces) for name, pieces in target.customers.export(identity)]
    session.output.data({"key_id": identity, "directory": str(directory), "files": names})
    session.output.say(f"Wrote {len(names)} files into {directory}; README.md says what they hold.")


def erase(
    session: Session,
    identity: KeyId,
    yes: Annotated[bool, typer.Option("--yes", help="Erase for good all that it owns.")] = False,
) -> None:
    """Delete a customer's instances with their keys, and its connections and access keys."""
    with session.target() as target:
        if not yes:
            raise typer.BadParameter(_warning(target.customers.plan(identity)))
        erasure = target.customers.erase(identity)
    session.output.data(as_json(erasure))
    for what, removed in (
        ("Instances", erasure.instances), ("Connections", erasure.connections), ("Access keys", erasure.keys),
    ):  # fmt: skip
        session.output.say(f"{what} erased: {_listed(removed)}.")
    session.output.say(
        f"Shared with others, so they stay: {_listed(erasure.shared_connections + erasure.shared_keys)}."
    )
    session.output.say(
        "The audit log keeps what was done and when, until its days are over; names of pictures in it cannot be read."
    )


def _warning(plan: Erasure) -> str:
    return (
        f"This deletes for good the instances {_listed(plan.instances)}, the connections {_listed(plan.connections)} "
        f"and the access keys {_listed(plan.keys)}. Shared with others, so they stay: "
        f"{_listed(plan.shared_connections + plan.shared_keys)}. Repeat with --yes."
    )


def _make(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise InvalidInput(f"The directory {directory} is not empty.", "Name a new or empty one.")
    except OSError as error:
        raise _unwritable(directory, error) from None


def _write(directory: Path, name: str, pieces: Iterable[bytes]) -> str:
    file = directory / name
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(file.parent, error) from None
    write_lines(file, pieces)
    return name


def _unwritable(path: Path, error: OSError) -> ReportFailed:
    return ReportFailed(f"{path} cannot be written: {error.strerror}.", "Name a directory that you may write.")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
