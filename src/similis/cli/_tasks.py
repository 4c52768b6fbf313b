"""`similis task …`: list, show, cancel, resume."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from similis.cli._engines import Engine, EngineOption, RayAddressOption, chosen_extractor
from similis.cli._following import carry_on, follow, report, sentence
from similis.cli._session import Session, with_session
from similis.cli._whole_file import write_lines
from similis.domain import Task, TaskKind, as_json
from similis.service import App

Number = Annotated[int, typer.Argument(metavar="ID", min=1, max=2**63 - 1, help="The task's number.")]
_HEADINGS = ("ID", "KIND", "STATUS", "FROM", "LINES", "ADDED", "FAILED", "BEGUN", "CODE")
_MOST_LISTED = 500


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="See imports, exports and other tasks, end them, go on with them.", no_args_is_help=True)
    for name, command in (("list", list_all), ("show", show), ("cancel", cancel), ("resume", resume)):
        group.command(name)(with_session(command))
    root.add_typer(group, name="task")


def list_all(
    session: Session,
    instance: Annotated[str, typer.Argument(metavar="INSTANCE", help="The instance's name.")],
    num: Annotated[int, typer.Option("--num", min=1, max=_MOST_LISTED, help="How many.")] = 10,
    start: Annotated[int, typer.Option("--start", min=0, help="Newer ones to pass over.")] = 0,
) -> None:
    """List the imports, rebuilds, exports and changes of key of an instance, the newest first."""
    with session.target() as target:
        tasks, total = target.transfers.list(instance, tuple(TaskKind), start=start, num=num)
    session.output.data({"tasks": [as_json(task) for task in tasks], "total": total})
    session.output.table(_HEADINGS, (_row(task) for task in tasks))


def show(
    session: Session,
    task_id: Number,
    failures: Annotated[
        Path | None,
        typer.Option("--failures", metavar="FILE", help="Write all that failed into it, as JSON lines; - prints."),
    ] = None,
) -> None:
    """Show how a task stands."""
    with session.target() as target:
        task = target.transfers.get(task_id)
        if failures is not None:
            forms = (as_json(each) for each in target.transfers.failures(task_id))
            write_lines(failures, (json.dumps(form, ensure_ascii=False).encode() + b"\n" for form in forms))
    if str(failures) == "-":
        return
    _tell(session, task)


def cancel(session: Session, task_id: Number) -> None:
    """Stop a task, within seconds. What an import has done stays; after a rebuild the instance is as it was."""
    with session.target() as target:
        task = target.transfers.cancel(task_id)
    _tell(session, task)


def resume(
    session: Session, task_id: Number, engine: EngineOption = Engine.LOCAL, ray_address: RayAddressOption = None
) -> None:
    """Go on with a task that was interrupted; a running service does so by itself, and is followed."""
    extractor = chosen_extractor(session, engine, ray_address)
    with session.target() as target:
        task = target.transfers.get(task_id)
        if isinstance(target, App):
            report(session, target, carry_on(session, target, task, extractor))
        else:
            report(session, target, follow(session, target, task))


def _tell(session: Session, task: Task) -> None:
    session.output.data(as_json(task))
    session.output.say(f"{sentence(task)}; {_state(task)}.")
    if task.message:
        session.output.say(f"{task.code}: {task.message}")


def _row(task: Task) -> tuple[object, ...]:
    source, counts = task.source, task.counts
    place = None if source is None else f"{source.connection}:{source.bucket or ''}{source.path}"
    return (
        task.id,
        task.kind,
        _state(task),
        place,
        counts.lines,
        counts.added,
        counts.failed,
        f"{task.created_at:%Y-%m-%d %H:%M}",
        task.code,
    )


def _state(task: Task) -> str:
    return "cancelling" if task.cancelling else str(task.status)
