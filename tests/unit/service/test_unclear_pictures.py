"""Searches with pictures that are out of focus: their colours are asked where nothing else finds a good match."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image, ImageFilter
from tests.unit.service.finding import find

from similis.domain import SearchOptions, SearchResult
from similis.service import App

Draw = Callable[..., bytes]


def _blurred(data: bytes) -> bytes:
    picture, buffer = Image.open(io.BytesIO(data)).convert("RGB"), io.BytesIO()
    picture.filter(ImageFilter.GaussianBlur(max(picture.size) / 20)).save(buffer, "PNG")
    return buffer.getvalue()


def _found(app: App, data: bytes, good_match: float) -> SearchResult:
    return app.search.by_picture("g", data, SearchOptions(good_match=good_match))


@pytest.mark.parametrize("product", range(4))
def test_a_blurred_picture_without_a_good_match_is_searched_by_its_colours(
    generic: App, draw: Draw, product: int
) -> None:
    data = _blurred(draw(product))
    good, none = _found(generic, data, 0.0), _found(generic, data, 1.0)
    assert none.matches[0].product_id == f"p{product}"
    assert {match.key for match in none.matches} == {match.key for match in good.matches}
    assert [match.score for match in none.matches] != [match.score for match in good.matches]
    assert max(match.score for match in none.matches) < 1.0
    again = generic.search.by_picture("g", data, SearchOptions(good_match=1.0, start=1))
    assert again.matches == none.matches[1:]


def test_a_clear_picture_is_not(generic: App, draw: Draw) -> None:
    data = draw(2, view=1)
    assert _found(generic, data, 0.0).matches == _found(generic, data, 1.0).matches


def test_a_blurred_picture_that_is_stored_is_identical_with_itself(generic: App, draw: Draw) -> None:
    data = _blurred(draw(1))
    key = find(generic, draw(1)).matches[0].key
    generic.pictures.add("g", data, key)
    best = _found(generic, data, 0.9).matches[0]
    assert (best.key, best.score, best.hamming_distance) == (key, 1.0, 0)
