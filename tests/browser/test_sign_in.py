"""Signing in and out, and what the browser keeps of it."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect
from tests.browser.driving import sign_in, visit
from tests.browser.shop import Shop
from tests.browser.troubles import Troubles

COOKIE = "similis_session"
_KEPT = """async () => ({
  local: Object.keys(localStorage), session: Object.keys(sessionStorage), cookie: document.cookie,
  databases: (await indexedDB.databases()).length, caches: (await caches.keys()).length,
})"""


def test_a_key_becomes_a_session_that_outlives_a_reload(visitor: Page, shop: Shop) -> None:
    visit(visitor)
    sign_in(visitor, shop.keys["admin"])
    expect(visitor.get_by_text("Signed in as admin")).to_be_visible()
    visitor.reload()
    expect(visitor.get_by_text("Signed in as admin")).to_be_visible()


def test_the_enter_key_is_enough(visitor: Page, shop: Shop) -> None:
    visit(visitor)
    visitor.get_by_label("Access key").fill(f"  {shop.keys['reader']} ")
    visitor.get_by_label("Access key").press("Enter")
    expect(visitor.get_by_text("Signed in as reader")).to_be_visible()


def test_a_wrong_key_is_told_and_may_be_corrected(visitor: Page, shop: Shop, troubles: Troubles) -> None:
    troubles.expect_refusal(401)
    visit(visitor)
    sign_in(visitor, shop.keys["admin"] + "x")
    told = visitor.get_by_role("alert")
    expect(told).to_contain_text("ID:SECRET")
    expect(visitor.get_by_label("Access key")).to_be_focused()
    sign_in(visitor, shop.keys["admin"])
    expect(visitor.get_by_text("Signed in as admin")).to_be_visible()


def test_no_key_is_not_even_sent(visitor: Page) -> None:
    visit(visitor)
    sign_in(visitor, "")
    invalid = visitor.get_by_label("Access key").evaluate("input => input.validity.valueMissing")
    assert invalid
    expect(visitor.get_by_role("button", name="Sign in")).to_be_enabled()


def test_too_many_failures_are_slowed_down(
    visit_as: Callable[..., Page], empty_shop: Shop, troubles: Troubles
) -> None:
    troubles.expect_refusal(401, 429)
    page = visit_as(None, at=empty_shop)
    visit(page)
    guessed = empty_shop.keys["admin"]
    for _ in range(10):
        page.request.post("/console/session", data={"key": f"{guessed.partition(':')[0]}:wrong"})
    sign_in(page, guessed)
    expect(page.get_by_role("alert")).to_contain_text("Try again in")


def test_the_browser_keeps_a_cookie_that_scripts_cannot_read_and_nothing_else(visitor: Page, shop: Shop) -> None:
    visit(visitor)
    sign_in(visitor, shop.keys["admin"])
    expect(visitor.get_by_text("Signed in as admin")).to_be_visible()
    (cookie,) = visitor.context.cookies()
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == (COOKIE, True, "Strict")
    kept = visitor.evaluate(_KEPT)
    assert kept == {"local": [], "session": [], "cookie": "", "databases": 0, "caches": 0}


def test_the_secret_is_not_on_the_page_after_signing_in(visitor: Page, shop: Shop) -> None:
    secret = shop.keys["admin"].partition(":")[2]
    visit(visitor)
    sign_in(visitor, shop.keys["admin"])
    expect(visitor.get_by_text("Signed in as admin")).to_be_visible()
    assert secret not in visitor.content()
    assert secret not in str(visitor.context.storage_state())
    assert secret not in visitor.url


def test_signing_out_ends_the_session_and_every_copy_of_its_cookie(page: Page, shop: Shop) -> None:
    visit(page)
    (cookie,) = page.context.cookies()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.context.cookies() == []
    copy = {"cookie": f"{COOKIE}={cookie.get('value')}"}
    assert page.request.get(f"{shop.address}/console/session", headers=copy).json() == {"signed_in": False}


def test_a_page_left_open_asks_for_a_key_when_its_own_is_disabled(
    visit_as: Callable[..., Page], shop: Shop, troubles: Troubles
) -> None:
    troubles.expect_refusal(401)
    key = shop.key("reader")
    page = visit_as(key)
    visit(page)
    shop.operator.post(f"/api/v1/keys/{key.partition(':')[0]}/disable").raise_for_status()
    page.get_by_role("link", name="Instances", exact=True).click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
