"""Pictures of the shop's own: the page may load them however one came to it, and nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from tests.browser.driving import sign_in, visit
from tests.browser.shop import Shop, photo
from tests.browser.troubles import Troubles

TEMPLATE = "https://pictures.example/{product_id}/{pic_name}"
_WIDTH = """async (source) => {
  const picture = new Image();
  picture.src = source;
  await picture.decode().catch(() => {});
  return picture.naturalWidth;
}"""


@pytest.fixture
def shop_with_pictures(empty_shop: Shop, troubles: Troubles) -> Shop:
    """A shop with an instance whose pictures another host has, which the tests answer for."""
    empty_shop.create("shop", "generic")
    empty_shop.operator.patch("/api/v1/instances/shop", json={"picture_url": TEMPLATE}).raise_for_status()
    troubles.expect_host("pictures.example")
    return empty_shop


def _width_of(page: Page, source: str) -> int:
    """How wide a picture is that the page loads; 0 where it may not."""
    page.route("https://*.example/**", lambda route: route.fulfill(path=photo("left-motorcycle")))
    width: int = page.evaluate(_WIDTH, source)
    return width


def test_after_the_sign_in_the_page_loads_pictures_of_the_shop(
    visit_as: Callable[..., Page], shop_with_pictures: Shop
) -> None:
    page = visit_as(None, at=shop_with_pictures)
    visit(page)
    sign_in(page, shop_with_pictures.keys["reader"])
    page.locator("main[data-ready=search]").wait_for()
    assert _width_of(page, "https://pictures.example/motorcycle/front.jpg") > 0
    assert "again" not in page.url


def test_a_page_reached_from_another_site_loads_them_too(
    visit_as: Callable[..., Page], shop_with_pictures: Shop, troubles: Troubles
) -> None:
    """With the first request no cookie comes: it is for the same site only."""
    troubles.expect_host("elsewhere.example")
    page = visit_as("reader", at=shop_with_pictures)
    link = f'<!doctype html><title>Elsewhere</title><a href="{shop_with_pictures.address}/#/search/shop">Shop</a>'
    page.route("https://elsewhere.example/", lambda route: route.fulfill(body=link, content_type="text/html"))
    page.goto("https://elsewhere.example/")
    page.get_by_role("link").click()
    page.locator("main[data-ready=search]").wait_for()
    assert _width_of(page, "https://pictures.example/motorcycle/front.jpg") > 0
    assert page.url == f"{shop_with_pictures.address}/#/search/shop"


def test_from_other_hosts_nothing_is_loaded(
    visit_as: Callable[..., Page], shop_with_pictures: Shop, troubles: Troubles
) -> None:
    troubles.expect_console("Content Security Policy")
    troubles.expect_host("other.example")  # the driver tells of the request that the browser refuses to send
    page = visit_as("reader", at=shop_with_pictures)
    visit(page)
    assert _width_of(page, "https://other.example/motorcycle/front.jpg") == 0
