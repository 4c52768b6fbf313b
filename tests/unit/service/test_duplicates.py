"""Near-identical pictures: groups of stored ones, and what happens when one is added."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from similis.domain import DuplicatePicture, InstanceSpec, InstanceType, InvalidScore, OnDuplicate, PictureKey
from similis.engine._pairs import NEIGHBOURS
from similis.service import App
from similis.service._duplicates import _stars

Draw = Callable[..., bytes]


def _saved_again(data: bytes, form: str) -> bytes:
    """The same pixels in another file; with JPEG, nearly the same."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(data)).convert("RGB").save(buffer, form, quality=97)
    return buffer.getvalue()


@pytest.fixture
def shop(app: App, draw: Draw) -> App:
    """Four products, of which one is there again, recompressed, under another name."""
    app.instances.create(InstanceSpec("g", InstanceType.GENERIC))
    for product in range(4):
        app.pictures.add("g", draw(product), PictureKey(f"p{product}", "a"), crop=False)
    app.pictures.add("g", _saved_again(draw(2), "JPEG"), PictureKey("again", "b"), crop=False)
    return app


def test_a_recompressed_picture_of_another_product_is_found(shop: App) -> None:
    found = shop.duplicates.groups("g", 0.85)
    [group] = found.groups
    assert {each.key for each in group} == {PictureKey("p2", "a"), PictureKey("again", "b")}
    assert group[0].similarity == 1.0
    assert 0.85 <= group[1].similarity < 1.0
    assert (found.pictures, found.min_similarity) == (5, 0.85)
    assert shop.duplicates.groups("g", 1.0).groups == ()
    for wrong in (0.5, 1.1, float("nan")):
        with pytest.raises(InvalidScore):
            shop.duplicates.groups("g", wrong)


def test_an_empty_instance_has_no_duplicates(app: App) -> None:
    app.instances.create(InstanceSpec("g", InstanceType.GENERIC))
    assert app.duplicates.groups("g").groups == ()


def test_when_adding_duplicates_are_allowed_reported_or_refused(shop: App, draw: Draw) -> None:
    copy, key = _saved_again(draw(1), "BMP"), PictureKey("copy", "c")
    with pytest.raises(DuplicatePicture, match="'p1', picture 'a'"):
        shop.pictures.add("g", copy, key, crop=False, on_duplicate=OnDuplicate.REFUSE)
    assert shop.instances.get("g").picture_count == 5
    assert shop.pictures.add("g", copy, key, crop=False).duplicates == ()
    told = shop.pictures.add("g", copy, key, crop=False, on_duplicate=OnDuplicate.REPORT)
    assert (told.duplicates, told.replaced) == ((PictureKey("p1", "a"),), True)
    fresh = shop.pictures.add("g", draw(9), key, crop=False, on_duplicate=OnDuplicate.REFUSE)
    assert fresh.duplicates == ()


def test_a_picture_that_replaces_itself_is_no_duplicate(shop: App, draw: Draw) -> None:
    again = shop.pictures.add("g", draw(0), PictureKey("p0", "a"), crop=False, on_duplicate=OnDuplicate.REFUSE)
    assert again.replaced


def test_of_equal_pictures_added_at_once_one_is_kept(app: App, draw: Draw) -> None:
    app.instances.create(InstanceSpec("g", InstanceType.GENERIC))

    def add(number: int) -> bool:
        try:
            app.pictures.add("g", draw(0), PictureKey(f"p{number}", "a"), crop=False, on_duplicate=OnDuplicate.REFUSE)
        except DuplicatePicture:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(add, range(4))) == 1


@given(seed=st.integers(0, 1000), least=st.floats(0.7, 1.0))
@settings(max_examples=30, deadline=None)
def test_groups_are_disjoint_and_near_their_centre_and_leave_no_pair_outside(seed: int, least: float) -> None:
    random = np.random.default_rng(seed)
    centres = random.normal(size=(6, 8))[random.integers(0, 6, 40)]
    rows = centres + random.normal(size=(40, 8)) * random.choice([0.0, 0.2, 0.6], size=(40, 1))
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)
    exact = rows.astype(np.float32) / np.linalg.norm(rows.astype(np.float32), axis=1, keepdims=True)
    cosines = exact @ exact.T
    stars = _stars(rows, least)
    members = [place for star in stars for place, _ in star]
    assert len(members) == len(set(members))
    assert [len(star) for star in stars] == sorted((len(star) for star in stars), reverse=True)
    for (centre, _), *others in stars:
        assert all(cosines[centre, place] >= least - 1e-3 for place, _ in others)
        assert all(abs(cosines[centre, place] - near) < 1e-3 for place, near in others)
    alone = sorted(set(range(40)) - set(members))
    assert not (np.triu(cosines[np.ix_(alone, alone)], 1) > least + 1e-3).any()


def test_very_many_equal_pictures_are_one_group() -> None:
    rows = np.random.default_rng(0).normal(size=(400, 8)).astype(np.float16)
    rows[: 3 * NEIGHBOURS] = rows[0]
    stars = _stars(rows, 1.0)
    assert len(stars) == 1
    assert len(stars[0]) == 3 * NEIGHBOURS
