"""The algorithm service as the use cases see it: loaded once, when first needed, and bounded in parallel work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from similis.algorithm import (
    Analysis,
    Calibration,
    ImageEncoder,
    Manifest,
    ModelStore,
    Orientation,
    Pipeline,
    Role,
    TextEncoder,
    decode,
)
from similis.domain import Category, FeatureModelMismatch, ModelNotFound, NoTextEncoder, Region
from similis.service._lazy import Lazy
from similis.service._turns import ROOM_A_SLOT, Turns


class Analyst:
    """Analyses at most `slots` pictures at once, with the built-in features or those of an added encoder.

    Args:
        store: where model files and the user's own manifests are.
        load: loads the built-in pipeline; called once, at the first picture or by `warm_up`.
        slots: pictures analysed at the same time; more callers wait.
        room: how many of them; by default what is worked off in some seconds.
        ahead: callers besides who need not wait for their turn, for they are handed on to wait elsewhere.

    Attributes:
        turns: who is at work and who waits.
    """

    def __init__(
        self, store: ModelStore, load: Callable[[], Pipeline], slots: int, room: int | None = None, *, ahead: int = 0
    ) -> None:
        self._store = store
        self._built_in = Lazy(load)
        self._added: dict[str, Lazy[Pipeline]] = {}
        self._texts: dict[str, Lazy[TextEncoder]] = {}
        self.turns = Turns(slots + ahead, slots * ROOM_A_SLOT if room is None else room)
        self.slots = slots

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline with the built-in features.

        Raises:
            ModelNotFetched: a model file is missing.
            ModelDamaged: a model file is not the one of its manifest.
        """
        return self._built_in.get()

    @property
    def loaded(self) -> bool:
        """Whether the models are in memory."""
        return self._built_in.there is not None

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the features and of the text encoders whose models are in memory."""
        built_in = self._built_in.there
        added = (name for name, each in list(self._added.items()) if each.there is not None)
        texts = (name for name, each in list(self._texts.items()) if each.there is not None)
        return (*(() if built_in is None else (built_in.model,)), *added, *texts)

    def close(self) -> None:
        """End what runs for it."""

    def warm_up(self) -> None:
        """Load the models now.

        Raises:
            ModelNotFetched: a model file is missing.
            ModelDamaged: a model file is not the one of its manifest.
        """
        _ = self.pipeline

    def pipeline_of(self, model: str) -> Pipeline:
        """The pipeline whose features have this name: the built-in ones, or those of an added image encoder.

        Raises:
            FeatureModelMismatch: nothing here makes such features.
            ModelNotFetched: the encoder's file is missing.
        """
        if model == self.pipeline.model:
            return self.pipeline
        return self._added.setdefault(model, Lazy(lambda: self._with_encoder(model))).get()

    def analyse(
        self,
        data: bytes,
        *,
        model: str | None = None,
        crop: bool = True,
        region: Region | None = None,
        subject: int | None = None,
        frame: Region | None = None,
        category: Category | None = None,
        orientation: Orientation = Orientation.APPLY,
    ) -> Analysis:
        """Find subject, category and features (of `model`, else the built-in ones); see `Pipeline.analyse`.

        A `frame` is one that an earlier look at the same picture found: it goes before pictures not yet looked at.

        Raises:
            QueueFull: too many pictures wait already.
        """
        with self.turns.turn(again=frame is not None):
            return self._analysed(
                data,
                model,
                crop=crop,
                region=region,
                subject=subject,
                frame=frame,
                category=category,
                orientation=orientation,
            )

    def pixels(self, data: bytes) -> NDArray[np.uint8]:
        """A picture as the pipeline sees it, RGB uint8[height, width, 3]: for measurements, never for answers.

        Raises:
            InvalidPicture: one of its kinds.
            QueueFull: too many pictures wait already.
        """
        with self.turns.turn():
            return decode(data)

    def text_encoder(self, model: str) -> tuple[TextEncoder, Calibration]:
        """What puts texts into the space of an image encoder, and how their similarities read as scores.

        Raises:
            NoTextEncoder: no text encoder is installed for this model.
            ModelNotFetched: its file is missing.
            QueueFull: it is not loaded yet, and too many pictures wait already.
        """
        pairs = (each for each in self._store.manifests() if each.role is Role.TEXT and each.pair == model)
        manifest = next(pairs, None)
        if manifest is None:
            raise NoTextEncoder(
                f"No installed model reads texts for the features {model}.",
                "Search by picture, or make an instance with an image encoder that has a text encoder beside it.",
            )
        name = manifest.name
        encoder = self._texts.setdefault(name, Lazy(lambda: TextEncoder(self._store.path(name), manifest)))
        if encoder.there is None:
            with self.turns.turn():  # so that not every thread comes to wait for it
                encoder.get()
        return encoder.get(), _curve(manifest)

    def _analysed(self, data: bytes, model: str | None, **options: Any) -> Analysis:  # noqa: ANN401 - those of `analyse`
        # Loaded inside the turn if need be: who waits for a model waits in the queue, which has an end.
        pipeline = self.pipeline if model is None else self.pipeline_of(model)
        return pipeline.analyse(data, **options)

    def _with_encoder(self, model: str) -> Pipeline:
        manifest = self._encoder(model)
        return self.pipeline.with_encoder(ImageEncoder(self._store.path(model), manifest), _curve(manifest))

    def _encoder(self, model: str) -> Manifest:
        try:
            manifest = self._store.manifest(model)
        except ModelNotFound:
            manifest = None
        if manifest is None or manifest.role is not Role.IMAGE:
            raise FeatureModelMismatch(
                f"Nothing here makes features of {model}; the built-in ones are {self.pipeline.model}.",
                "Features of two models cannot be compared: add that model's manifest, or make a new instance.",
            )
        return manifest


def _curve(manifest: Manifest) -> Calibration:
    spec = manifest.score_curve()
    return Calibration(spec.middle, spec.slope, spec.threshold)
