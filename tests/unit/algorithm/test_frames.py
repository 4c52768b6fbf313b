from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from similis.algorithm import ModelStore, Pipeline
from similis.algorithm._frames import inner_picture, other_frames
from similis.domain import InvalidSubject, Region


def cloud(seed: int, width: int, height: int, low: int = 0, high: int = 256) -> Image.Image:
    """A picture without straight edges: soft blots of many colours."""
    blots = np.random.default_rng(seed).integers(low, high, (7, 9, 3), dtype=np.uint8)
    return Image.fromarray(blots).resize((width, height), Image.Resampling.BICUBIC)


def thing(seed: int) -> Image.Image:
    """A round thing with a pattern on a light ground."""
    picture = cloud(seed, 320, 260, 170, 256)
    disc = Image.new("L", picture.size)
    ImageDraw.Draw(disc).ellipse((70, 40, 250, 220), fill=255)
    picture.paste(cloud(seed + 1, 320, 260, 0, 160), mask=disc.filter(ImageFilter.GaussianBlur(1)))
    return picture


def find(picture: Image.Image) -> Region | None:
    return inner_picture(np.asarray(picture.resize((260, 260), Image.Resampling.BICUBIC)), *picture.size)


def overlap(one: Region, other: Region) -> float:
    width = max(0, min(one.x2, other.x2) - max(one.x1, other.x1))
    height = max(0, min(one.y2, other.y2) - max(one.y1, other.y1))
    return width * height / (one.area + other.area - width * height)


@pytest.mark.parametrize("seed", range(12))
def test_a_picture_without_straight_edges_holds_none(seed: int) -> None:
    assert find(cloud(seed, 400, 300)) is None
    assert find(thing(seed)) is None
    assert find(Image.new("RGB", (300, 200), (seed * 20,) * 3)) is None


@given(seed=st.integers(0, 99), left=st.integers(0, 340), top=st.integers(0, 220))
@settings(max_examples=40, deadline=None)
def test_a_pasted_picture_is_found_or_nothing(seed: int, left: int, top: int) -> None:
    ground, pasted = cloud(seed, 600, 420, 0, 90), cloud(seed + 100, 260, 200, 150, 256)
    ground.paste(pasted, (left, top))
    found = find(ground)
    assert found is None or overlap(found, Region(left, left + 260, top, top + 200)) > 0.9


def test_most_pasted_pictures_are_found() -> None:
    places = [(40, 30), (200, 100), (300, 200), (0, 0), (340, 220), (120, 0), (10, 215), (250, 60)]
    found = 0
    for seed, (left, top) in enumerate(places):
        ground = cloud(seed, 600, 420, 0, 90)
        ground.paste(cloud(seed + 100, 260, 200, 150, 256), (left, top))
        found += find(ground) is not None
    assert found >= 7


def busy(seed: int, width: int, height: int) -> Image.Image:
    """A picture full of crooked outlines, as shelves are, with light and dark everywhere."""
    random, picture = np.random.default_rng(seed), cloud(seed, width, height)
    pen = ImageDraw.Draw(picture)
    for _ in range(120):
        x, y, size = (int(random.integers(0, most)) for most in (width, height, 60))
        pen.ellipse((x, y, x + size, y + 40), fill=(*(int(level) for level in random.integers(0, 256, 3)),))
    return picture


def test_pictures_pasted_on_busy_ones_are_found_though_their_sides_fade() -> None:
    places = [(40, 30), (200, 100), (300, 200), (0, 0), (340, 220), (120, 0), (10, 200), (250, 60)]
    for seed, (left, top) in enumerate(places):
        ground = busy(seed, 600, 420)
        assert find(ground) is None
        ground.paste(busy(seed + 100, 260, 200), (left, top))
        found = find(ground)
        assert found is not None
        assert overlap(found, Region(left, left + 260, top, top + 200)) > 0.95


def faded(ground: Image.Image, picture: Image.Image, at: tuple[int, int], share: float) -> Image.Image:
    """A picture on another one, with no step along a share of its left side."""
    pasted, (left, top) = ground.copy(), at
    pasted.paste(picture, at)
    before, after = np.asarray(ground, np.float32), np.array(pasted, np.float32)
    where = slice(top, top + round(picture.height * share)), slice(left, left + 40)
    after[where] += np.linspace(1, 0, 40)[None, :, None] * (before[where] - after[where])
    return Image.fromarray(after.astype(np.uint8))


