"""`similis evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import TaskID

from similis.cli._session import Session, with_session
from similis.domain import InstanceType
from similis.evaluation import Report, scratch_app
from similis.evaluation import evaluate as measure


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    root.command()(with_session(evaluate))


def evaluate(
    session: Session,
    labels: Annotated[Path, typer.Argument(metavar="LABELS.csv", help="Columns path, label, and optionally split.")],
    instance_type: Annotated[
        InstanceType, typer.Option("--instance-type", help="Product search knows categories.")
    ] = InstanceType.PRODUCT,
) -> None:
    """Measure on labelled pictures how often the right one comes first. Works in a scratch directory of its own."""
    with scratch_app(session.settings) as app, session.output.progress() as progress:
        bars: dict[str, TaskID] = {}

        def advance(stage: str, done: int, total: int) -> None:
            if stage not in bars:
                bars[stage] = progress.add_task(stage, total=total)
            progress.update(bars[stage], completed=done)

        report = measure(app, labels, instance_type, advance)
    session.output.data(report.as_dict())
    _print(session, report)
    if report.bad:
        raise typer.Exit(1)


def _print(session: Session, report: Report) -> None:
    low, high = report.recall_at_1_interval
    session.output.table(("FIGURE", "VALUE"), [
        ("gallery pictures", report.gallery),
        ("queries", report.queries),
        *((f"R@{k}", f"{share:.3f}") for k, share in report.recall.items()),
        ("R@1, 95 % interval", f"{low:.3f} to {high:.3f}"),
        ("mAP@100", f"{report.map_at_100:.3f}"),
        *((f"ms, {stage}", f"{spent:.1f}") for stage, spent in report.milliseconds.items()),
    ])  # fmt: skip
    if report.bad:
        session.output.table(
            ("FILE", "CODE", "WHY"), ((bad.path, bad.error.code, bad.error.message) for bad in report.bad)
        )
