"""The first run: from nothing to the first search."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, Route, expect
from tests.browser.accessibility import overflow, violations
from tests.browser.driving import visit
from tests.browser.shop import Shop, serve
from tests.browser.troubles import Troubles

Visitor = Callable[..., Page]
SAMPLES = "samples"
TRY = "Try with sample pictures"
A_MINUTE = 60  # seconds
REFUSAL = {"code": "storage_failed", "message": "The disk is full.", "hint": "Make room.", "request_id": "r1"}
_KEPT_BACK = """async () => {
  const { KEPT_BACK, PRODUCTS, sample } = await import("/console/pages/welcome/samples.js");
  const encoded = async (product) => {
    const bytes = new Uint8Array(await (await sample(product, KEPT_BACK)).arrayBuffer());
    return [product, btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ""))];
  };
  return Object.fromEntries(await Promise.all(PRODUCTS.map(encoded)));
}"""


@pytest.fixture(scope="module")
def _one_bare_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with serve(tmp_path_factory.mktemp("bare")) as running:
        yield running


@pytest.fixture
def bare_shop(_one_bare_shop: Shop) -> Iterator[Shop]:
    """A service without any instance."""
    yield _one_bare_shop
    for instance in _one_bare_shop.operator.get("/api/v1/instances").json()["instances"]:
        _one_bare_shop.operator.delete(f"/api/v1/instances/{instance['name']}").raise_for_status()


@pytest.fixture
def newcomer(visit_as: Visitor, bare_shop: Shop) -> Page:
    """Its admin, on the first page."""
    page = visit_as("admin", at=bare_shop)
    visit(page)
    return page


def test_every_sample_is_found_by_a_view_that_was_kept_back(newcomer: Page, bare_shop: Shop) -> None:
    began = time.monotonic()
    newcomer.get_by_role("button", name=TRY).click()
    expect(newcomer.get_by_role("progressbar")).to_be_visible()
    newcomer.wait_for_url(f"**/search/{SAMPLES}", timeout=1000 * A_MINUTE)
    best = newcomer.get_by_role("main").get_by_role("listitem").filter(has_text=".jpg").first
    expect(best).to_contain_text("sneaker")
    expect(best.get_by_role("img", name="sneaker")).to_have_js_property("naturalWidth", 480)
    assert time.monotonic() - began < A_MINUTE
    for product, picture in newcomer.evaluate(_KEPT_BACK).items():
        found = _search(bare_shop, base64.b64decode(picture))
        assert found["matches"][0]["product_id"] == product
        assert found["good_match"], product


def test_a_trial_that_was_cut_short_goes_on(newcomer: Page, troubles: Troubles) -> None:
    troubles.expect_refusal(503)
    answers = iter([{"status": 503, "json": REFUSAL}])
    newcomer.route("**/pictures", lambda route: route.fulfill(**next(answers, {"status": 201, "json": {}})))
    newcomer.get_by_role("button", name=TRY).click()
    told = newcomer.get_by_role("alert")
    expect(told).to_contain_text("The disk is full.")
    expect(told).to_contain_text("Make room.")
    assert violations(newcomer) == []
    newcomer.get_by_role("button", name=TRY).click()
    newcomer.locator("main[data-ready=search]").wait_for()
    expect(newcomer.get_by_role("combobox", name="Instance")).to_have_value(SAMPLES)
    expect(newcomer.get_by_text("Nothing found", exact=True)).to_be_visible()  # its search has ended


def test_whoever_leaves_adds_no_more_and_is_not_led_to_the_search(newcomer: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    newcomer.route("**/pictures", hold)
    newcomer.get_by_role("button", name=TRY).click()
    expect(newcomer.get_by_text("0 of 36 pictures")).to_be_visible()
    newcomer.get_by_role("link", name="Health").click()
    expect(newcomer.get_by_role("heading", level=1, name="Health")).to_be_focused()
    asked = list(held)
    for route in asked:
        route.fulfill(status=201, json={})  # comes too late
    newcomer.get_by_role("link", name="Instances").click()
    expect(newcomer.get_by_role("listitem").filter(has_text="0 of 100,000 pictures")).to_be_visible()
    assert held == asked


def test_an_instance_of_ones_own_leads_to_adding_pictures(newcomer: Page, bare_shop: Shop) -> None:
    newcomer.get_by_label("Name").fill("toys")
    newcomer.get_by_label("Product: goods of a shop").check()
    newcomer.get_by_role("button", name="Create and add pictures").click()
    newcomer.wait_for_url("**/add/toys")
    expect(newcomer.get_by_role("heading", level=1, name="Add pictures")).to_be_focused()
    made = bare_shop.operator.get("/api/v1/instances/toys").raise_for_status().json()
    assert (made["type"], made["capacity"], made["index"]) == ("product", 100_000, "faiss")


def test_a_name_that_cannot_be_is_not_sent(newcomer: Page) -> None:
    newcomer.get_by_label("Name").fill("two words")
    newcomer.get_by_role("button", name="Create and add pictures").click()
    assert newcomer.get_by_label("Name").evaluate("input => input.validity.patternMismatch")
    expect(newcomer.get_by_role("heading", level=1, name="Welcome")).to_be_visible()


def test_what_the_service_refuses_is_told(newcomer: Page, troubles: Troubles) -> None:
    troubles.expect_refusal(404, 409, 422)
    newcomer.get_by_label("Name").fill("toys")
    newcomer.get_by_text("More settings").click()
    newcomer.get_by_label("Model").fill("no-such-model")
    newcomer.get_by_role("button", name="Create and add pictures").click()
    expect(newcomer.get_by_role("alert")).to_contain_text("no-such-model")


@pytest.mark.parametrize("role", ["reader", "writer"])
def test_who_cannot_make_an_instance_is_told_whom_to_ask(visit_as: Visitor, bare_shop: Shop, role: str) -> None:
    page = visit_as(role, at=bare_shop)
    main = visit(page)
    expect(main).to_contain_text(f"a {role} cannot make one")
    expect(main.get_by_role("button")).to_have_count(0)
    assert violations(page) == []


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_the_first_page_fits_a_small_dark_window(visit_as: Visitor, bare_shop: Shop, locale: str) -> None:
    page = visit_as("admin", at=bare_shop, width=360, theme="dark", locale=locale)
    visit(page)
    page.locator("details summary").click()
    assert overflow(page) == 0
    assert violations(page) == []


def test_the_same_sample_is_always_the_same_picture(newcomer: Page) -> None:
    assert newcomer.evaluate(_KEPT_BACK) == newcomer.evaluate(_KEPT_BACK)
    assert len(set(newcomer.evaluate(_KEPT_BACK).values())) == 12


def _search(shop: Shop, picture: bytes) -> dict[str, list[dict[str, str]]]:
    answer = shop.operator.post(f"/api/v1/instances/{SAMPLES}/search", files={"file": picture})
    found: dict[str, list[dict[str, str]]] = answer.raise_for_status().json()
    return found
