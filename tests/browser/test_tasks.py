"""The page of imports and exports: begun, followed, cancelled, reported."""

from __future__ import annotations

import json
import shutil
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.accessibility import overflow, violations
from tests.browser.conftest import Visitor
from tests.browser.driving import visit
from tests.browser.shop import Shop, photo, photos
from tests.browser.troubles import Troubles
from tests.importing import add_line

NUMBERS = count()
MINUTE = 60_000  # milliseconds; an import starts processes first


@pytest.fixture
def source(shop: Shop, storage: Path) -> str:
    """A connection, and the folder it leads to, with two pictures, one that is missing, and a line that is none."""
    name = f"source-{next(NUMBERS)}"
    folder = storage / name
    folder.mkdir()
    for product in ("left-motorcycle", "coffee-cup"):
        shutil.copy(photo(product), folder)
    lines = [json.dumps(add_line(each, f"{each}.jpg")) for each in ("left-motorcycle", "coffee-cup", "gone")]
    (folder / "increment.meta").write_text("\n".join([*lines, "no JSON"]) + "\n")
    form = {"name": name, "provider": "file", "root": str(storage), "bucket": name}
    shop.operator.post("/api/v1/connections", json=form).raise_for_status()
    return name


def opened(page: Page, instance: str, source: str | None = None) -> Locator:
    """Open the page, choose the connection; the list of tasks."""
    visit(page, f"tasks/{instance}")
    if source:
        page.get_by_label("Connection").select_option(source)
    return page.locator(".tasks")


def first(page: Page, state: str) -> Locator:
    """The newest task, once it is as told."""
    task = page.locator(".task").first
    expect(task.get_by_role("status")).to_have_text(state, timeout=MINUTE)
    return task


def figures(task: Locator) -> dict[str, str]:
    return {
        each.locator("span").inner_text(): each.locator("strong").inner_text()
        for each in task.locator(".figure").all()
    }


def hang(storage: Path, source: str) -> None:
    """Let increment.meta have so many lines that it takes a while."""
    lines = [json.dumps(add_line(str(number), "coffee-cup.jpg")) for number in range(3000)]
    (storage / source / "increment.meta").write_text("\n".join(lines) + "\n")


