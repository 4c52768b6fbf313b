from __future__ import annotations

from collections.abc import Callable

import numpy as np

from similis.algorithm import Pipeline
from similis.domain import Category, Region
from similis.service import App, Settings


def test_a_picture_is_analysed_once_for_every_set_of_options(
    settings: Settings, pipeline: Pipeline, draw: Callable[..., bytes]
) -> None:
    data = draw(1)
    with App.open(settings, pipeline, remember=True) as app:
        first = app.analyst.analyse(data)
        assert app.analyst.analyse(bytes(data)) is first
        assert app.analyst.analyse(data, crop=False) is not first
        assert app.analyst.analyse(data, region=Region(10, 150, 10, 150)).subject.region == Region(10, 150, 10, 150)
        assert app.analyst.analyse(draw(2)) is not first


def test_a_category_given_changes_the_category_alone(
    settings: Settings, pipeline: Pipeline, draw: Callable[..., bytes]
) -> None:
    with App.open(settings, pipeline, remember=True) as app:
        given, found = app.analyst.analyse(draw(1), category=Category.BAG), app.analyst.analyse(draw(1))
        assert given.subject.category is Category.BAG
        assert given.subject.categories == found.subject.categories
        assert np.array_equal(given.vector, found.vector)
        plain = pipeline.analyse(draw(1))
        assert (found.subject, found.vector.tolist()) == (plain.subject, plain.vector.tolist())
