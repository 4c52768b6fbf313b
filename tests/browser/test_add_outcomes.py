"""The page that adds pictures: what became of each of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from tests.browser.accessibility import violations
from tests.browser.adding import chosen, count, ended, figures, start
from tests.browser.shop import Shop, photo
from tests.browser.troubles import Troubles


def small_pictures(root: Path, number: int) -> Path:
    root.mkdir()
    for each in range(number):
        (root / f"{each:04}.jpg").write_bytes(b"No picture.")
    return root


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
    with page.expect_response("**/pictures"):  # the page says the same before
        page.get_by_role("button", name="Try these again").click()
    ended(page, "Done, but not all could be added.")
    assert figures(page) == {"added": "1", "failed": "1", "left": "0"}


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


def test_errors_of_the_service_are_told_as_they_are(page: Page, shop: Shop, troubles: Troubles) -> None:
    troubles.expect_refusal(403)
    body = json.dumps({"code": "permission_denied", "message": "Not yours.", "hint": "Ask.", "request_id": "abc"})
    page.route("**/pictures", lambda route: route.fulfill(status=403, body=body, content_type="application/json"))
    chosen(page, shop.instance(), photo("coffee-cup"))
    start(page)
    expect(page.get_by_role("alert")).to_contain_text("Not yours.")
    expect(page.get_by_role("alert")).to_contain_text("Request abc")


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