def test_an_import_is_followed_to_its_end_and_reported(page: Page, shop: Shop, source: str) -> None:
    name = shop.instance()
    opened(page, name, source)
    expect(page.get_by_text("There is none yet.")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Start import").click()
    expect(page.locator(".task h3").first).to_be_focused()
    task = first(page, "Done")
    assert figures(task) == {"lines": "4", "added": "2", "of them replaced": "0", "deleted": "0", "failed": "2"}
    expect(task).to_contain_text(f"{source} · /")
    assert violations(page) == []
    task.get_by_role("button", name="See what failed").click()
    report = page.get_by_role("dialog")
    expect(report.get_by_role("row").nth(1)).to_contain_text("gone.jpg")
    expect(report.get_by_role("row").nth(2)).to_contain_text("no JSON")
    assert violations(page) == []
    report.get_by_role("button", name="Close").click()
    expect(task.get_by_role("button", name="See what failed")).to_be_focused()
    with page.expect_download() as saved:
        task.get_by_role("link", name="Save the error report").click()
    assert [json.loads(line)["line"] for line in saved.value.path().read_text().splitlines()] == [3, 4]
    task.get_by_role("button", name="Once more").click()
    expect(page.get_by_role("button", name="Start import")).to_be_focused()
    expect(page.get_by_label("Path of increment.meta")).to_have_value("/")


def test_an_export_is_saved_and_names_every_picture(page: Page, shop: Shop) -> None:
    name = shop.instance("generic", photos()[:2])
    opened(page, name)
    page.get_by_role("button", name="Start export").click()
    task = first(page, "Done")
    with page.expect_download() as saved:
        task.get_by_role("link", name="Save increment.meta").click()
    assert saved.value.suggested_filename == "increment.meta"
    lines = [json.loads(line) for line in saved.value.path().read_text("utf-8").splitlines()]
    assert {line["ProductId"] for line in lines} == {picture.stem for picture in photos()[:2]}


def test_a_running_import_shows_how_far_it_is_and_is_cancelled(
    page: Page, shop: Shop, storage: Path, source: str
) -> None:
    hang(storage, source)
    opened(page, shop.instance(), source)
    page.get_by_role("button", name="Start import").click()
    expect(page.get_by_text(" of 2").first).to_be_visible(timeout=MINUTE)
    expect(page.get_by_role("progressbar")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Cancel Import").click()
    task = first(page, "Cancelled")
    expect(task).to_contain_text("The task was cancelled")
    expect(task.get_by_role("button", name="Once more")).to_be_visible()


def test_a_rebuild_is_asked_for_twice(page: Page, shop: Shop, source: str) -> None:
    name = shop.instance("generic", [photo("space-rocket")])
    opened(page, name, source)
    page.get_by_label("Rebuild the instance from it").check()
    page.get_by_role("button", name="Start import").click()
    expect(page.get_by_text("Pictures that are not in increment.meta will be gone.")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("There is none yet.")).to_be_visible()
    page.get_by_role("button", name="Start import").click()
    page.get_by_role("dialog").get_by_role("button", name="Rebuild").click()
    first(page, "Done")
    query = f"/api/v1/instances/{name}/pictures?product_id=space-rocket&pic_name=space-rocket.jpg"
    assert shop.operator.get(query).status_code == 404


def test_a_change_of_key_is_shown_among_the_tasks(page: Page, shop: Shop) -> None:
    name = shop.instance("generic", photos()[:2])
    shop.operator.post(f"/api/v1/instances/{name}/rekey").raise_for_status()
    opened(page, name)
    task = first(page, "Done")
    expect(task.get_by_role("heading", name="Change of key")).to_be_visible()
    assert figures(task) == {"pictures": "2"}


def test_a_failed_import_says_why(page: Page, shop: Shop, source: str) -> None:
    opened(page, shop.instance(), source)
    page.get_by_label("Path of increment.meta").fill("/nowhere")
    page.get_by_role("button", name="Start import").click()
    expect(first(page, "Failed")).to_contain_text("There is nothing below")


def test_a_refusal_is_told_in_the_form(page: Page, shop: Shop, source: str, troubles: Troubles) -> None:
    troubles.expect_refusal(400)
    opened(page, shop.instance(), source)
    page.get_by_label("Path of increment.meta").fill("../etc")
    page.get_by_role("button", name="Start import").click()
    expect(page.get_by_role("alert")).to_be_visible()


def test_older_tasks_are_shown_when_asked_for(page: Page, shop: Shop) -> None:
    name = shop.instance("generic", [photo("coffee-cup")])
    for _ in range(11):
        task = shop.operator.post(f"/api/v1/instances/{name}/exports").raise_for_status().json()
        while shop.operator.get(f"/api/v1/tasks/{task['id']}").json()["status"] == "processing":
            pass
    opened(page, name)
    expect(page.locator(".task")).to_have_count(10)
    page.get_by_role("button", name="Show older ones").click()
    expect(page.locator(".task")).to_have_count(11)
    expect(page.get_by_role("button", name="Show older ones")).to_be_hidden()


def test_a_writer_names_the_connection_and_does_not_rebuild(writer_page: Page, shop: Shop, source: str) -> None:
    opened(writer_page, shop.instance())
    expect(writer_page.get_by_label("Rebuild the instance from it")).to_have_count(0)
    writer_page.get_by_label("Connection").fill(source)
    writer_page.get_by_role("button", name="Start import").click()
    first(writer_page, "Done")


def test_a_task_that_others_began_is_seen_after_a_refresh(page: Page, shop: Shop) -> None:
    name = shop.instance("generic", [photo("coffee-cup")])
    opened(page, name)
    expect(page.get_by_text("There is none yet.")).to_be_visible()
    shop.operator.post(f"/api/v1/instances/{name}/exports").raise_for_status()
    page.get_by_role("button", name="Refresh").click()
    first(page, "Done")


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_it_fits_a_phone(visit_as: Visitor, shop: Shop, locale: str) -> None:
    name = shop.instance("generic", [photo("coffee-cup")])
    shop.operator.post(f"/api/v1/instances/{name}/exports").raise_for_status()
    page = visit_as("admin", width=360, theme="dark", locale=locale)
    opened(page, name)
    first(page, "Done" if locale == "en-US" else "已完成")
    assert overflow(page) == 0
    assert violations(page) == []
