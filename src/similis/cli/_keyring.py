"""`similis keyring …`: check, rotate, backup, restore, prune: the keys that encrypt and turn what is stored."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from similis.cli._following import carry_on, follow, report
from similis.cli._session import Session, Target, with_session
from similis.domain import InvalidInput, Task, TaskKind
from similis.service import App, back_up_keys, check_keys, read_master, restore_keys

_PASSPHRASE = "SIMILIS_PASSPHRASE"  # noqa: S105 - the name of a variable
BackupFile = Annotated[Path, typer.Argument(help="The file of the backup.")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", metavar="FILE", help=f"Its first line is the passphrase (or {_PASSPHRASE})."),
]


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Check, change and back up the keys that encrypt what is stored.", no_args_is_help=True)
    for name, command in (
        ("check", check), ("rotate", rotate), ("backup", backup), ("restore", restore), ("prune", prune),
    ):  # fmt: skip
        group.command(name)(with_session(command))
    root.add_typer(group, name="keyring")


def check(session: Session) -> None:
    """Check that all keys are there, whole, private and fit the data. Exit status 1 when something is not right."""
    _require_local(session)
    findings = check_keys(session.settings)
    session.output.data({"findings": [finding.as_dict() for finding in findings]})
    session.output.table(
        ("", "CHECK", "FOUND", "TO DO"),
        (("ok" if each.good else "!!", each.check, each.found, "" if each.good else each.to_do) for each in findings),
    )
    if not all(finding.good for finding in findings):
        raise typer.Exit(1)


def rotate(
    session: Session,
    instance: Annotated[
        str | None, typer.Option("--instance", metavar="NAME", help="The key of this instance, not the master key.")
    ] = None,
    new_key_file: Annotated[
        Path | None, typer.Option("--new-key-file", metavar="FILE", help="The new master key is in this file.")
    ] = None,
    new_key_command: Annotated[
        str | None,
        typer.Option("--new-key-command", metavar="COMMAND", help="The new master key is what this prints."),
    ] = None,
) -> None:
    """Change the master key or, with --instance, that of an instance; needs no picture. The old one is destroyed."""
    if instance is None:
        _rotate_master(session, new_key_file, new_key_command)
        return
    if new_key_file is not None or new_key_command is not None:
        raise InvalidInput("The key of an instance cannot be given.", "Leave out the new key: it is made at random.")
    with session.target() as target:
        task = _unfinished(target, instance) or target.transfers.start_rekey(instance)
        ended = carry_on(session, target, task) if isinstance(target, App) else follow(session, target, task)
        report(session, target, ended)


def backup(session: Session, file: BackupFile, passphrase_file: PassphraseFile = None) -> None:
    """Write all keys into one file, encrypted by a passphrase; a service may be running meanwhile."""
    _require_local(session)
    count = back_up_keys(session.settings, file, _passphrase(passphrase_file, confirm=True))
    session.output.data({"file": str(file), "instances": count})
    session.output.say(f"Wrote the keys of {count} instances into {file}. Keep it apart from the data.")


def restore(session: Session, file: BackupFile, passphrase_file: PassphraseFile = None) -> None:
    """Make the key directory anew from a backup."""
    _require_local(session)
    count = restore_keys(session.settings, file, _passphrase(passphrase_file, confirm=False))
    session.output.data({"keys": str(session.settings.key_directory), "instances": count})
    session.output.say(f"Restored the keys of {count} instances into {session.settings.key_directory}.")


def prune(
    session: Session,
    yes: Annotated[bool, typer.Option("--yes", help="Destroy them for good.")] = False,
) -> None:
    """Destroy the keys that belong to no instance of this data directory."""
    _require_local(session)
    if not yes:
        raise typer.BadParameter(
            "This destroys keys for good; look at `similis keyring check`, then repeat with --yes."
        )
    with session.local() as app:
        pruned = app.keys.prune()
    session.output.data({"destroyed": pruned})
    session.output.say(f"Destroyed {len(pruned)} keys.")


def _rotate_master(session: Session, file: Path | None, command: str | None) -> None:
    _require_local(session)
    secret = read_master(file, command)
    with session.local() as app:
        app.keys.rotate(secret)
    session.output.data({"rotated": "master key"})
    session.output.say("Changed the master key, and destroyed the old one. Make a new backup of the keys.")
    if secret is not None:
        session.output.say("It is not kept: set SIMILIS_MASTER_KEY or SIMILIS_MASTER_KEY_COMMAND from now on.")


def _unfinished(target: Target, instance: str) -> Task | None:
    """A change of key that was interrupted goes on."""
    tasks, _ = target.transfers.list(instance, [TaskKind.REKEY], num=1)
    return next((task for task in tasks if not task.done), None)


def _require_local(session: Session) -> None:
    if session.endpoint is not None:
        raise InvalidInput(
            "Keys are not reached over the network.", "Run this where the key directory is, without --endpoint."
        )


def _passphrase(file: Path | None, *, confirm: bool) -> str:
    given = os.environ.pop(_PASSPHRASE, None)
    if file is not None:
        try:
            return file.read_text("utf-8").partition("\n")[0]
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(
                f"{file} cannot be read.", "Give a file with the passphrase in its first line."
            ) from error
    if given is not None:
        return given
    entered: str = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm, err=True)
    return entered
