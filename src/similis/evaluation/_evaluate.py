"""Measures retrieval quality from end to end: real files, the real service, an instance of their own."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from similis.domain import InstanceSpec, InstanceType, InvalidInput, InvalidLabels, PictureKey, SearchOptions
from similis.evaluation._enlarge import enlarged
from similis.evaluation._labels import LabelledPicture, Labels, read_labels
from similis.evaluation._metrics import DEPTH, Ranking, bootstrap_interval, mean_average_precision, recall_at
from similis.evaluation._report import BadPicture, Report
from similis.service import App, Settings, read_picture

RECALL_DEPTHS = (1, 5, 10)

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of one picture; `results` are the keys found, best first."""

    picture: LabelledPicture
    error: InvalidInput | None = None
    results: tuple[PictureKey, ...] = ()
    milliseconds: dict[str, float] = field(default_factory=dict)


_Work = Callable[[LabelledPicture], _Outcome]


def evaluate(
    app: App,
    labels: Path,
    instance_type: InstanceType = InstanceType.PRODUCT,
    progress: Progress = lambda _stage, _done, _total: None,
) -> Report:
    """Add the gallery of a labels file to an instance, search with its queries, and measure what comes back.

    Pictures with a side below 100 pixels are enlarged first. Pictures that cannot be used are listed in the report.
    The instance is deleted at the end, whatever happens.

    Args:
        app: an open service, best over a scratch directory (see `scratch_app`); `settings.threads` work at once.
        labels: the CSV, see `read_labels`.
        instance_type: product search stays inside the predicted category; generic search does not.
        progress: told of every picture done.

    Raises:
        InvalidLabels: the labels file cannot be used, or no query of it has anything to find.
    """
    wanted = read_labels(labels)
    name = f"evaluation-{secrets.token_hex(4)}"
    model = app.instances.create(InstanceSpec(name, instance_type, capacity=len(wanted.gallery))).model
    try:
        search = _by_name(app, name) if wanted.leave_one_out else _by_picture(app, name)
        with ThreadPoolExecutor(app.settings.threads) as pool:
            added = _each(pool, _adding(app, name), wanted.gallery, "Adding", progress)
            queries = _good(added) if wanted.leave_one_out else wanted.queries
            searched = _each(pool, search, queries, "Searching", progress)
    finally:
        app.instances.delete(name)
    return _report(labels, instance_type, model, wanted, added, searched)


@contextmanager
def scratch_app(settings: Settings) -> Iterator[App]:
    """A service over a temporary data directory, which is gone afterwards.

    Args:
        settings: what to take models and threads from.
    """
    with tempfile.TemporaryDirectory(prefix="similis-evaluation-") as folder:
        places = {"data": Path(folder) / "data", "keys": Path(folder) / "keys"}
        with App.open(settings.model_copy(update=places)) as app:
            yield app


def _each(
    pool: ThreadPoolExecutor, work: _Work, pictures: Sequence[LabelledPicture], stage: str, progress: Progress
) -> list[_Outcome]:
    def attempt(picture: LabelledPicture) -> _Outcome:
        try:
            return work(picture)
        except InvalidInput as error:
            return _Outcome(picture, error)

    outcomes = []
    for done, outcome in enumerate(pool.map(attempt, pictures), 1):
        outcomes.append(outcome)
        progress(stage, done, len(pictures))
    return outcomes


def _adding(app: App, instance: str) -> _Work:
    def add(picture: LabelledPicture) -> _Outcome:
        started = time.perf_counter()
        app.pictures.add(instance, enlarged(read_picture(picture.path)), picture.key)
        return _Outcome(picture, milliseconds={"add": _since(started)})

    return add


def _by_picture(app: App, instance: str) -> _Work:
    def search(picture: LabelledPicture) -> _Outcome:
        started = time.perf_counter()
        found = app.search.by_picture(instance, enlarged(read_picture(picture.path)), SearchOptions(num=DEPTH))
        times = {"query": _since(started), **found.milliseconds}
        return _Outcome(picture, None, tuple(match.key for match in found.matches), times)

    return search


def _by_name(app: App, instance: str) -> _Work:
    """Search for a picture of the gallery among the others; its own place in the results is given up."""

    def search(picture: LabelledPicture) -> _Outcome:
        started = time.perf_counter()
        found = app.search.by_name(instance, picture.key, SearchOptions(num=DEPTH))
        times = {"query": _since(started), **found.milliseconds}
        others = tuple(match.key for match in found.matches if match.key != picture.key)
        return _Outcome(picture, None, others, times)

    return search


def _since(started: float) -> float:
    return 1000 * (time.perf_counter() - started)


def _good(outcomes: Sequence[_Outcome]) -> list[LabelledPicture]:
    return [outcome.picture for outcome in outcomes if outcome.error is None]


def _report(
    labels: Path,
    instance_type: InstanceType,
    model: str,
    wanted: Labels,
    added: Sequence[_Outcome],
    searched: Sequence[_Outcome],
) -> Report:
    rankings = _rankings(added, searched, wanted.leave_one_out)
    counted = [ranking for ranking in rankings if ranking.possible]
    if not counted:
        raise InvalidLabels(
            f"No query of {labels} has anything to find.",
            "Each label needs two usable pictures: one to search with and one to be found.",
        )
    recall = {k: recall_at(counted, k) for k in RECALL_DEPTHS}
    return Report(
        labels=str(labels),
        instance_type=instance_type.value,
        model=model,
        leave_one_out=wanted.leave_one_out,
        gallery=len(_good(added)),
        queries=len(counted),
        left_out=wanted.left_out,
        without_match=len(rankings) - len(counted),
        bad=tuple(_bad([*added, *searched])),
        recall=recall,
        recall_at_1_interval=bootstrap_interval(recall[1], len(counted)),
        map_at_100=mean_average_precision(counted),
        milliseconds=_mean_times(added) | _mean_times(searched),
    )


def _rankings(added: Sequence[_Outcome], searched: Sequence[_Outcome], leave_one_out: bool) -> list[Ranking]:
    stored = Counter(picture.key.product_id for picture in _good(added))
    return [
        Ranking(
            tuple(key.product_id == outcome.picture.key.product_id for key in outcome.results),
            stored[outcome.picture.key.product_id] - leave_one_out,
        )
        for outcome in searched
        if outcome.error is None
    ]


def _bad(outcomes: Sequence[_Outcome]) -> Iterator[BadPicture]:
    for outcome in outcomes:
        if outcome.error is not None:
            yield BadPicture(outcome.picture.key.pic_name, outcome.error)


def _mean_times(outcomes: Sequence[_Outcome]) -> dict[str, float]:
    """Mean milliseconds by stage over the pictures that went well."""
    times = [outcome.milliseconds for outcome in outcomes if outcome.error is None]
    stages = dict.fromkeys(stage for spent in times for stage in spent)
    return {stage: float(np.mean([spent[stage] for spent in times if stage in spent])) for stage in stages}