@pytest.mark.parametrize(("share", "wanted"), [(0.0, 8), (0.36, 8), (0.44, 0)])
def test_of_four_sides_one_may_fade_for_a_third(share: float, wanted: int) -> None:
    found = 0
    for seed in range(8):
        ground, picture = cloud(seed, 600, 420, 0, 90), cloud(seed + 100, 260, 200, 150, 256)
        region = find(faded(ground, picture, (200, 100), share))
        found += region is not None and overlap(region, Region(200, 460, 100, 300)) > 0.9
    assert found == wanted


def test_a_pasted_picture_is_found_when_all_was_shrunk_and_stored_badly() -> None:
    found = 0
    for seed in range(6):
        ground = busy(seed, 640, 480)
        ground.paste(busy(seed + 100, 280, 210), (150, 120))
        buffer = io.BytesIO()
        ground.resize((417, 313), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=70)
        region = find(Image.open(buffer).convert("RGB"))
        found += region is not None and overlap(region, Region(98, 280, 78, 215)) > 0.9
    assert found >= 4


@pytest.mark.parametrize("grain", ["blocks", "compression", "noise"])
def test_grain_has_no_pictures_in_it(grain: str) -> None:
    for seed in range(8):
        picture, buffer = busy(seed, 480, 480), io.BytesIO()
        if grain == "blocks":
            picture = picture.resize((48, 48), Image.Resampling.BOX).resize((480, 480), Image.Resampling.NEAREST)
        elif grain == "noise":
            noise = np.random.default_rng(seed).normal(0, 40, (480, 480, 3))
            picture = Image.fromarray(np.clip(np.asarray(cloud(seed, 480, 480)) + noise, 0, 255).astype(np.uint8))
        picture.save(buffer, "JPEG", quality=6 if grain == "compression" else 90)
        assert find(Image.open(buffer).convert("RGB")) is None


def cloth(seed: int, checked: bool) -> Image.Image:
    """Light and dark stripes, sharp and exactly level, and across them others."""
    random, weave = np.random.default_rng(seed), cloud(seed + 50, 200, 180, 100, 140)
    pen = ImageDraw.Draw(weave)
    for y in range(0, 180, 22):
        pen.rectangle((0, y, 200, y + 9), fill=(*(int(level) for level in random.integers(0, 256, 3)),))
    if checked:
        for x in range(4, 200, 26):
            pen.rectangle((x, 0, x + 7, 180), fill=(*(int(level) for level in random.integers(0, 256, 3)),))
    return weave


