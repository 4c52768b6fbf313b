"""Instances that most tests of adding, searching and importing begin with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.importing import connect
from tests.unit.service.finding import PRODUCTS

from similis.domain import Attributes, InstanceSpec, InstanceType, PictureKey
from similis.service import App

Draw = Callable[..., bytes]


@pytest.fixture
def generic(app: App, draw: Draw) -> App:
    """An instance `g` with six products, picture `a` of each, even ones red."""
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
    return app


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "storage"


@pytest.fixture
def shop(app: App, root: Path) -> App:
    """A service with the empty instance `shop` and the connection of `SOURCE`."""
    app.instances.create(InstanceSpec("shop"))
    connect(app, root)
    return app
