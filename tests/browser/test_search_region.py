"""The search page: which part of the picture is searched with."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect
from tests.browser.searching import as_phone, asked, corners, picture, region, searched, stroke, tap
from tests.browser.shop import photo


def test_the_found_subject_is_drawn_and_its_edge_can_be_dragged(page: Page) -> None:
    searched(page, photo("tabby-cat"))
    before = corners(page)
    handle = page.locator(".handle.e").bounding_box()
    assert handle
    page.mouse.move(handle["x"] + 12, handle["y"] + 12)
    page.mouse.down()
    page.mouse.move(handle["x"] - 40, handle["y"] + 60, steps=4)
    page.mouse.up()
    after = corners(page)
    assert (after[0], after[2], after[3]) == (before[0], before[2], before[3])
    assert after[1] < before[1] - 20
    page.wait_for_function("(told) => asked.at(-1).region === told", arg=",".join(map(str, after)))
    expect(page.get_by_role("button", name="Your region")).to_have_attribute("aria-pressed", "true")


def test_the_region_is_dragged_and_stays_inside(page: Page) -> None:
    searched(page, photo("tabby-cat"))
    x1, x2, y1, y2 = corners(page)
    box = region(page).bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] - 500, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    assert corners(page) == (0, x2 - x1, y1, y2)


def test_a_new_region_is_drawn_from_outside_the_old_one(page: Page) -> None:
    searched(page, photo("tabby-cat"))
    stage = page.locator(".stage").bounding_box()
    assert stage
    page.mouse.move(stage["x"] + 2, stage["y"] + 2)
    page.mouse.down()
    page.mouse.move(stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2, steps=4)
    page.mouse.up()
    assert corners(page) == pytest.approx((1, 120, 1, 80), abs=3)  # of 240 × 160


def test_the_region_is_moved_and_resized_by_keys_alone(page: Page) -> None:
    searched(page, photo("tabby-cat"))
    x1, x2, y1, y2 = corners(page)
    region(page).focus()
    assert "region" in asked(page, lambda: page.keyboard.press("ArrowLeft"))
    assert corners(page) == (x1 - 2, x2 - 2, y1, y2)
    page.keyboard.press("Shift+ArrowUp")
    assert corners(page) == (x1 - 2, x2 - 2, y1, y2 - 2)
    assert "region" not in asked(page, lambda: page.keyboard.press("Escape"))
    assert corners(page) == (x1, x2, y1, y2)
    expect(region(page)).to_be_focused()


def test_a_finger_moves_the_region_to_where_it_taps(page: Page) -> None:
    phone = as_phone(page)
    searched(page, photo("tabby-cat"))
    x1, x2, y1, y2 = corners(page)
    stage = page.locator(".stage").bounding_box()
    assert stage
    tap(phone, stage["x"] + 3, stage["y"] + 3)
    expect(page.locator(".pixels")).to_contain_text(f"0–{x2 - x1} × 0–{y2 - y1}")


@pytest.mark.parametrize(("to", "rest"), [((0.9, 0.5), 0.0), ((0.5, 0.9), 0.6)], ids=["sideways", "rested"])
def test_a_finger_draws_a_region(page: Page, to: tuple[float, float], rest: float) -> None:
    phone = as_phone(page)
    searched(page, photo("tabby-cat"))
    stage = page.locator(".stage").bounding_box()
    assert stage
    x, y, wide, high = (stage[name] for name in ("x", "y", "width", "height"))
    fields = asked(page, lambda: stroke(phone, (x + 2, y + 2), (x + to[0] * wide, y + to[1] * high), rest))
    drawn = corners(page)
    assert drawn == pytest.approx((1, 240 * to[0], 1, 160 * to[1]), abs=4)
    page.wait_for_function("(told) => asked.at(-1).region === told", arg=",".join(map(str, drawn)))
    assert fields["region"]


def test_a_finger_scrolls_the_page_by_the_picture(page: Page) -> None:
    phone = as_phone(page)
    searched(page, photo("tabby-cat"))
    before = corners(page)
    stage = page.locator(".stage").bounding_box()
    assert stage
    searches = page.evaluate("asked.length")
    stroke(phone, (stage["x"] + 4, stage["y"] + stage["height"] - 4), (stage["x"] + 8, stage["y"] - 100))
    page.wait_for_function("scrollY > 0")
    assert corners(page) == before
    assert page.evaluate("asked.length") == searches


@pytest.fixture(scope="module")
def collage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of two things that lie apart; round ones: straight edges would make each a picture by itself."""
    path = tmp_path_factory.mktemp("collage") / "two.png"
    sheet = Image.new("RGB", (600, 320), "white")
    disc = Image.new("L", (200, 240))
    ImageDraw.Draw(disc).ellipse((0, 0, 199, 239), fill=255)
    for column, name in enumerate(("running-horse", "right-motorcycle")):
        with Image.open(photo(name)) as thing:
            sheet.paste(thing.resize(disc.size), (40 + 320 * column, 40), disc)
    sheet.save(path)
    return path


def test_further_subjects_are_chips_and_marks(page: Page, collage: Path) -> None:
    searched(page, collage)
    main = corners(page)
    second = page.get_by_role("button", name="Subject 2")
    sent = asked(page, second.click)
    other = corners(page)
    assert other != main
    assert sent["region"] == ",".join(map(str, other))
    expect(second).to_have_attribute("aria-pressed", "true")
    mark = page.locator(".mark").bounding_box()
    assert mark
    sent = asked(page, lambda: page.mouse.click(mark["x"] + 20, mark["y"] + 40))
    assert "region" not in sent
    assert corners(page) == main


def test_the_whole_picture_is_searched_with_crop_off(page: Page) -> None:
    searched(page, photo("tabby-cat"))
    whole = page.get_by_role("button", name="Whole picture")
    assert asked(page, whole.click)["crop"] == "false"
    assert corners(page) == (0, 240, 0, 160)
    expect(whole).to_be_focused()
    assert "crop" not in asked(page, page.get_by_role("button", name="Main subject").click)


def test_a_picture_turned_by_exif_is_shown_as_the_service_sees_it(page: Page, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    searched(page, picture(tmp_path, (300, 200), "turned.jpg", exif=exif))
    expect(page.locator(".pixels")).to_contain_text("of 200 × 300 pixels")
    expect(page.get_by_role("img", name="The picture that is searched with")).to_be_visible()


def test_a_picture_that_the_browser_cannot_show_is_searched_all_the_same(page: Page, tmp_path: Path) -> None:
    searched(page, picture(tmp_path, (200, 300), "query.tiff"))
    expect(page.get_by_text("This browser cannot show the picture")).to_be_visible()
    expect(region(page)).to_be_visible()
