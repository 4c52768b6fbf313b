"""An instance that most tests of adding and searching begin with."""

from __future__ import annotations

from collections.abc import Callable

import pytest
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
