"""The frame of the console: sign-in, languages, themes, roles, the keyboard."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from tests.browser.driving import visit
from tests.browser.shop import CLOTHES


def test_an_admin_sees_the_search_first(page: Page) -> None:
    visit(page)
    expect(page).to_have_title("Search – Similis")
    expect(page.get_by_role("combobox", name="Instance")).to_have_value(CLOTHES)
