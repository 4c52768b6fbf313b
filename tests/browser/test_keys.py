"""The page of access keys: made, shown once, disabled."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.accessibility import overflow, violations
from tests.browser.conftest import Visitor
from tests.browser.driving import visit
from tests.browser.shop import PHOTOS, Shop
from tests.browser.troubles import Troubles


def asked(page: Page) -> Locator:
    """Open the page and its form for a new key."""
    visit(page, "keys")
    page.get_by_role("button", name="Make a key").click()
    return page.get_by_role("dialog")


def made(page: Page, form: Locator) -> str:
    """Make the key; what the page shows of it this once, as ID:SECRET or ID:SECRET:TOKEN."""
    form.get_by_role("button", name="Make a key").click()
    expect(page.get_by_text("This is shown only now.")).to_be_visible()
    return page.get_by_role("dialog").locator("code").first.inner_text()


def status(shop: Shop, key: str, instance: str = PHOTOS) -> int:
    """What the service answers whoever has the key."""
    identity, secret, *token = key.split(":")
    headers = {"authorization": ":".join([f"Bearer {identity}", secret, *token])}
    return httpx.get(f"{shop.address}/api/v1/instances/{instance}", headers=headers).status_code


def test_a_key_is_made_and_its_secret_shown_once(page: Page, shop: Shop) -> None:
    form = asked(page)
    expect(form.get_by_label("Reader")).to_be_checked()
    assert violations(page) == []
    form.get_by_label("Writer").check()
    form.get_by_label("Calls a second").fill("12.5")
    key = made(page, form)
    assert violations(page) == []
    assert status(shop, key) == 200
    page.get_by_role("button", name="Copy").first.click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == key
    page.get_by_text("Its parts, for SDKs").click()
    expect(page.get_by_role("dialog").get_by_text(key.split(":")[1], exact=True)).to_be_visible()
    page.get_by_role("button", name="I have kept it").click()
    row = page.get_by_role("row").filter(has_text=key.split(":")[0])
    expect(row).to_contain_text("Writer")
    expect(row).to_contain_text("12.5")
    assert key.split(":")[1] not in page.content()
    assert violations(page) == []


def test_limits_of_a_key_are_set_shown_changed_and_taken_away(page: Page, shop: Shop) -> None:
    form = asked(page)
    form.get_by_label("Pictures a day").fill("2000")
    identity = made(page, form).split(":")[0]
    page.get_by_role("button", name="I have kept it").click()
    row = page.get_by_role("row").filter(has_text=identity)
    expect(row).to_contain_text("2,000 pictures a day")
    row.get_by_role("button", name=f"Limits of {identity}").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Pictures a day")).to_have_value("2000")
    assert violations(page) == []
    dialog.get_by_label("Pictures a day").fill("")
    dialog.get_by_label("Bytes of a call").fill("100000")
    dialog.get_by_role("button", name="Set limits").click()
    expect(row).to_contain_text("100,000 bytes a call")
    expect(row).not_to_contain_text("pictures a day")
    [key] = [each for each in shop.operator.get("/api/v1/keys").json()["keys"] if each["id"] == identity]
    assert (key["qps"], key["pictures_per_day"], key["max_body"]) == (None, None, 100_000)


def test_a_key_for_some_instances_reaches_these_alone(page: Page, shop: Shop) -> None:
    other = shop.instance()
    form = asked(page)
    form.get_by_label("Instances", exact=True).select_option("Only some")
    form.get_by_role("button", name="Make a key").click()  # none is ticked: the form says so
    expect(form.get_by_role("group", name="Which").get_by_role("checkbox").first).to_be_focused()
    form.get_by_label(other, exact=True).check()
    key = made(page, form)
    assert (status(shop, key, other), status(shop, key)) == (200, 403)


def test_a_temporary_key_has_a_token_and_an_end(page: Page, shop: Shop) -> None:
    form = asked(page)
    form.get_by_label("Ends after").select_option("Some minutes, with a security token")
    form.get_by_label("minutes", exact=True).fill("15")
    key = made(page, form)
    assert len(key.split(":")) == 3
    page.get_by_role("button", name="I have kept it").click()
    expect(page.get_by_role("row").filter(has_text=key.split(":")[0])).not_to_contain_text("Never")
    made_key = next(each for each in shop.operator.get("/api/v1/keys").json()["keys"] if each["id"] in key)
    assert made_key["expires_at"] is not None


def test_a_key_is_disabled_once_that_is_confirmed(page: Page, shop: Shop) -> None:
    key = shop.key("reader")
    identity = key.split(":")[0]
    visit(page, "keys")
    page.get_by_role("button", name=f"Disable {identity}").click()
    page.get_by_role("button", name="Cancel").click()
    assert status(shop, key) == 200
    page.get_by_role("button", name=f"Disable {identity}").click()
    page.get_by_role("dialog").get_by_role("button", name="Disable").click()
    expect(page.get_by_role("region", name="Keys in use")).to_be_focused()
    expect(page.get_by_role("button", name=f"Disable {identity}")).to_have_count(0)
    assert status(shop, key) == 401
    page.get_by_text("Disabled and ended").first.click()
    expect(page.get_by_role("row").filter(has_text=identity)).to_contain_text("Disabled")


def test_who_disables_the_own_key_is_signed_out(visit_as: Visitor, shop: Shop) -> None:
    key = shop.key("admin")
    page = visit_as(key)
    visit(page, "keys")
    expect(page.get_by_role("row").filter(has_text=key.split(":")[0])).to_contain_text("Yours")
    page.get_by_role("button", name=f"Disable {key.split(':')[0]}").click()
    expect(page.get_by_text("you will be signed out")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Disable").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_refusal_is_told_in_the_dialog(page: Page, troubles: Troubles) -> None:
    troubles.expect_refusal(503)
    error = {"code": "storage_failed", "message": "The disk is full.", "hint": "Make room.", "request_id": "r"}
    form = asked(page)
    page.route("**/api/v1/keys", lambda route: route.fulfill(status=503, json=error))
    form.get_by_role("button", name="Make a key").click()
    expect(form.get_by_role("alert")).to_contain_text("The disk is full.")
    expect(form.get_by_role("button", name="Make a key")).to_be_focused()


@pytest.mark.parametrize("who", ["reader", "writer", "limited"])
def test_only_admins_of_the_whole_service_are_led_there(visit_as: Visitor, shop: Shop, who: str) -> None:
    page = visit_as(shop.key("admin", instances=[PHOTOS]) if who == "limited" else who)
    visit(page)
    expect(page.get_by_role("link", name="Health")).to_be_visible()
    expect(page.get_by_role("link", name="Access keys")).to_have_count(0)
    expect(page.get_by_role("link", name="Connections")).to_have_count(0)


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_it_fits_a_phone(visit_as: Visitor, locale: str) -> None:
    page = visit_as("admin", width=360, theme="dark", locale=locale)
    visit(page, "keys")
    assert overflow(page) == 0
    assert violations(page) == []
    page.locator(".intro button").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert violations(page) == []
