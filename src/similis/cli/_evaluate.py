"""`similis evaluate`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from similis.cli._quality import finish, quality_cells, stage_bars
from similis.cli._session import Session, SubjectFinderOption, with_session
from similis.domain import InstanceType
from similis.evaluation import Report, prepare_folder, scratch_app, write_report
from similis.evaluation import evaluate as measure


def register(root: typer.Typer) -> None:
    """Add the commands of this module."""
    root.command()(with_session(evaluate))


def evaluate(
    session: Session,
    labels: Annotated[Path, typer.Argument(metavar="LABELS.csv", help="Columns path, label, and optionally split.")],
    instance_type: Annotated[
        InstanceType | None, typer.Option("--instance-type", help="Only this type of instance; both by default.")
    ] = None,
    crop: Annotated[
        bool | None, typer.Option("--crop/--no-crop", help="Only with, or only without crop; both by default.")
    ] = None,
    copies: Annotated[
        int, typer.Option(min=0, metavar="N", help="Also search with edited copies of N gallery pictures.")
    ] = 0,
    examples: Annotated[
        int, typer.Option(min=0, metavar="N", help="Show N queries of each kind in the report, with their pictures.")
    ] = 0,
    floors: Annotated[bool, typer.Option(help="Also measure simpler features on the same pictures.")] = True,
    model: Annotated[
        str | None, typer.Option(help="An added image encoder; the built-in features by default.")
    ] = None,
    subject_finder: SubjectFinderOption = None,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write report.html and report.json into this folder.")
    ] = None,
) -> None:
    """Measure on labelled pictures how often the right one comes first. Works in a scratch directory of its own."""
    folder = None if report is None else prepare_folder(report)
    with (
        scratch_app(session.with_subject_finder(subject_finder).settings) as app,
        stage_bars(session.output) as advance,
    ):
        found = measure(
            app,
            labels,
            types=list(InstanceType) if instance_type is None else [instance_type],
            crops=[True, False] if crop is None else [crop],
            floors=floors,
            copies=copies,
            examples=examples,
            model=model,
            progress=advance,
        )
    page = None if folder is None else write_report(found, folder)
    session.output.data(found.as_dict())
    _print(session, found)
    if page is not None:
        session.output.say(f"The report is in {page}.")
    finish(session.output, found.bad)


def _print(session: Session, report: Report) -> None:
    session.output.say(
        f"{report.queries} queries in a gallery of {report.gallery} pictures; features {report.model}."
    )
    session.output.table(("SEARCH", "R@1", "95 % INTERVAL", "R@5", "R@10", "mAP@100", "AUROC"), [
        *((str(run.way), *quality_cells(run.quality), f"{run.detection.separation:.3f}") for run in report.runs),
        *((each.floor.label, *quality_cells(each.quality), f"{each.separation:.3f}") for each in report.floors),
    ])  # fmt: skip
    session.output.table(("FIGURE", "VALUE"), _figures(report))


def _figures(report: Report) -> Iterator[tuple[str, str]]:
    """What there is beside the table of searches, of the first way to search."""
    head = report.headline
    yield "error of scores (ECE), best result", f"{head.reliability_of_best.error:.3f}"
    thresholds = {"threshold at 1 % false matches": head.detection.threshold, "good match": head.good_match}
    for name, score in thresholds.items():
        yield name, f"{score:.3f}"
        yield f"{name}: right matches kept", f"{head.detection.right_kept(score):.3f}"
    yield "good match: false matches", f"{head.detection.false_matches(head.good_match):.3f}"
    if head.categories is not None:
        yield "categories predicted right", f"{head.categories.accuracy.value:.3f}"
    if report.copies is not None:
        for name, figure in report.copies.mean.items():
            yield f"edited copies, R@1, {name.replace('_', ' ')}", f"{figure.value:.3f}"
    for stage, spent in head.milliseconds.items():
        yield f"ms, {stage}", f"{spent:.1f}"
