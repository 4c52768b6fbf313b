"""What commands that follow a task share: a bar while it runs, and what is told when it has ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice

import typer
from rich.progress import TextColumn

from similis.cli._output import Output
from similis.cli._session import Session, Target
from similis.domain import ServiceUnreachable, Task, TaskCounts, TaskKind, TaskStatus, as_json
from similis.service import App, MakeExtractor

_TITLES = {
    TaskKind.IMPORT: "Import into",
    TaskKind.REBUILD: "Rebuild into",
    TaskKind.EXPORT: "Export of",
    TaskKind.REKEY: "New key of",
}
_SOME_FAILED, _COULD_NOT_RUN, _INTERRUPTED = 1, 3, 130
_SHOWN = 5
_POLL_SECONDS = 1.0
_PATIENCE = 60.0
"""Seconds for which a service may be away while a task is followed."""


def carry_on(session: Session, app: App, task: Task, extractor: MakeExtractor | None = None) -> Task:
    """Work on a task here and now, to its end.

    Raises:
        Exit: with 130 when it was interrupted; the task can go on.
    """
    with _bar(session.output, task) as advance:
        try:
            return app.transfers.run(task.id, extractor, advance)
        except KeyboardInterrupt:
            session.output.say(f"Interrupted. Give the same command again, or: similis task resume {task.id}")
            raise typer.Exit(_INTERRUPTED) from None


def follow(session: Session, target: Target, task: Task) -> Task:
    """Wait for the end of a task that a service works on.

    Raises:
        ServiceUnreachable: the service has not answered for a minute.
    """
    answered = time.monotonic()
    with _bar(session.output, task) as advance:
        while not task.done:
            time.sleep(_POLL_SECONDS)
            try:
                task = target.transfers.get(task.id)
            except ServiceUnreachable:  # it may be starting again, and then goes on with the task
                if time.monotonic() - answered > _PATIENCE:
                    raise
                continue
            answered = time.monotonic()
            advance(task)
    return task


def report(session: Session, target: Target, task: Task) -> None:
    """Tell how a task ended, with the first lines that failed.

    Raises:
        Exit: with 3 when the task failed, with 1 when lines did.
    """
    session.output.data(as_json(task))
    session.output.say(f"{sentence(task)}.")
    if task.counts.failed and not session.output.json:
        _show_failures(session, target, task)
    if task.status is TaskStatus.FAIL:
        session.output.problem(task.code or "", task.message)
        raise typer.Exit(_COULD_NOT_RUN)
    if task.counts.failed:
        raise typer.Exit(_SOME_FAILED)


def sentence(task: Task) -> str:
    """What a task has done so far, without a full stop."""
    counts = task.counts
    if task.source is None:
        return f"Task {task.id}, {_TITLES[task.kind].lower()} {task.instance}: {counts.added:,} pictures"
    return (
        f"Task {task.id}, {task.kind} of {task.instance}: {counts.lines:,} lines; {counts.added:,} pictures added, "
        f"{counts.replaced:,} of them replaced, {counts.deleted:,} deleted, {counts.failed:,} failed"
    )


def _show_failures(session: Session, target: Target, task: Task) -> None:
    first = islice(target.transfers.failures(task.id), _SHOWN)
    rows = ((each.line, each.product_id, each.pic_name, each.code, each.message) for each in first)
    session.output.table(("LINE", "PRODUCT", "PICTURE", "CODE", "WHY"), rows)
    session.output.say(f"All that failed: similis task show {task.id} --failures FILE.jsonl")


def _pictures(counts: TaskCounts) -> int:
    return counts.added + counts.deleted + counts.failed


@contextmanager
def _bar(output: Output, task: Task) -> Iterator[Callable[[Task], None]]:
    """A bar over the bytes of increment.meta, with pictures and their rate; it is told how the task stands."""
    began, before = time.monotonic(), _pictures(task.counts)

    def told(now: Task) -> str:
        done = _pictures(now.counts)
        rate = (done - before) / max(time.monotonic() - began, 0.001)
        return f"{done:,} pictures, {rate:.1f}/s"

    with output.progress(TextColumn("{task.percentage:>3.0f} %  {task.fields[told]}")) as progress:
        bar = progress.add_task(
            f"{_TITLES[task.kind]} {task.instance}",
            total=task.total_bytes,
            completed=task.read_bytes,
            told=told(task),
        )
        yield lambda now: progress.update(bar, total=now.total_bytes, completed=now.read_bytes, told=told(now))
