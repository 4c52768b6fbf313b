"""The page that adds pictures: many at a time, each told of."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Dialog, Locator, Page, Route, expect
from tests.browser.accessibility import overflow, violations
from tests.browser.conftest import Visitor
from tests.browser.driving import drop, visit
from tests.browser.shop import Shop, photo, photos
from tests.browser.troubles import Troubles

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


def chosen(page: Page, instance: str, *paths: Path) -> None:
    """Open the page of an instance and drop files on it."""
    visit(page, f"add/{instance}")
    drop(page, ".drop", *paths)
    expect(page.get_by_role("table", name=None).first).to_be_visible()


def start(page: Page) -> None:
    page.get_by_role("button", name="Add 1 picture").or_(
        page.get_by_role("button", name="Add ").filter(has_text="pictures")
    ).click()


def ended(page: Page, text: str = "Done.") -> None:
    expect(progress(page).get_by_role("status")).to_have_text(text)


def progress(page: Page) -> Locator:
    return page.locator(".going section")


def figures(page: Page) -> dict[str, str]:
    """What the page counts, by name."""
    return {
        each.locator("span").inner_text(): each.locator("strong").inner_text()
        for each in progress(page).locator(".figure").all()
    }


def count(shop: Shop, instance: str) -> int:
    told: int = shop.operator.get(f"/api/v1/instances/{instance}").json()["picture_count"]
    return told


def kept(shop: Shop, instance: str, product_id: str, pic_name: str) -> httpx.Response:
    query = urlencode({"product_id": product_id, "pic_name": pic_name})
    return shop.operator.get(f"/api/v1/instances/{instance}/pictures?{query}")


def small_pictures(root: Path, number: int) -> Path:
    root.mkdir()
    for each in range(number):
        (root / f"{each:04}.jpg").write_bytes(b"No picture.")
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


def test_each_failure_is_listed_and_can_be_tried_again(
    page: Page, shop: Shop, troubles: Troubles, tmp_path: Path
) -> None:
    troubles.expect_refusal(400)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"No picture.")
    name = shop.instance()
    chosen(page, name, photo("coffee-cup"), broken)
    start(page)
    ended(page, "Done, but not all could be added.")
    assert figures(page) == {"added": "1", "failed": "1", "left": "0"}
    row = page.get_by_role("row").filter(has_text="broken.jpg")
    expect(row).to_contain_text("The bytes are no picture that can be read. Send PNG, JPEG")
    assert violations(page) == []
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save the list").click()
    assert saved.value.path().read_text("utf-8").startswith("broken.jpg\tThe bytes are no picture")
    page.get_by_role("button", name="Try these again").click()
    ended(page, "Done, but not all could be added.")
    assert figures(page) == {"added": "1", "failed": "1", "left": "0"}


@pytest.mark.parametrize("size", [(4200, 1200), (600, 4200)], ids=["wide", "high"])
def test_pictures_that_are_too_large_are_made_smaller(
    page: Page, shop: Shop, troubles: Troubles, tmp_path: Path, size: tuple[int, int]
) -> None:
    troubles.expect_refusal(400)  # only the service knows how many pixels there are
    large = tmp_path / "large.jpg"
    with Image.open(photo("coffee-cup")) as cup:
        cup.resize(size).save(large)
    name = shop.instance()
    chosen(page, name, large)
    start(page)
    ended(page)
    assert count(shop, name) == 1


def test_files_that_are_too_large_are_made_smaller_unless_that_is_not_wanted(
    page: Page, shop: Shop, tmp_path: Path
) -> None:
    large = tmp_path / "large.bmp"
    Image.effect_noise((1500, 1500), 80).convert("RGB").save(large)
    name = shop.instance()
    chosen(page, name, large)
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Make pictures smaller").uncheck()
    start(page)
    ended(page, "Done, but not all could be added.")
    expect(page.get_by_role("row").filter(has_text="large.bmp")).to_contain_text("The file has more than 4 MB.")
    page.get_by_label("Make pictures smaller").check()
    page.get_by_role("button", name="Try these again").click()
    ended(page)
    assert count(shop, name) == 1


def test_near_identical_pictures_are_reported_or_left_out(page: Page, shop: Shop, troubles: Troubles) -> None:
    troubles.expect_refusal(409)
    name = shop.instance("generic", [photo("left-motorcycle")])
    chosen(page, name, photo("left-motorcycle"))
    page.get_by_label("ProductId", exact=True).select_option("The same for all")
    page.get_by_label("ProductId of all").fill("copy")
    page.get_by_label("Near-identical pictures").select_option("Leave them out")
    start(page)
    ended(page, "Done, but not all could be added.")
    page.get_by_label("Near-identical pictures").select_option("Add them, and list them")
    page.get_by_role("button", name="Try these again").click()
    ended(page)
    expect(page.get_by_role("heading", name="Near-identical to pictures that were there")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="left-motorcycle / left-motorcycle.jpg")).to_be_visible()


def test_replaced_pictures_are_counted(page: Page, shop: Shop) -> None:
    name = shop.instance("generic", [photo("left-motorcycle")])
    chosen(page, name, photo("left-motorcycle"))
    start(page)
    ended(page)
    assert figures(page) == {"added": "1", "of them replaced": "1", "failed": "0", "left": "0"}


def test_it_waits_as_long_as_the_service_asks(page: Page, shop: Shop, troubles: Troubles) -> None:
    troubles.expect_refusal(429)
    name = shop.instance()
    shop.operator.patch(f"/api/v1/instances/{name}", json={"qps": 1}).raise_for_status()
    statuses: list[int] = []
    page.on("response", lambda answer: statuses.append(answer.status))
    chosen(page, name, *photos()[:8])
    start(page)
    ended(page)
    assert 429 in statuses
    shop.operator.patch(f"/api/v1/instances/{name}", json={"qps": None}).raise_for_status()
    assert count(shop, name) == 8


def test_a_full_instance_stops_it_and_it_can_go_on(page: Page, shop: Shop, troubles: Troubles) -> None:
    troubles.expect_refusal(409)
    name = shop.instance("generic", [photo("space-rocket")], capacity=3)
    chosen(page, name, *photos()[:4])
    start(page)
    ended(page, "Stopped. Nothing is lost: what is left can still be added.")
    expect(page.get_by_role("alert")).to_contain_text("3")
    assert violations(page) == []
    assert count(shop, name) == 3
    for product in [picture.stem for picture in photos()[:4]] + ["space-rocket"]:
        shop.operator.delete(f"/api/v1/instances/{name}/pictures?product_id={product}").raise_for_status()
    page.get_by_role("button", name="Go on").click()
    ended(page)
    assert figures(page)["left"] == "0"


def test_a_service_that_is_away_for_a_moment_is_asked_again(page: Page, shop: Shop) -> None:
    name = shop.instance()
    page.route("**/pictures", lambda route: route.abort(), times=1)
    chosen(page, name, photo("coffee-cup"))
    start(page)
    ended(page)
    assert count(shop, name) == 1


def test_it_goes_on_while_other_pages_are_shown(page: Page, shop: Shop) -> None:
    held: list[Route] = []
    name = shop.instance()
    page.route("**/pictures", lambda route: held.append(route) if len(held) < 4 else route.continue_())
    chosen(page, name, *photos()[:6])
    start(page)
    expect(page.get_by_text("You may go to other pages")).to_be_visible()
    page.get_by_role("link", name="Health").click()
    expect(page.get_by_role("heading", name="Health")).to_be_visible()
    page.get_by_role("link", name="Add pictures").click()
    page.get_by_label("Instance", exact=True).select_option(name)
    expect(progress(page)).to_contain_text("6left")
    page.get_by_role("link", name="Health").click()
    for route in held:
        route.continue_()
    expect(page.get_by_text(f"6 pictures were added to {name}.")).to_be_visible()
    assert count(shop, name) == 6


def test_it_can_be_cancelled(page: Page, shop: Shop) -> None:
    name = shop.instance()
    page.route("**/pictures", lambda _route: None)
    chosen(page, name, *photos()[:6])
    start(page)
    page.get_by_role("button", name="Cancel").click()
    ended(page, "Cancelled. What was added stays.")
    assert figures(page) == {"added": "0", "failed": "0", "left": "6"}
    assert count(shop, name) == 0


def test_what_was_cancelled_stays_so_when_failures_are_tried_again(
    page: Page, shop: Shop, troubles: Troubles, tmp_path: Path
) -> None:
    troubles.expect_refusal(400)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"No picture.")
    name = shop.instance()
    sent = 0

    def first_alone(route: Route) -> None:
        nonlocal sent
        sent += 1
        if sent == 1 or sent > 4:
            route.continue_()

    page.route("**/pictures", first_alone)
    chosen(page, name, broken, *photos()[:3])
    start(page)
    expect(progress(page)).to_contain_text("1failed")
    page.get_by_role("button", name="Cancel").click()
    ended(page, "Cancelled. What was added stays.")
    page.get_by_role("button", name="Try these again").click()
    expect(page.get_by_role("heading", name="Progress")).to_be_focused()
    ended(page, "Done, but not all could be added.")
    assert figures(page) == {"added": "0", "failed": "1", "left": "0"}
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


def test_another_instance_of_the_same_name_begins_anew(page: Page, shop: Shop) -> None:
    name = shop.instance()
    chosen(page, name, photo("coffee-cup"))
    start(page)
    ended(page)
    shop.operator.delete(f"/api/v1/instances/{name}").raise_for_status()
    shop.operator.post("/api/v1/instances", json={"name": name, "type": "generic"}).raise_for_status()
    page.get_by_role("link", name="Instances").click()
    page.locator("main[data-ready=instances]").wait_for()  # which asks for them anew
    page.evaluate("(name) => { location.hash = `#/add/${name}`; }", name)
    expect(page.locator(".drop")).to_be_visible()
    expect(progress(page)).to_have_count(0)


def test_the_window_asks_before_it_is_left_meanwhile(page: Page, shop: Shop) -> None:
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.route("**/pictures", lambda _route: None)
    chosen(page, shop.instance(), photo("coffee-cup"))
    start(page)
    expect(page.get_by_text("You may go to other pages")).to_be_visible()
    page.close(run_before_unload=True)
    page.wait_for_timeout(500)
    assert asked == ["beforeunload"]
    page.get_by_role("button", name="Cancel").click()
    ended(page, "Cancelled. What was added stays.")


def test_of_many_failures_the_first_are_shown(page: Page, shop: Shop, troubles: Troubles, tmp_path: Path) -> None:
    troubles.expect_refusal(400)
    error = {"code": "unsupported_format", "message": "No picture.", "hint": "Send one.", "request_id": "r"}
    page.route("**/pictures", lambda route: route.fulfill(status=400, json=error))
    chosen(page, shop.instance(), small_pictures(tmp_path / "many", 120))
    expect(page.get_by_text("120 pictures of 1 product")).to_be_visible()
    start(page)
    ended(page, "Done, but not all could be added.")
    assert figures(page)["failed"] == "120"
    expect(page.get_by_text("The first 100 are shown.").first).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="No picture. Send one.")).to_have_count(100)


def test_an_ended_session_stops_it_and_it_goes_on_after_the_sign_in(
    visit_as: Visitor, shop: Shop, troubles: Troubles
) -> None:
    troubles.expect_refusal(401)
    name = shop.instance()
    first, second = shop.key("writer"), shop.key("writer")
    page = visit_as(first)
    chosen(page, name, *photos()[:3])
    shop.operator.post(f"/api/v1/keys/{first.partition(':')[0]}/disable").raise_for_status()
    start(page)
    page.get_by_label("Access key").fill(second)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Go on").click()
    ended(page)
    assert count(shop, name) == 3


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


def test_errors_of_the_service_are_told_as_they_are(page: Page, shop: Shop, troubles: Troubles) -> None:
    troubles.expect_refusal(403)
    body = json.dumps({"code": "permission_denied", "message": "Not yours.", "hint": "Ask.", "request_id": "abc"})
    page.route("**/pictures", lambda route: route.fulfill(status=403, body=body, content_type="application/json"))
    chosen(page, shop.instance(), photo("coffee-cup"))
    start(page)
    expect(page.get_by_role("alert")).to_contain_text("Not yours.")
    expect(page.get_by_role("alert")).to_contain_text("Request abc")
