"""The page that adds pictures: what is chosen, how it is named, and what goes with it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from tests.browser.accessibility import overflow, violations
from tests.browser.adding import chosen, count, ended, figures, kept, progress, start
from tests.browser.conftest import Visitor
from tests.browser.driving import drop, visit
from tests.browser.shop import Shop, photo

_UNREADABLE = """
const entryOf = DataTransferItem.prototype.webkitGetAsEntry;
DataTransferItem.prototype.webkitGetAsEntry = function () {
  const entry = entryOf.call(this);
  const file = (_found, failed) => failed(new DOMException("locked", "NotReadableError"));
  return entry.name === "side.jpg" ? { name: entry.name, isFile: true, file } : entry;
};
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two products in folders of their own, a loose picture, a text, and a hidden file."""
    root = tmp_path / "photos"
    for product in ("left-motorcycle", "coffee-cup"):
        (root / product).mkdir(parents=True)
        shutil.copy(photo(product), root / product / "front.jpg")
    shutil.copy(photo("space-rocket"), root / "left-motorcycle" / "side.jpg")
    (root / "left-motorcycle" / "notes.txt").write_text("No picture.")
    (root / "left-motorcycle" / ".hidden.jpg").write_bytes(b"No picture, either.")
    return root


def test_a_dropped_folder_is_planned_and_added(page: Page, shop: Shop, folder: Path) -> None:
    name = shop.instance()
    chosen(page, name, folder)
    expect(page.get_by_text("3 pictures of 2 products")).to_be_visible()
    expect(page.get_by_text("Left out, no pictures: 2.")).to_be_visible()
    assert violations(page) == []
    start(page)
    expect(page.get_by_role("heading", name="Progress")).to_be_focused()
    ended(page)
    assert figures(page) == {"added": "3", "failed": "0", "left": "0"}
    expect(progress(page).get_by_role("heading", name="Added last")).to_be_visible()
    expect(progress(page).locator(".recent li")).to_have_count(3)
    assert violations(page) == []
    assert count(shop, name) == 3
    assert kept(shop, name, "left-motorcycle", "side.jpg").status_code == 200
    page.get_by_role("link", name="Search among them").click()
    expect(page).to_have_url(f"{shop.address}/#/search/{name}")


def test_a_chosen_folder_is_taken_by_its_button(page: Page, shop: Shop, folder: Path) -> None:
    name = shop.instance()
    visit(page, f"add/{name}")
    with page.expect_file_chooser() as opened:
        page.get_by_role("button", name="Choose a folder").click()
    opened.value.set_files(folder)
    expect(page.get_by_text("3 pictures of 2 products")).to_be_visible()
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("3 pictures of 2 products")).to_be_hidden()
    expect(page.locator(".drop input")).to_be_focused()


@pytest.mark.parametrize(
    ("naming", "product_id"),
    [
        ("File name without its ending", "left-motorcycle"),
        ("The same for all", "all"),
        ("Folder, else file name", "left-motorcycle"),
    ],
)
def test_products_are_named_as_wanted(page: Page, shop: Shop, naming: str, product_id: str) -> None:
    name = shop.instance()
    chosen(page, name, photo("left-motorcycle"))
    page.get_by_label("ProductId", exact=True).select_option(naming)
    if product_id == "all":
        start(page)  # the form asks for the ProductId first
        expect(page.get_by_label("ProductId of all")).to_be_focused()
        page.get_by_label("ProductId of all").fill("all")
    start(page)
    ended(page)
    assert kept(shop, name, product_id, "left-motorcycle.jpg").status_code == 200


def test_what_would_replace_another_of_the_same_choice_is_left_out(page: Page, shop: Shop, folder: Path) -> None:
    name = shop.instance()
    chosen(page, name, folder)
    page.get_by_label("ProductId", exact=True).select_option("File name without its ending")
    expect(page.get_by_text("2 pictures of 2 products")).to_be_visible()
    expect(page.get_by_text("the same ProductId and PicName: 1.")).to_be_visible()


def test_category_attributes_and_content_are_given_to_all(page: Page, shop: Shop) -> None:
    name = shop.instance("product")
    chosen(page, name, photo("coffee-cup"))
    page.get_by_label("Category").select_option("Accessories")
    page.get_by_label("Find the main subject").uncheck()
    page.get_by_text("More", exact=True).click()
    page.get_by_label("int_attr", exact=True).fill("7")
    page.get_by_label("str_attr2", exact=True).fill("blau")
    page.get_by_label("Custom content").fill("für alle")
    start(page)
    ended(page)
    picture = kept(shop, name, "coffee-cup", "coffee-cup.jpg").json()
    with Image.open(photo("coffee-cup")) as original:
        width, height = original.size
    assert picture["category_id"] == 5
    assert picture["region"] == f"0,{width},0,{height}"
    assert (picture["int_attr"], picture["str_attr2"], picture["custom_content"]) == (7, "blau", "für alle")


def test_a_wrong_attribute_is_pointed_at_before_anything_is_sent(page: Page, shop: Shop) -> None:
    name = shop.instance()
    chosen(page, name, photo("coffee-cup"))
    page.get_by_text("More", exact=True).click()
    page.get_by_label("str_attr", exact=True).fill("50 %")
    page.get_by_text("More", exact=True).click()
    start(page)
    expect(page.get_by_label("str_attr", exact=True)).to_be_focused()
    assert count(shop, name) == 0


def test_one_file_that_cannot_be_read_takes_nothing_else_with_it(page: Page, shop: Shop, folder: Path) -> None:
    page.add_init_script(_UNREADABLE)
    chosen(page, shop.instance(), folder / "left-motorcycle" / "side.jpg", folder / "coffee-cup")
    expect(page.get_by_text("1 picture of 1 product")).to_be_visible()
    expect(page.get_by_text("Left out, cannot be read: 1.")).to_be_visible()


def test_pictures_may_be_dropped_anywhere(page: Page, shop: Shop) -> None:
    visit(page, f"add/{shop.instance()}")
    drop(page, page.get_by_role("heading", name="How they are added"), photo("coffee-cup"))
    expect(page.get_by_text("1 picture of 1 product")).to_be_visible()


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_it_fits_a_phone(visit_as: Visitor, shop: Shop, folder: Path, locale: str) -> None:
    page = visit_as("writer", width=360, theme="dark", locale=locale)
    chosen(page, shop.instance(), folder)
    page.locator("summary").click()
    assert overflow(page) == 0
    assert violations(page) == []
    page.locator(".chosen .primary").click()
    ended(page, "Done." if locale == "en-US" else "全部完成。")
    page.evaluate("scrollTo(0, 0)")  # nothing lies below the bar
    assert overflow(page) == 0
    assert violations(page) == []


def test_readers_are_not_led_there(reader_page: Page) -> None:
    visit(reader_page)
    expect(reader_page.get_by_role("link", name="Add pictures")).to_have_count(0)
