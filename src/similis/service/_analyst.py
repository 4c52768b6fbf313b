"""The algorithm service as the use cases see it: loaded once, when first needed, and bounded in parallel work."""

from __future__ import annotations

import threading
from collections.abc import Callable

from similis.algorithm import Analysis, Orientation, Pipeline
from similis.domain import Category, Region


class Analyst:
    """Analyses at most `slots` pictures at once.

    Args:
        load: loads the pipeline; called once, at the first picture or by `warm_up`.
        slots: pictures analysed at the same time; more callers wait.
    """

    def __init__(self, load: Callable[[], Pipeline], slots: int) -> None:
        self._load = load
        self._pipeline: Pipeline | None = None
        self._loading = threading.Lock()
        self._slots = threading.BoundedSemaphore(slots)
        self.slots = slots

    @property
    def pipeline(self) -> Pipeline:
        """The loaded pipeline.

        Raises:
            ModelNotFetched: a model file is missing.
            ModelDamaged: a model file is not the one of its manifest.
        """
        with self._loading:
            if self._pipeline is None:
                self._pipeline = self._load()
            return self._pipeline

    @property
    def loaded(self) -> bool:
        """Whether the models are in memory."""
        return self._pipeline is not None

    def warm_up(self) -> None:
        """Load the models now.

        Raises:
            ModelNotFetched: a model file is missing.
            ModelDamaged: a model file is not the one of its manifest.
        """
        _ = self.pipeline

    def analyse(
        self,
        data: bytes,
        *,
        crop: bool = True,
        region: Region | None = None,
        category: Category | None = None,
        orientation: Orientation = Orientation.APPLY,
    ) -> Analysis:
        """Find subject, category and features of an encoded picture; see `Pipeline.analyse`."""
        pipeline = self.pipeline
        with self._slots:
            return pipeline.analyse(data, crop=crop, region=region, category=category, orientation=orientation)
