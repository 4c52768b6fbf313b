"""What tests of the page that adds pictures do and look at."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import httpx
from playwright.sync_api import Locator, Page, expect
from tests.browser.driving import drop, visit
from tests.browser.shop import Shop


def chosen(page: Page, instance: str, *paths: Path) -> None:
    """Open the page of an instance and drop files on it."""
    visit(page, f"add/{instance}")
    drop(page, ".drop", *paths)
    expect(page.get_by_role("table", name=None).first).to_be_visible()


def start(page: Page) -> None:
    """Begin with what was chosen."""
    page.get_by_role("button", name="Add 1 picture").or_(
        page.get_by_role("button", name="Add ").filter(has_text="pictures")
    ).click()


def ended(page: Page, text: str = "Done.") -> None:
    """It has come to an end, of which the page says this."""
    expect(progress(page).get_by_role("status")).to_have_text(text)


def progress(page: Page) -> Locator:
    """The card that tells how it goes."""
    return page.locator(".going section")


def figures(page: Page) -> dict[str, str]:
    """What the page counts, by name."""
    return {
        each.locator("span").inner_text(): each.locator("strong").inner_text()
        for each in progress(page).locator(".figure").all()
    }


def count(shop: Shop, instance: str) -> int:
    """How many pictures an instance holds."""
    told: int = shop.operator.get(f"/api/v1/instances/{instance}").json()["picture_count"]
    return told


def kept(shop: Shop, instance: str, product_id: str, pic_name: str) -> httpx.Response:
    """What the service says of a stored picture."""
    query = urlencode({"product_id": product_id, "pic_name": pic_name})
    return shop.operator.get(f"/api/v1/instances/{instance}/pictures?{query}")
