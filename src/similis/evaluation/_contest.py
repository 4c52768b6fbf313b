"""Puts the features of several models side by side on the same labelled pictures."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from similis.domain import InstanceType, InvalidInput
from similis.evaluation._copies import OURS
from similis.evaluation._evaluate import evaluate
from similis.evaluation._labels import LabelledPicture, read_labels
from similis.evaluation._metrics import Estimate, Quality
from similis.evaluation._report import BadPicture
from similis.evaluation._searching import Progress, loaded
from similis.service import App, ModelStatus

_TIMED = 20


@dataclass(frozen=True, slots=True)
class Contender:
    """One model's features on the labelled pictures.

    Attributes:
        model: their name.
        licence: of the model.
        dimension: numbers a picture.
        milliseconds: of the whole way of a picture, one at a time; median.
        quality: how early right pictures come.
        gain: by how much its R@1 is above that of the first contender, query by query.
        copies: R@1 of edited copies, None where none were asked for.
        bad: pictures that could not be used.
    """

    model: str
    licence: str
    dimension: int
    milliseconds: float
    quality: Quality
    gain: Estimate
    copies: Estimate | None
    bad: tuple[BadPicture, ...]

    def as_dict(self) -> dict[str, object]:
        """The figures as JSON can hold them."""
        return {
            "model": self.model,
            "licence": self.licence,
            "dimension": self.dimension,
            "milliseconds": round(self.milliseconds, 1),
            **self.quality.as_dict(),
            "recall_at_1_gain": self.gain.as_dict(),
            "copies_recall_at_1": None if self.copies is None else self.copies.as_dict(),
            "bad": len(self.bad),
        }


def compare_models(
    app: App,
    labels: Path,
    models: Sequence[str] = (),
    *,
    kind: InstanceType = InstanceType.GENERIC,
    copies: int = 0,
    progress: Progress = lambda _stage, _done, _total: None,
) -> list[Contender]:
    """Evaluate several models on the same labels.

    Args:
        app: an open service, best that of `scratch_app`.
        labels: the CSV, see `read_labels`.
        models: names of features; by default the built-in ones and every image encoder that has been fetched.
        kind: type of the instances searched in.
        copies: also search with edited copies of so many gallery pictures, the same ones for each model.
        progress: told of every picture done.

    Raises:
        InvalidLabels: the labels file cannot be used, or no query of it has anything to find.
        FeatureModelMismatch: there is no such model.
        ModelNotFetched: a model's file is missing.
    """
    contenders: list[Contender] = []
    for model in models or installed_models(app):
        report = evaluate(
            app,
            labels,
            types=[kind],
            crops=[True],
            floors=False,
            model=model,
            copies=copies,
            progress=partial(_told, progress, model),
        )
        quality = report.headline.quality
        first = contenders[0].quality if contenders else quality
        contenders.append(
            Contender(
                model=model,
                licence=_licence(app, model),
                dimension=app.analyst.pipeline_of(model).dimension,
                milliseconds=_milliseconds(app, model, read_labels(labels).gallery),
                quality=quality,
                gain=quality.gain(first),
                copies=None if report.copies is None else report.copies.mean[OURS],
                bad=report.bad,
            )
        )
    return contenders


def installed_models(app: App) -> list[str]:
    """The built-in features, then the image encoders whose files are there, by name."""
    added = [status.name for status in _statuses(app, "image") if status.fetched]
    return [app.analyst.pipeline.model, *added]


def _told(progress: Progress, model: str, stage: str, done: int, total: int) -> None:
    progress(f"{model}: {stage}", done, total)


def _statuses(app: App, role: str) -> list[ModelStatus]:
    statuses = [app.models.status(manifest.name) for manifest in app.models.manifests()]
    return [status for status in statuses if status.role == role]


def _licence(app: App, model: str) -> str:
    """An encoder's own; that of the backbone for the built-in features."""
    if model == app.analyst.pipeline.model:
        return _statuses(app, "backbone")[0].licence
    return app.models.status(model).licence


def _milliseconds(app: App, model: str, pictures: Sequence[LabelledPicture]) -> float:
    """The median time from file to features, over the first pictures that can be used."""
    pipeline = app.analyst.pipeline_of(model)
    times = []
    for picture in pictures:
        started = time.perf_counter()
        try:
            pipeline.analyse(loaded(picture))
        except InvalidInput:
            continue
        times.append(1000 * (time.perf_counter() - started))
        if len(times) == _TIMED:
            break
    return float(np.median(times))
