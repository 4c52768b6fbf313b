"""`similis import`: pictures that increment.meta names, from storage."""

from __future__ import annotations

from typing import Annotated

import typer

from similis.cli._engines import Engine, EngineOption, RayAddressOption, chosen_extractor
from similis.cli._following import carry_on, follow, report
from similis.cli._session import Session, Target, with_session
from similis.domain import ImportSource, InvalidInput, Task, TaskRunning, as_json
from similis.service import App


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    root.command("import")(with_session(import_))


def import_(
    session: Session,
    instance: Annotated[str, typer.Argument(metavar="INSTANCE", help="The instance's name.")],
    connection: Annotated[str, typer.Option("--connection", metavar="NAME", help="Where the storage is.")],
    path: Annotated[
        str, typer.Option("--path", help="Directory of increment.meta, from the root of the bucket.")
    ] = "/",
    bucket: Annotated[str | None, typer.Option("--bucket", help="Else the connection's own.")] = None,
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", help="Fill the instance anew and swap it in at the end; the old pictures go."),
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="With --endpoint: wait for the end. Without it that is always done.")
    ] = False,
    callback: Annotated[
        str | None, typer.Option("--callback", metavar="URL", help="With --endpoint: is told of the end.")
    ] = None,
    engine: EngineOption = Engine.LOCAL,
    ray_address: RayAddressOption = None,
) -> None:
    """Import what increment.meta names. One that was interrupted goes on behind what it had done."""
    source = ImportSource(connection, bucket, path)
    if session.endpoint is None and callback is not None:
        raise InvalidInput("--callback was given without --endpoint.", "Only a running service tells of the end.")
    extractor = chosen_extractor(session, engine, ray_address)
    with session.target() as target:
        task = _begun(session, target, instance, source, rebuild=rebuild, callback=callback)
        session.audited.subject = str(task.id)
        if isinstance(target, App):
            report(session, target, carry_on(session, target, task, extractor))
        elif wait:
            report(session, target, follow(session, target, task))
        else:
            session.output.data(as_json(task))
            session.output.say(f"Task {task.id} is under way. See how it stands with: similis task show {task.id}")


def _begun(
    session: Session, target: Target, instance: str, source: ImportSource, *, rebuild: bool, callback: str | None
) -> Task:
    """The import of this source that has not ended or, where there is none, a new one."""
    task = target.transfers.unfinished(instance, source, rebuild=rebuild)
    if task is not None:
        session.output.say(f"Continuing task {task.id}; lines done: {task.counts.lines:,}.")
        return task
    try:
        return target.transfers.start_import(instance, source, rebuild=rebuild, callback=callback)
    except TaskRunning as error:
        raise TaskRunning(
            error.message,
            f"See `similis task list {instance}`; then `similis task resume ID` or `similis task cancel ID`.",
        ) from None
