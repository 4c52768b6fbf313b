"""A Similis whose pictures are decoded in a sandbox, found by the processes that it starts."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable

import numpy as np
import pytest

from similis.algorithm import Pipeline, SubjectMode
from similis.domain import InstanceSpec, InstanceType, PictureKey, UnsupportedFormat
from similis.service import App, Decoding, Settings
from similis.service._processes import Models, ParallelAnalyst

Draw = Callable[..., bytes]


def decoders() -> list[str]:
    return [each.name for each in multiprocessing.active_children() if each.name == "decoding"]


@pytest.mark.slow
def test_a_service_decodes_where_its_settings_say(settings: Settings, pipeline: Pipeline, draw: Draw) -> None:
    with App.open(settings.model_copy(update={"decoding": Decoding.SANDBOX})) as app:
        assert not decoders()
        app.analyst.warm_up()
        assert decoders()
        app.instances.create(InstanceSpec("g", InstanceType.GENERIC))
        app.pictures.add("g", draw(1), PictureKey("a", "1"))
        assert app.search.by_picture("g", draw(1)).matches[0].score == 1.0
        with pytest.raises(UnsupportedFormat):
            app.search.by_picture("g", b"no picture")
        assert np.array_equal(app.analyst.analyse(draw(2)).vector, pipeline.analyse(draw(2)).vector)
    assert not decoders()


def test_inside_starts_no_process(app: App, draw: Draw) -> None:
    app.analyst.analyse(draw(1))
    assert not decoders()


@pytest.mark.slow
def test_so_do_the_processes_of_its_imports(settings: Settings, pipeline: Pipeline, draw: Draw) -> None:
    analyst = ParallelAnalyst(Models(settings.models, SubjectMode.FAST, Decoding.SANDBOX), 1)
    try:
        assert np.array_equal(analyst.analyse(draw(1)).vector, pipeline.analyse(draw(1)).vector)
        assert analyst._all.submit(decoders).result() == ["decoding"]
    finally:
        analyst.close()
