"""Instances that most tests of adding, searching and importing begin with."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.importing import connect
from tests.unit.service.finding import PRODUCTS

from similis.algorithm import Pipeline
from similis.domain import Attributes, InstanceSpec, InstanceType, PictureKey
from similis.service import App, Settings

Draw = Callable[..., bytes]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, pipeline: Pipeline, draw: Draw) -> Path:
    """A data directory, its keys beside it, with an instance `g` of six products, picture `a` of each, even ones red.

    It is copied: to analyse pictures takes longer than anything that is done with them.
    """
    folder = tmp_path_factory.mktemp("filled")
    with App.open(Settings(data=folder / "data", threads=2), pipeline) as app:
        app.instances.create(InstanceSpec("g", InstanceType.GENERIC))
        for product in PRODUCTS:
            app.pictures.add(
                "g",
                draw(product),
                PictureKey(f"p{product}", "a"),
                crop=False,
                custom_content=f"content {product}",
                attributes=Attributes(int_attr=product, str_attr="red" if product % 2 == 0 else "blue"),
            )
    return folder


@pytest.fixture
def generic(filled: Path, settings: Settings, pipeline: Pipeline) -> Iterator[App]:
    """A service with what `filled` has."""
    shutil.copytree(filled, settings.data.parent, dirs_exist_ok=True)
    with App.open(settings, pipeline) as app:
        yield app


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "storage"


@pytest.fixture
def shop(app: App, root: Path) -> App:
    """A service with the empty instance `shop` and the connection of `SOURCE`."""
    app.instances.create(InstanceSpec("shop"))
    connect(app, root)
    return app
