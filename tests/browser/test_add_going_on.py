"""The page that adds pictures: how it goes on, waits, stops and is left meanwhile."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Dialog, Page, Route, expect
from tests.browser.accessibility import violations
from tests.browser.adding import chosen, count, ended, figures, progress, start
from tests.browser.conftest import Visitor
from tests.browser.shop import Shop, photo, photos
from tests.browser.troubles import Troubles


def test_it_waits_as_long_as_the_service_asks(page: Page, shop: Shop, troubles: Troubles) -> None:
    troubles.expect_refusal(429)
    name = shop.instance()
    shop.operator.patch(f"/api/v1/instances/{name}", json={"qps": 1}).raise_for_status()
    chosen(page, name, *photos()[:8])
    start(page)
    expect(page.get_by_text("The service asks to wait")).to_be_visible()
    ended(page)
    shop.operator.patch(f"/api/v1/instances/{name}", json={"qps": None}).raise_for_status()
    assert count(shop, name) == 8


def test_what_was_on_its_way_does_not_end_the_waiting(page: Page, shop: Shop, troubles: Troubles) -> None:
    troubles.expect_refusal(429)
    name, held = shop.instance(), list[Route]()
    refused = {"code": "instance_throttled", "message": "Too fast.", "hint": "Wait.", "request_id": "r"}
    added = {
        "category_id": 0,
        "region": "0,9,0,9",
        "regions": [],
        "categories": [],
        "replaced": False,
        "duplicates": [],
    }

    def hold(route: Route) -> None:
        held.append(route)
        if len(held) == 4:
            route.fulfill(status=429, headers={"retry-after": "5"}, json=refused)
        elif len(held) > 4:
            route.continue_()

    page.route("**/pictures", hold)
    chosen(page, name, *photos()[:6])
    start(page)
    status = progress(page).get_by_role("status")
    expect(status).to_have_text("The service asks to wait; going on in a moment.")
    for route in held[:3]:
        route.fulfill(status=201, json=added)
    expect(progress(page)).to_contain_text("3added")
    expect(status).to_have_text("The service asks to wait; going on in a moment.")
    ended(page)
    assert count(shop, name) == 3


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
    broken = [tmp_path / f"broken-{number}.jpg" for number in range(4)]  # whichever comes first is refused
    for each in broken:
        each.write_bytes(b"No picture.")
    name = shop.instance()
    sent = 0

    def first_alone(route: Route) -> None:
        nonlocal sent
        sent += 1
        if sent == 1 or sent > 4:
            route.continue_()

    page.route("**/pictures", first_alone)
    chosen(page, name, *broken)
    start(page)
    expect(progress(page)).to_contain_text("1failed")
    page.get_by_role("button", name="Cancel").click()
    ended(page, "Cancelled. What was added stays.")
    page.get_by_role("button", name="Try these again").click()
    expect(page.get_by_role("heading", name="Progress")).to_be_focused()
    ended(page, "Done, but not all could be added.")
    assert figures(page) == {"added": "0", "failed": "1", "left": "0"}
    assert sent == len(broken) + 1
