"""The list of instances: what it shows, new ones, and all that belongs to one customer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.browser.accessibility import overflow, violations
from tests.browser.driving import visit
from tests.browser.shop import PHOTOS, Shop, photos
from tests.browser.troubles import Troubles

Visitor = Callable[..., Page]
CUSTOMERS = "Everything of one customer"


def test_instances_are_shown_with_their_figures(page: Page) -> None:
    card = visit(page, "instances").get_by_role("listitem").filter(has_text=PHOTOS)
    expect(card).to_contain_text(f"{len(photos())} of 100,000 pictures")
    expect(card).to_contain_text("generic")
    expect(card).to_contain_text("faiss")
    card.get_by_role("link", name=f"Manage {PHOTOS}").click()
    expect(page.get_by_role("heading", level=2, name=PHOTOS)).to_be_visible()


def test_a_new_instance_is_made_by_keyboard_alone(page: Page, shop: Shop) -> None:
    visit(page, "instances")
    page.get_by_role("button", name="New instance").press("Enter")
    page.keyboard.type("toys_1")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")  # product
    page.keyboard.press("Enter")
    page.wait_for_url("**/add/toys_1")
    expect(page.get_by_role("combobox", name="Instance")).to_have_value("toys_1")
    assert shop.operator.get("/api/v1/instances/toys_1").raise_for_status().json()["type"] == "product"


def test_a_new_instance_takes_what_is_told(page: Page, shop: Shop) -> None:
    visit(page, "instances")
    page.get_by_role("button", name="New instance").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("told")
    dialog.get_by_text("More settings").click()
    dialog.get_by_label("Capacity").fill("250")
    dialog.get_by_label("Region").fill("cn-shanghai")
    assert violations(page) == []
    dialog.get_by_role("button", name="Create").click()
    page.wait_for_url("**/add/told")
    made = shop.operator.get("/api/v1/instances/told").raise_for_status().json()
    assert (made["type"], made["capacity"], made["region"]) == ("generic", 250, "cn-shanghai")


def test_a_name_that_is_taken_is_told_in_the_form(page: Page, troubles: Troubles) -> None:
    troubles.expect_refusal(409)
    visit(page, "instances")
    page.get_by_role("button", name="New instance").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(PHOTOS)
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_role("alert")).to_contain_text("exists already")
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="New instance")).to_be_focused()


@pytest.mark.parametrize("who", ["reader", "writer"])
def test_who_is_no_admin_makes_no_instance_and_sees_no_customers(visit_as: Visitor, who: str) -> None:
    main = visit(visit_as(who), "instances")
    expect(main.get_by_role("link", name=f"Search in {PHOTOS}")).to_be_visible()
    expect(main.get_by_role("button")).to_have_count(0)
    expect(main.get_by_text(CUSTOMERS)).to_have_count(0)


def test_an_admin_of_some_instances_sees_these_alone(visit_as: Visitor, shop: Shop) -> None:
    name = shop.instance()
    main = visit(visit_as(shop.key("admin", instances=[name])), "instances")
    expect(main.get_by_role("listitem")).to_have_count(1)
    expect(main.get_by_role("listitem")).to_contain_text(name)
    expect(main.get_by_role("button", name="New instance")).to_have_count(0)


def test_a_customer_gets_all_that_is_its_own(page: Page, shop: Shop, tmp_path: Path) -> None:
    name = shop.instance("generic", photos()[:1])
    identity = _choose_customer(page, shop.key("writer", instances=[name]))
    assert violations(page) == []
    with page.expect_download() as started:
        page.get_by_role("link", name="Export as ZIP").click()
    assert started.value.suggested_filename == f"customer-{identity}.zip"
    started.value.save_as(tmp_path / "export.zip")
    assert (tmp_path / "export.zip").read_bytes().startswith(b"PK")


def test_a_customer_is_erased_once_its_key_is_typed(page: Page, shop: Shop) -> None:
    name = shop.instance()
    identity = _choose_customer(page, shop.key("writer", instances=[name]))
    page.get_by_role("button", name="Erase for good").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(name)
    expect(dialog.get_by_role("button", name="Erase")).to_be_disabled()
    dialog.get_by_role("textbox").fill(identity)
    dialog.get_by_role("button", name="Erase").click()
    expect(page.get_by_role("combobox", name="Instance").locator("option", has_text=name)).to_have_count(0)
    expect(page.get_by_role("main")).not_to_contain_text(name)
    expect(page.get_by_role("status")).to_contain_text(f"Everything of {identity} is erased.")
    assert shop.operator.get(f"/api/v1/instances/{name}").status_code == 404


def test_a_key_that_is_no_owner_is_told_so(page: Page, shop: Shop, troubles: Troubles) -> None:
    troubles.expect_refusal(400, 403, 409, 422)
    name = shop.instance()
    shop.key("writer", instances=[name])
    _choose_customer(page, shop.key("reader", instances=[name]))
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("button", name="Erase for good")).to_have_count(0)


def test_the_list_fits_a_small_window(visit_as: Visitor, shop: Shop) -> None:
    page = visit_as("admin", width=360, theme="dark")
    name = shop.instance()
    _choose_customer(page, shop.key("writer", instances=[name]))
    expect(page.get_by_role("link", name="Export as ZIP")).to_be_visible()
    assert overflow(page) == 0


def _choose_customer(page: Page, key: str) -> str:
    """Opens what concerns the owner of a key; gives the key's id."""
    identity, _, _ = key.partition(":")
    visit(page, "instances")
    page.get_by_text(CUSTOMERS).click()
    page.get_by_label("Access key", exact=True).select_option(identity)
    return identity
