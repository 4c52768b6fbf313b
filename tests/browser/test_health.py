"""The page of health: whether the service is ready, what it does, who did what."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.accessibility import overflow, violations
from tests.browser.conftest import Visitor
from tests.browser.driving import visit
from tests.browser.shop import PHOTOS, Shop, photo
from tests.browser.troubles import Troubles

from similis.domain import AuditAction

NOT_YET = {"code": "unavailable", "message": "The models are not loaded yet.", "hint": "Wait.", "request_id": "r"}
_TIMES = """async (text) => {
  const { quantile, read } = await import("/console/pages/health/metrics.js");
  const { kinds } = read(text);
  const { calls, refused, broken } = kinds.search;
  const [half, most] = [0.5, 0.95].map((share) => quantile(kinds.search, share));
  return { calls, refused, broken, half, most, none: quantile(kinds.add, 0.5) };
}"""
_ACTIONS = """async (names) => {
  const { action } = await import("/console/pages/health/action_words.js");
  return names.map((name) => action(name));
}"""
_THREE_POINTS = re.compile(r"^\S+ \S+ \S+")
_TEXT = """
similis_requests_total{method="POST",route="/api/v1/instances/{name}/search",status="200"} 8.0
similis_requests_total{method="POST",route="/api/v1/instances/{name}/search",status="404"} 2.0
similis_requests_total{method="POST",route="/api/v1/instances/{name}/search",status="500"} 1.0
similis_requests_total{method="GET",route="/metrics",status="200"} 99.0
similis_request_seconds_bucket{le="0.1",method="POST",route="/api/v1/instances/{name}/search",status="200"} 4.0
similis_request_seconds_bucket{le="0.2",method="POST",route="/api/v1/instances/{name}/search",status="200"} 6.0
similis_request_seconds_bucket{le="+Inf",method="POST",route="/api/v1/instances/{name}/search",status="200"} 8.0
similis_request_seconds_bucket{le="+Inf",method="POST",route="/api/v1/instances/{name}/search",status="404"} 2.0
"""


_TAKEN = 'async (text) => (await import("/console/pages/health/metrics.js")).read(text).process'
_PROCESS = "process_resident_memory_bytes 100.0\nprocess_cpu_seconds_total 4.5\n"
_CHILDREN = "similis_child_resident_memory_bytes 50.0\nsimilis_child_cpu_seconds_total 8.0\n"


def row(page: Page, region: str, name: str) -> Locator:
    return page.get_by_role("region", name=region).get_by_role("row").filter(has_text=name)


def test_it_says_that_the_service_is_ready_and_what_it_holds(page: Page) -> None:
    visit(page, "health")
    expect(page.get_by_role("status").filter(has_text="its models are loaded")).to_contain_text("Running since")
    expect(row(page, "Instances", PHOTOS)).to_contain_text("18")
    for chart in ("Calls a second", "Memory", "Processors busy"):
        expect(page.get_by_role("img", name=chart)).to_be_visible()
    assert violations(page) == []


def test_searches_are_counted_while_one_looks_on(page: Page, shop: Shop) -> None:
    visit(page, "health")
    cell = row(page, "Calls since the start", "Searches").get_by_role("cell").nth(1)
    expect(cell).not_to_be_empty()
    before = int(cell.inner_text().replace(",", ""))
    for _ in range(3):
        shop.operator.post(
            f"/api/v1/instances/{PHOTOS}/search", files={"file": photo("coffee-cup").read_bytes()}
        ).raise_for_status()
    expect(cell).to_have_text(f"Calls{before + 3}")  # the head is there for small windows
    expect(page.get_by_role("img", name="Search, slowest of twenty")).to_have_accessible_name(re.compile(r"\d m?s;"))


def test_times_are_told_as_prometheus_tells_them(page: Page) -> None:
    visit(page, "health")
    told = page.evaluate(_TIMES, _TEXT)
    assert (told["calls"], told["refused"], told["broken"]) == (11, 2, 1)
    assert told["half"] == pytest.approx(0.1)
    assert told["most"] == float("inf")
    assert told["none"] is None


@pytest.mark.parametrize(
    ("children", "expected"),
    [("", {"memory": 100, "cpu": 4.5}), (_CHILDREN, {"memory": 150, "cpu": 12.5})],
    ids=["alone", "with processes"],
)
def test_what_the_service_takes_is_told_with_the_processes_that_it_started(
    page: Page, children: str, expected: dict[str, float]
) -> None:
    visit(page, "health")
    assert page.evaluate(_TAKEN, _PROCESS + children) == expected
    assert page.evaluate(_TAKEN, _CHILDREN) == {}  # where nobody can tell what the service itself takes


def test_a_service_that_is_not_ready_is_told_and_followed(page: Page, troubles: Troubles) -> None:
    troubles.expect_refusal(503)
    page.route("**/readyz", lambda route: route.fulfill(status=503, json=NOT_YET), times=1)
    visit(page, "health")
    expect(page.get_by_text("cannot take pictures yet")).to_be_visible()
    expect(page.get_by_text("its models are loaded")).to_be_visible()


def test_a_service_that_does_not_answer_is_told_and_asked_again(page: Page) -> None:
    page.route("**/readyz", lambda route: route.abort(), times=1)
    visit(page, "health")
    expect(page.get_by_text("It does not answer.")).to_be_visible()
    expect(page.get_by_text("its models are loaded")).to_be_visible()


def test_figures_that_a_proxy_keeps_to_itself_are_no_silence(page: Page, troubles: Troubles) -> None:
    troubles.expect_refusal(403)
    page.route("**/metrics", lambda route: route.fulfill(status=403))
    visit(page, "health")
    expect(page.get_by_text("its figures are not let through")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text=PHOTOS).first).to_be_visible()


def test_admins_see_who_did_what(page: Page, shop: Shop) -> None:
    name = shop.instance("generic", [photo("coffee-cup")])
    visit(page, "health")
    activity = page.get_by_role("region", name="Activity")
    page.get_by_label("Instance", exact=True).last.select_option(name)
    expect(activity.get_by_role("row")).to_have_count(3)
    expect(activity.get_by_role("row").nth(1)).to_contain_text("picture.add")
    expect(activity.get_by_role("row").nth(1)).to_contain_text("coffee-cup/coffee-cup.jpg")
    expect(activity.get_by_role("row").nth(2)).to_contain_text("instance.create")
    shop.operator.get(f"/api/v1/instances/{name}").raise_for_status()
    page.get_by_role("button", name="Refresh").click()
    page.get_by_label("Only changes").uncheck()
    expect(activity.get_by_role("row").nth(1)).to_contain_text("instance.show")
    assert violations(page) == []


def test_what_was_done_is_told_in_both_languages(visit_as: Visitor, shop: Shop) -> None:
    page = visit_as("admin", locale="zh-CN")
    name = shop.instance()
    visit(page, "health")
    told = page.evaluate(_ACTIONS, [action.value for action in AuditAction])
    assert len(set(told)) == len(AuditAction), "each has words of its own"
    activity = page.get_by_role("region", name="操作记录")
    page.get_by_label("实例", exact=True).last.select_option(name)
    expect(activity.get_by_role("row").nth(1)).to_contain_text("创建实例")


def test_charts_go_on_where_they_were_after_another_page(page: Page) -> None:
    visit(page, "health")
    line = page.get_by_role("img", name="Memory").locator("polyline")
    expect(line).to_have_attribute("points", _THREE_POINTS)
    page.get_by_role("link", name="Instances").click()
    page.locator("main[data-ready=instances]").wait_for()
    page.get_by_role("link", name="Health").click()
    page.locator("main[data-ready=health]").wait_for()
    assert len((line.get_attribute("points") or "").split()) > 3


def test_older_events_are_shown_when_asked_for(page: Page, shop: Shop) -> None:
    name = shop.instance()
    for _ in range(25):
        shop.operator.patch(f"/api/v1/instances/{name}", json={"retention_days": 7}).raise_for_status()
    visit(page, "health")
    activity = page.get_by_role("region", name="Activity")
    expect(activity.get_by_role("row")).to_have_count(11)
    page.get_by_role("button", name="Show older ones").click()
    expect(activity.get_by_role("row").nth(25)).to_be_visible()


@pytest.mark.parametrize("who", ["reader", "limited"])
def test_others_see_figures_but_no_activity(visit_as: Visitor, shop: Shop, who: str) -> None:
    page = visit_as(shop.key("admin", instances=[PHOTOS]) if who == "limited" else who)
    visit(page, "health")
    expect(page.get_by_role("heading", name="Calls since the start")).to_be_visible()
    expect(page.get_by_role("heading", name="Activity")).to_have_count(0)


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_it_fits_a_phone(visit_as: Visitor, locale: str) -> None:
    page = visit_as("admin", width=360, theme="dark", locale=locale)
    visit(page, "health")
    expect(page.get_by_role("img").first).to_be_visible()
    assert overflow(page) == 0
    assert violations(page) == []
