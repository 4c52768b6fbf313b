"""Searches with recoloured pictures: where nothing matches well, what is stored tells what they were."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image

from similis.domain import SearchOptions, SearchResult
from similis.service import App

Draw = Callable[..., bytes]


def _recoloured(data: bytes) -> bytes:
    hues, *others = Image.open(io.BytesIO(data)).convert("HSV").split()
    turned = Image.merge("HSV", (hues.point([(level + 45) % 256 for level in range(256)]), *others))
    buffer = io.BytesIO()
    turned.convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


def _found(app: App, data: bytes, good_match: float, start: int = 0) -> SearchResult:
    options = SearchOptions(good_match=good_match, start=start)
    return app.search.by_picture("g", data, options, crop=False)


@pytest.mark.parametrize("product", [2, 4, 5])
def test_a_recoloured_picture_without_a_good_match_is_searched_with_the_colours_it_had(
    generic: App, draw: Draw, product: int
) -> None:
    data = _recoloured(draw(product))
    good, none = _found(generic, data, 0.0), _found(generic, data, 1.0)
    assert none.matches[0].product_id == f"p{product}"
    assert good.matches[0].score < none.matches[0].score < 1.0
    assert {match.key for match in none.matches} == {match.key for match in good.matches}
    assert _found(generic, data, 1.0, start=1).matches == none.matches[1:]
