"""Pictures of all pages, to be looked at: in three widths and both themes, `search-360-dark.png` and so on.

They go to the folder that SIMILIS_SCREENSHOTS names, else to `build/screenshots`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from tests.browser.driving import drop, visit
from tests.browser.routes import ROUTES
from tests.browser.shop import CLOTHES, photo

Visitor = Callable[..., Page]
FOLDER = Path(os.environ.get("SIMILIS_SCREENSHOTS", "build/screenshots"))
WIDTHS = (360, 768, 1440)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ROUTES)
def test_a_page(visit_as: Visitor, name: str, theme: str) -> None:
    page = visit_as("admin", theme=theme)
    visit(page, ROUTES[name])
    _take(page, name, theme)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_sign_in(visit_as: Visitor, theme: str) -> None:
    page = visit_as(None, theme=theme)
    visit(page)
    _take(page, "sign-in", theme)


@pytest.mark.parametrize(("locale", "name"), [("en-US", "results"), ("zh-CN", "results-zh")])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_results(visit_as: Visitor, theme: str, locale: str, name: str) -> None:
    page = visit_as("admin", theme=theme, locale=locale)
    visit(page, f"search/{CLOTHES}")
    drop(page, ".drop", photo("brown-boots"))
    expect(page.get_by_text("brown-boots").first).to_be_visible()
    _take(page, name, theme)


def _take(page: Page, name: str, theme: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        path = FOLDER / f"{name}-{width}-{theme}.png"
        page.screenshot(path=path, full_page=True, animations="disabled")
        with Image.open(path) as taken:
            assert taken.width == width
            assert len(taken.convert("RGB").getcolors(1 << 24) or ()) > 20, "there is nothing on it"
