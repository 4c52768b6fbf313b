"""Searches with a picture inside the picture: what else may be meant is tried before there is no good match."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from similis.algorithm import Analysis
from similis.domain import Category, InstanceSpec, InstanceType, PictureKey, Region, SearchOptions, SearchResult
from similis.service import App
from similis.service._search import _Answer, _best_of

WIDTH, HEIGHT = 280, 220
TILES = [Region(x, x + WIDTH, y, y + HEIGHT) for y in (0, HEIGHT) for x in (0, WIDTH)]


def _cloud(seed: int) -> Image.Image:
    """Soft blots of many colours, dark or light as a whole."""
    low = 0 if seed % 2 else 130
    blots = np.random.default_rng(seed).integers(low, low + 126, (5, 6, 3), dtype=np.uint8)
    return Image.fromarray(blots).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)


def _bytes(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _collage(seeds: list[int]) -> bytes:
    canvas = Image.new("RGB", (2 * WIDTH, 2 * HEIGHT))
    for tile, seed in zip(TILES, seeds, strict=True):
        canvas.paste(_cloud(seed), (tile.x1, tile.y1))
    return _bytes(canvas)


@pytest.fixture
def shelf(app: App) -> App:
    """A generic instance `g` with pictures 0 to 5, none of them subject by subject."""
    app.instances.create(InstanceSpec("g", InstanceType.GENERIC))
    for seed in range(6):
        app.pictures.add("g", _bytes(_cloud(seed)), PictureKey(str(seed), "a"))
    return app


def _pasted() -> bytes:
    """Picture 4 on another one that is twice as wide and high, off its middle."""
    ground = _cloud(21).resize((2 * WIDTH, 2 * HEIGHT))
    ground.paste(_cloud(4), (WIDTH // 3, HEIGHT // 4))
    return _bytes(ground)


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("good_match", [0.0, 0.999], ids=["all good", "hardly any good"])
def test_each_picture_of_a_collage_is_found_when_only_it_is_stored(shelf: App, place: int, good_match: float) -> None:
    strangers = [21, 30, 32, 41] if place % 3 else [30, 21, 41, 32]  # dark and light ones side by side
    seeds = [*strangers[:place], 4 + (strangers[place] % 2), *strangers[place + 1 :]]
    wanted = str(seeds[place])
    options = SearchOptions(good_match=good_match)
    result = shelf.search.by_picture("g", _collage(seeds), options)
    assert result.matches[0].product_id == wanted
    assert result.good_match
    assert result.subject is not None
    used, tile = result.subject.region, TILES[place]
    assert max(abs(used.x1 - tile.x1), abs(used.x2 - tile.x2), abs(used.y1 - tile.y1), abs(used.y2 - tile.y2)) <= 8
    assert result.subject.regions[-1] == Region.whole(2 * WIDTH, 2 * HEIGHT)
    later = shelf.search.by_picture("g", _collage(seeds), SearchOptions(good_match=good_match, start=1))
    assert later.matches == result.matches[1:]
    assert wanted not in {match.product_id for match in later.matches}


def test_nothing_else_is_tried_where_a_match_is_good_enough(shelf: App, monkeypatch: pytest.MonkeyPatch) -> None:
    analyse, looks = shelf.analyst.analyse, []

    def counted(*arguments: Any, **named: Any) -> Analysis:  # noqa: ANN401 - as analyse takes them
        looks.append(named)
        return analyse(*arguments, **named)

    monkeypatch.setattr(shelf.analyst, "analyse", counted)
    easy = shelf.search.by_picture("g", _pasted(), SearchOptions(good_match=0.0))
    assert len(looks) == 1
    strict = shelf.search.by_picture("g", _pasted(), SearchOptions(good_match=1.0))
    assert ["frame" in look for look in looks[1:]] == [False, True]  # all of the picture, too
    assert strict.matches[0].score >= easy.matches[0].score


@pytest.mark.parametrize(("bests", "chosen"), [([0.7], 1), ([0.5], 0), ([0.7, 0.92, 0.91], 2), ([0.3, 0.6], 0)])
def test_what_else_was_tried_is_the_answer_with_a_better_match(bests: list[float], chosen: int) -> None:
    def answer(number: int, best: float) -> _Answer:
        return _Answer(SearchResult([], number, Category.OTHER, None, {"search": 2.0}, 0.9), best)

    tried = [answer(number, best) for number, best in enumerate(bests, 1)]
    settled = _best_of(answer(0, 0.6), tried)
    assert settled.result.found == chosen
    assert settled.result.milliseconds == {"search": 2.0 * (1 + len(bests))}
