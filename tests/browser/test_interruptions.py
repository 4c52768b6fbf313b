"""What was begun when something else came between: another page, Escape, the end of the session."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Route, expect
from tests.browser.conftest import Visitor
from tests.browser.driving import visit
from tests.browser.shop import PHOTOS, Shop
from tests.browser.troubles import Troubles

_LEND = """() => {
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (what) => (window.lent = await ask(what));
}"""
_LISTENERS = """async () => {
  const { pause } = await import("/console/ui/repeat.js");
  const leaving = new AbortController();
  let left = 0;
  const { addEventListener: add, removeEventListener: remove } = EventTarget.prototype;
  leaving.signal.addEventListener = function (...given) { left += 1; return add.apply(this, given); };
  leaving.signal.removeEventListener = function (...given) { left -= 1; return remove.apply(this, given); };
  for (let round = 0; round < 5; round += 1) await pause(0.001, leaving.signal);
  return left;
}"""


def test_another_page_closes_an_open_dialog_and_ends_the_camera(page: Page) -> None:
    visit(page, f"search/{PHOTOS}")
    page.evaluate(_LEND)
    page.get_by_role("button", name="Take a picture").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.evaluate("location.hash = '#/health'")
    expect(page).to_have_title("Health – Similis")
    page.wait_for_function("() => window.lent.getTracks().every((track) => track.readyState === 'ended')")


def test_a_key_that_is_being_made_can_no_longer_be_cancelled(page: Page) -> None:
    held: list[Route] = []
    page.route(
        "**/api/v1/keys", lambda route: held.append(route) if route.request.method == "POST" else route.fallback()
    )
    visit(page, "keys")
    page.get_by_role("button", name="Make a key").click()
    form = page.get_by_role("dialog")
    with page.expect_request("**/api/v1/keys"):
        form.get_by_role("button", name="Make a key").click()
    expect(form.get_by_role("button", name="Cancel")).to_be_disabled()
    for _ in range(3):  # a browser that is asked again and again closes a dialog whatever its page says
        page.keyboard.press("Escape")
    held[0].continue_()
    expect(page.get_by_text("This is shown only now.")).to_be_visible()


def test_a_pause_leaves_no_listener_behind(page: Page) -> None:
    visit(page, f"search/{PHOTOS}")
    assert page.evaluate(_LISTENERS) == 0


def test_a_sign_out_that_fails_is_told(page: Page, troubles: Troubles) -> None:
    visit(page, f"search/{PHOTOS}")
    troubles.expect_refusal(503)
    page.route(
        "**/console/session",
        lambda route: route.fulfill(status=503, json={"code": "x", "message": "Not now.", "hint": ""}),
    )
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status").filter(has_text="Not now.")).to_be_visible()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def test_a_late_refusal_leaves_the_key_that_is_being_typed(page: Page, troubles: Troubles) -> None:
    visit(page, f"search/{PHOTOS}")
    troubles.expect_refusal(401)
    page.context.clear_cookies()
    refused = "import('/console/api.js').then(({ api }) => api.get('/instances').catch(() => null))"
    page.evaluate(refused)
    page.get_by_label("Access key").fill("half a k")
    page.evaluate(refused)
    expect(page.get_by_label("Access key")).to_have_value("half a k")


def test_an_unknown_instance_takes_its_parameters_along(page: Page) -> None:
    visit(page, "search/nowhere?product_id=shoe&pic_name=front")
    expect(page).to_have_url(re.compile(r"#/search/[^?]+$"))
    expect(page.get_by_role("alert")).to_have_count(0)


def test_what_was_chosen_in_the_frame_keeps_the_focus(page: Page, shop: Shop) -> None:
    other = shop.instance()
    visit(page, f"search/{PHOTOS}")
    instance = page.get_by_role("combobox", name="Instance")
    instance.focus()
    instance.select_option(other)
    expect(page).to_have_url(re.compile(f"#/search/{other}$"))
    expect(instance).to_be_focused()
    page.get_by_role("combobox", name="Language").focus()
    page.get_by_role("combobox", name="Language").select_option("zh")
    expect(page.get_by_role("combobox", name="语言")).to_be_focused()


def test_a_page_of_the_service_keeps_the_instance_in_mind(visit_as: Visitor, shop: Shop) -> None:
    other = shop.instance()
    page = visit_as("reader")
    for known in (other, PHOTOS):
        visit(page, f"search/{known}")
        page.get_by_role("link", name="Health").click()
        expect(page.get_by_role("heading", level=1, name="Health")).to_be_focused()
        page.get_by_role("link", name="Search").click()
        expect(page).to_have_url(re.compile(f"#/search/{known}$"))
