"""Measures retrieval quality from end to end: real files, the real service, an instance of their own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from similis.domain import InstanceType, InvalidLabels, ReportFailed
from similis.evaluation._categories import Categories
from similis.evaluation._copies import measure_copies
from similis.evaluation._examples import choose_examples
from similis.evaluation._floors import FloorFigures, measure_floors
from similis.evaluation._labels import read_labels
from similis.evaluation._metrics import Quality
from similis.evaluation._report import BadPicture, Report, Run
from similis.evaluation._searching import Bench, Outcome, Progress, Trial, Way
from similis.evaluation._trust import Detection, Reliability
from similis.service import App, Settings

_TEN = 10


def evaluate(
    app: App,
    labels: Path,
    *,
    types: Sequence[InstanceType] = (InstanceType.PRODUCT, InstanceType.GENERIC),
    crops: Sequence[bool] = (True, False),
    floors: bool = True,
    copies: int = 0,
    examples: int = 0,
    model: str | None = None,
    progress: Progress = lambda _stage, _done, _total: None,
) -> Report:
    """Add the gallery of a labels file to an instance, search with its queries, and measure what comes back.

    Pictures with a side below 100 pixels are enlarged first. Pictures that cannot be used are listed in the report.
    The instances made for it are deleted at the end, whatever happens.

    Args:
        app: an open service, best that of `scratch_app`; `settings.threads` pictures are worked on at once.
        labels: the CSV, see `read_labels`.
        types: product search stays inside the predicted category; generic search does not.
        crops: whether subjects are looked for; each type is measured with each.
        floors: measure simpler features beside it.
        copies: how many gallery pictures to make edited copies of, which are searched for too.
        examples: how many queries of each kind – best, random, worst – to keep with their results.
        model: an added image encoder; the built-in features by default.
        progress: told of every picture done.

    Raises:
        InvalidLabels: the labels file cannot be used, or no query of it has anything to find.
        FeatureModelMismatch: there is no such image encoder.
    """
    wanted = read_labels(labels)
    bench = Bench(app, wanted, model, progress)
    ways = [Way(kind, crop) for crop in crops for kind in types]
    first = _tried(bench, ways[0], labels)
    trials = [first, *(_tried(bench, way, labels) for way in ways[1:])]
    measured, stored = measure_floors(bench, first) if floors else ((), {})
    return Report(
        labels=str(labels),
        model=first.model,
        leave_one_out=wanted.leave_one_out,
        gallery=len(first.gallery()),
        queries=len(first.answers()),
        left_out=wanted.left_out,
        without_match=first.without_match(),
        bad=tuple(_bad(first)),
        runs=tuple(_run(trial, measured, fresh=trial.way.type is types[0]) for trial in trials),
        floors=measured,
        copies=measure_copies(bench, first, stored, copies) if copies else None,
        examples=choose_examples(first.answers(), first.gallery(), examples),
    )


@contextmanager
def scratch_app(settings: Settings) -> Iterator[App]:
    """A service over a temporary data directory, which is gone afterwards; it analyses no picture twice.

    Args:
        settings: what to take models and threads from.
    """
    with scratch_settings(settings) as scratch, App.open(scratch, remember=True) as app:
        yield app


@contextmanager
def scratch_settings(settings: Settings, work: Path | None = None) -> Iterator[Settings]:
    """Settings of a temporary data directory with a catalogue of its own, which is gone afterwards.

    Args:
        settings: what to take everything else from.
        work: where to make it; by default where the system has temporary files.

    Raises:
        ReportFailed: nothing can be written there.
    """
    try:
        folder = tempfile.TemporaryDirectory(prefix="similis-evaluation-", dir=work)
    except OSError as error:
        raise ReportFailed(
            f"No temporary directory can be made in {work}: {error.strerror}.", "Name a folder that you may write."
        ) from None
    with folder as name:
        places = {"data": Path(name) / "data", "keys": Path(name) / "keys", "catalogue": None}
        yield settings.model_copy(update=places)


def _tried(bench: Bench, way: Way, labels: Path) -> Trial:
    trial = bench.trial(way)
    if not trial.answers():
        raise InvalidLabels(
            f"No query of {labels} has anything to find.",
            "Each label needs two usable pictures: one to search with and one to be found.",
        )
    return trial


def _run(trial: Trial, floors: Sequence[FloorFigures], *, fresh: bool) -> Run:
    answers = [answer for _, answer in trial.answers()]
    quality = Quality.of(trial.rankings())
    best = [answer for answer in answers if answer.right]
    return Run(
        way=trial.way,
        quality=quality,
        gains={each.floor: quality.gain(each.quality) for each in floors},
        reliability_of_best=Reliability.of(
            [answer.scores[0] for answer in best], [answer.right[0] for answer in best]
        ),
        reliability_of_ten=Reliability.of(
            [score for answer in best for score in answer.scores[:_TEN]],
            [right for answer in best for right in answer.right[:_TEN]],
        ),
        detection=Detection.of(
            [answer.best for answer in answers],
            [answer.other for answer in answers],
            [any(answer.right[:1]) for answer in answers],
        ),
        good_match=trial.good_match,
        categories=_categories(trial),
        milliseconds=_mean_times(trial.added) | _mean_times(trial.searched) if fresh else {},
    )


def _categories(trial: Trial) -> Categories | None:
    """Predicted categories against those in the labels file; generic search predicts none."""
    if trial.way.type is InstanceType.GENERIC:
        return None
    pairs = [
        (outcome.picture.category, outcome.answer.category)
        for outcome in trial.searched
        if outcome.answer is not None and outcome.picture.category is not None
    ]
    return Categories.of(pairs) if pairs else None


def _bad(trial: Trial) -> Iterator[BadPicture]:
    for outcome in (*trial.added, *trial.searched):
        if outcome.error is not None:
            yield BadPicture(outcome.picture.key.pic_name, outcome.error)


def _mean_times(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Mean milliseconds by stage over the pictures that went well."""
    times = [outcome.milliseconds for outcome in outcomes if outcome.error is None]
    stages = dict.fromkeys(stage for spent in times for stage in spent)
    return {stage: float(np.mean([spent[stage] for spent in times if stage in spent])) for stage in stages}
