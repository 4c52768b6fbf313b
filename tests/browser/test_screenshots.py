"""Pictures of all pages, to be looked at: in three widths and both themes, `search-360-dark.png` and so on.

They go to the folder that SIMILIS_SCREENSHOTS names, else to `build/screenshots`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Literal

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from tests.browser.driving import drop, prefer, visit
from tests.browser.routes import ROUTES
from tests.browser.shop import PHOTOS, photo

Visitor = Callable[..., Page]
FOLDER = Path(os.environ.get("SIMILIS_SCREENSHOTS", "build/screenshots"))
THEMES: Sequence[Literal["light", "dark"]] = ("light", "dark")
WIDTHS = (360, 768, 1440)


@pytest.mark.parametrize("name", ROUTES)
def test_a_page(page: Page, name: str) -> None:
    visit(page, ROUTES[name])
    _take(page, name)


def test_the_sign_in(visitor: Page) -> None:
    visit(visitor)
    _take(visitor, "sign-in")


@pytest.mark.parametrize(("locale", "name"), [("en-US", "results"), ("zh-CN", "results-zh")])
def test_results(visit_as: Visitor, locale: str, name: str) -> None:
    page = visit_as("admin", locale=locale)
    visit(page, f"search/{PHOTOS}")
    drop(page, ".drop", photo("left-motorcycle"))
    expect(page.get_by_text("left-motorcycle").first).to_be_visible()
    _take(page, name)


def _take(page: Page, name: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for theme, width in product(THEMES, WIDTHS):
        prefer(page, theme)
        page.set_viewport_size({"width": width, "height": 800})
        path = FOLDER / f"{name}-{width}-{theme}.png"
        page.screenshot(path=path, full_page=True, animations="disabled")
        with Image.open(path) as taken:
            assert taken.width == width
            assert len(taken.convert("RGB").getcolors(1 << 24) or ()) > 20, "there is nothing on it"