@pytest.mark.parametrize("checked", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_a_piece_of_striped_or_checked_cloth_is_none(seed: int, checked: bool) -> None:
    picture = cloud(seed, 400, 320)
    picture.paste(cloth(seed, checked), (130, 60))
    assert find(picture) is None


@pytest.mark.parametrize("seed", range(6))
def test_what_covers_a_part_of_a_picture_is_none(seed: int) -> None:
    covered = cloud(seed, 400, 300, 0, 90)
    covered.paste((128 + 20 * seed,) * 3, (110, 60, 290, 240))
    assert find(covered) is None


def test_bars_of_text_are_cut_away() -> None:
    meme = Image.new("RGB", (320, 380), "white")
    ImageDraw.Draw(meme).text((10, 10), "when you see the price", fill="black", font_size=24)
    meme.paste(cloud(3, 320, 260, 0, 120), (0, 60))
    found = find(meme)
    assert found is not None
    assert overlap(found, Region(0, 320, 60, 320)) > 0.93


@pytest.mark.parametrize("size", [(100, 100), (4096, 100), (100, 4096), (1, 1)])
def test_any_size_will_do(size: tuple[int, int]) -> None:
    found = find(cloud(1, *size))
    assert found is None or found.inside(*size) == found


@pytest.mark.parametrize("seed", range(3))
def test_a_picture_on_a_screenshot_is_known_again(models: ModelStore, seed: int) -> None:
    pipeline, picture = Pipeline.load(models), thing(seed)
    screen = Image.new("RGB", (520, 640), (24, 24, 28))
    ImageDraw.Draw(screen).text((30, 60), "My favourite shop", fill="white", font_size=30)
    screen.paste(picture, (100, 180))
    alone, shown = (pipeline.analyse_pixels(np.asarray(each)) for each in (picture, screen))
    assert float(alone.vector @ shown.vector) > 0.9
    assert shown.subject.regions[-1] == Region.whole(520, 640)
    assert overlap(shown.subject.region, alone.subject.region.moved(100, 180)) > 0.8
    uncropped = pipeline.analyse_pixels(np.asarray(screen), crop=False)
    assert uncropped.subject.regions == (Region.whole(520, 640),)
    assert float(alone.vector @ uncropped.vector) < float(alone.vector @ shown.vector)


@given(across=st.integers(1, 4), down=st.integers(1, 4), place=st.integers(0, 3), slip=st.integers(-4, 4))
def test_each_picture_of_a_collage_may_be_meant(across: int, down: int, place: int, slip: int) -> None:
    whole = Region.whole(100 * across, 120 * down)
    tiles = [Region(100 * x, 100 * x + 100, 120 * y, 120 * y + 120) for y in range(down) for x in range(across)]
    own = tiles[place % len(tiles)]
    found = Region(own.x1, own.x2 + min(slip, 0), own.y1 + max(slip, 0), own.y2)
    others = other_frames(found, whole)
    if 2 <= across * down <= 4:
        assert others == tuple(tile for tile in tiles if tile != found)
    else:
        assert others == (whole,)


@given(slip=st.integers(-3, 3), left=st.booleans(), top=st.booleans())
def test_what_ends_in_the_middle_is_a_part_of_one_of_four(slip: int, left: bool, top: bool) -> None:
    whole, quarter = Region.whole(640, 480), Region(0, 320, 0, 240)
    found = Region(100 if left else 320, 320 if left else 540, (70 if top else 240) + slip, 240 if top else 410)
    assert other_frames(found, whole) == tuple(quarter.moved(x, y) for y in (0, 240) for x in (0, 320))
    assert other_frames(found.moved(9, 0), whole) == (whole,)


def test_what_is_no_part_of_a_collage_may_be_all_of_the_picture() -> None:
    whole = Region.whole(400, 300)
    for found in (Region(30, 370, 30, 270), Region(0, 400, 40, 260), Region(20, 150, 20, 140)):
        assert other_frames(found, whole) == (whole,)


def test_a_frame_is_seen_as_if_it_were_a_picture_by_itself(models: ModelStore) -> None:
    pipeline, scene = Pipeline.load(models), cloud(5, 640, 520, 0, 120)
    frame = Region(160, 480, 130, 390)
    scene.paste(thing(3), (frame.x1, frame.y1))
    alone = pipeline.analyse_pixels(np.asarray(thing(3)))
    framed = pipeline.analyse_pixels(np.asarray(scene), frame=frame)
    assert np.array_equal(alone.vector, framed.vector)
    assert framed.subject.region == alone.subject.region.moved(frame.x1, frame.y1)
    assert framed.frames == ()
    shown = pipeline.analyse_pixels(np.asarray(scene))
    assert shown.frames == (Region.whole(640, 520),)
    everything = pipeline.analyse_pixels(np.asarray(scene), frame=Region.whole(640, 520))
    assert everything.subject.regions[-1] == Region.whole(640, 520)
    assert not np.array_equal(everything.vector, framed.vector)


@pytest.mark.parametrize("things", [0, 1, 2])
def test_each_region_of_a_picture_inside_a_picture_can_be_chosen(models: ModelStore, things: int) -> None:
    pipeline, screen = Pipeline.load(models), Image.new("RGB", (760, 640), (24, 24, 28))
    inner = Image.new("RGB", (640, 260), "white") if things else cloud(7, 640, 260)
    for place in range(things):
        inner.paste(thing(place), (320 * place, 0))
    screen.paste(inner, (60, 180))
    found = pipeline.analyse_pixels(np.asarray(screen))
    assert found.frames  # the inner picture was used
    subjects = found.subject.regions[:-1]
    assert len(subjects) == max(things, 1)
    for number, region in enumerate(subjects, start=1):
        chosen = pipeline.analyse_pixels(np.asarray(screen), subject=number).subject
        assert (chosen.region, chosen.regions) == (region, found.subject.regions)
    with pytest.raises(InvalidSubject, match=f"{len(subjects)} found"):
        pipeline.analyse_pixels(np.asarray(screen), subject=len(subjects) + 1)
