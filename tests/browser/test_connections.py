"""The page of connections: made, checked, deleted."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.accessibility import overflow, violations
from tests.browser.conftest import Visitor
from tests.browser.driving import visit
from tests.browser.shop import PHOTOS, Shop
from tests.browser.troubles import Troubles

NUMBERS = count()


@pytest.fixture
def name() -> str:
    """Of a connection that is not there yet."""
    return f"from-{next(NUMBERS)}"


def asked(page: Page, name: str, provider: str) -> Locator:
    """The form of a new connection, with its name and kind."""
    visit(page, "connections")
    page.get_by_role("button", name="Make a connection").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Name").fill(name)
    form.get_by_label("Kind of storage").select_option(provider)
    return form


def make(form: Locator) -> None:
    form.get_by_role("button", name="Make a connection").click()


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has_text=name)


def stored(shop: Shop, name: str) -> dict[str, Any]:
    told: dict[str, Any] = shop.operator.get(f"/api/v1/connections/{name}").raise_for_status().json()
    return told


def folder_connection(shop: Shop, name: str, storage: Path) -> None:
    form = {"name": name, "provider": "file", "root": str(storage)}
    shop.operator.post("/api/v1/connections", json=form).raise_for_status()


def test_a_directory_is_connected_and_checked(page: Page, storage: Path, name: str) -> None:
    bucket = storage / name
    bucket.mkdir()
    (bucket / "increment.meta").write_text("{}\n")
    form = asked(page, name, "Directory of the service's machine")
    form.get_by_label("Directory", exact=True).fill(str(storage))
    assert violations(page) == []
    make(form)
    expect(row(page, name)).to_contain_text("None needed")
    page.get_by_role("button", name=f"Check {name}").click()
    check = page.get_by_role("dialog")
    check.get_by_label("Folder in it").fill(name)
    check.get_by_label("Path of increment.meta").fill("/nowhere")
    check.get_by_role("button", name="Check").click()
    expect(check.get_by_role("listitem").filter(has_text="Path: Not good")).to_contain_text("/nowhere")
    expect(check.get_by_role("button", name="Check")).to_be_focused()
    assert violations(page) == []
    check.get_by_label("Path of increment.meta").fill("/")
    check.get_by_label("Instance to import into").select_option(PHOTOS)
    check.get_by_role("button", name="Check").click()
    expect(check.get_by_text("All good.")).to_be_visible()
    expect(check.get_by_role("listitem")).to_have_count(4)
    check.get_by_role("button", name="Close").click()
    expect(page.get_by_role("button", name=f"Check {name}")).to_be_focused()


def test_alibaba_cloud_oss_is_connected_by_a_role(page: Page, shop: Shop, name: str) -> None:
    form = asked(page, name, "Alibaba Cloud OSS")
    form.get_by_label("Region").fill("cn-shanghai")
    form.get_by_label("Bucket").fill("my-pictures")
    form.get_by_label("Role to assume").fill("acs:ram::1234567890123456:role/similis-import")
    form.get_by_label("AccessKeyId").fill("LTAIEXAMPLE")
    form.get_by_label("AccessKeySecret").fill("a secret")
    form.get_by_label("Instances").select_option("Only some")
    form.get_by_label(PHOTOS, exact=True).check()
    make(form)
    expect(row(page, name)).to_contain_text("cn-shanghai · my-pictures")
    expect(row(page, name)).to_contain_text("Stored")
    told = stored(shop, name)
    assert told["role_arn"] == "acs:ram::1234567890123456:role/similis-import"
    assert (told["access_key_id"], told["instances"]) == ("LTAIEXAMPLE", [PHOTOS])
    assert "a secret" not in page.content()


def test_s3_is_connected_by_what_the_service_has(page: Page, shop: Shop, name: str) -> None:
    form = asked(page, name, "S3 or compatible")
    form.get_by_label("Endpoint").fill("http://127.0.0.1:9000")
    make(form)
    expect(row(page, name)).to_contain_text("Of the service")
    assert (stored(shop, name)["provider"], stored(shop, name)["endpoint"]) == ("s3", "http://127.0.0.1:9000")


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("Role to assume", "admin", "acs:ram::<account number>:role/<name>"),
        ("AccessKeyId", "LTAIEXAMPLE", "Give access_key_id and access_key_secret"),
    ],
)
def test_mistakes_are_told_in_the_form(
    page: Page, troubles: Troubles, name: str, field: str, value: str, told: str
) -> None:
    troubles.expect_refusal(400)
    form = asked(page, name, "Alibaba Cloud OSS")
    form.get_by_label(field).fill(value)
    make(form)
    expect(form.get_by_role("alert")).to_contain_text(told)
    expect(form.get_by_label("Name")).to_have_value(name)


def test_directories_that_are_not_allowed_are_refused(page: Page, troubles: Troubles, name: str) -> None:
    troubles.expect_refusal(403)
    form = asked(page, name, "Directory of the service's machine")
    form.get_by_label("Directory", exact=True).fill("/etc")
    make(form)
    expect(form.get_by_role("alert")).to_contain_text("SIMILIS_IMPORT_ROOTS")


def test_a_connection_is_deleted_once_that_is_confirmed(page: Page, shop: Shop, storage: Path, name: str) -> None:
    folder_connection(shop, name, storage)
    visit(page, "connections")
    page.get_by_role("button", name=f"Delete {name}").click()
    page.keyboard.press("Escape")
    expect(row(page, name)).to_be_visible()
    page.get_by_role("button", name=f"Delete {name}").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The connection is deleted.")).to_be_visible()
    expect(row(page, name)).to_have_count(0)
    expect(page.get_by_role("button", name="Make a connection")).to_be_focused()
    assert shop.operator.get(f"/api/v1/connections/{name}").status_code == 404


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_it_fits_a_phone(visit_as: Visitor, shop: Shop, storage: Path, name: str, locale: str) -> None:
    folder_connection(shop, name, storage)
    page = visit_as("admin", width=360, theme="dark", locale=locale)
    visit(page, "connections")
    assert overflow(page) == 0
    assert violations(page) == []
