"""When a verb is done nothing holds the picture any more: neither its bytes nor its pixels."""

from __future__ import annotations

import contextlib
import gc
import sys
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from similis.algorithm import decode
from similis.domain import InstanceSpec, InstanceType, OnDuplicate, PictureKey, SimilisError
from similis.service import App

Draw = Callable[..., bytes]
Verb = Callable[[App, bytes], object]
KEY = PictureKey("p", "a")
VERBS: dict[str, Verb] = {
    "add": lambda app, data: app.pictures.add("shop", data, KEY),
    "search": lambda app, data: app.search.by_picture("shop", data),
    "compare": lambda app, data: app.search.compare(data, data),
    "duplicates": lambda app, data: app.pictures.add(
        "shop", data, PictureKey("p", "b"), on_duplicate=OnDuplicate.REFUSE
    ),
    "broken": lambda app, data: app.pictures.add("shop", data[: len(data) // 2], KEY),
    "unknown instance": lambda app, data: app.pictures.add("nothing", data, KEY),
}


@pytest.fixture
def shop(app: App, draw: Draw) -> App:
    app.instances.create(InstanceSpec("shop", InstanceType.PRODUCT))
    app.pictures.add("shop", draw(1), PictureKey("first", "a"))
    return app


@pytest.mark.parametrize("name", VERBS)
def test_the_bytes_are_let_go(shop: App, draw: Draw, name: str) -> None:
    data = bytes(bytearray(draw(2)))
    held = sys.getrefcount(data)
    with contextlib.suppress(SimilisError):
        VERBS[name](shop, data)
    gc.collect()
    assert sys.getrefcount(data) == held


def test_the_pixels_are_let_go(shop: App, draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[weakref.ref[object]] = []

    def noting(data: bytes, *options: Any) -> object:  # noqa: ANN401 - whatever it takes
        pixels = decode(data, *options)
        seen.append(weakref.ref(pixels))
        return pixels

    monkeypatch.setattr(shop.analyst.pipeline, "decode", noting)
    for verb in VERBS.values():
        with contextlib.suppress(SimilisError):
            verb(shop, draw(3))
    assert len(seen) >= len(VERBS) - 1
    assert not [each for each in seen if each() is not None]
