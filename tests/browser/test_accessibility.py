"""Every page for everyone: axe finds nothing, it is as wide as its window, and a keyboard is enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, Literal

import pytest
from playwright.sync_api import Page, expect
from tests.browser.accessibility import overflow, violations
from tests.browser.driving import prefer, visit
from tests.browser.routes import ROUTES

Visitor = Callable[..., Page]
THEMES: Sequence[Literal["light", "dark"]] = ("light", "dark")
NARROW, WIDE = 360, 1280
REFLOW = 320  # what WCAG's 1.4.10 asks for

# What can be reached by Tab; of radio buttons of one name only one can.
_CONTROLS = """() => [...document.querySelectorAll(
  "a[href], button, input:not([type=radio]), select, textarea, summary, [tabindex]:not([tabindex^='-'])")]
  .filter((each) => !each.disabled && !each.closest("[inert]") && each.tabIndex >= 0
    && each.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true }))
  .forEach((each, index) => { each.dataset.stop = index; })"""
_STOP = """() => {
  const focused = document.activeElement;
  if (!focused || focused === document.body) return null;
  // A file input is hidden below the words that are its label, which show the focus for it.
  const shown = focused.matches("input[type=file]") ? focused.closest("label") ?? focused : focused;
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(shown);
  const { left, top, width, height } = shown.getBoundingClientRect();
  const above = document.elementFromPoint(left + width / 2, top + Math.min(height, innerHeight - top) / 2);
  return {
    stop: focused.dataset.stop ?? "", element: shown.outerHTML.slice(0, 200),
    marked: (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2) || boxShadow !== "none",
    seen: Boolean(above) && (shown.contains(above) || above.contains(shown)),
  };
}"""
_MOST_STOPS = 150


@pytest.mark.parametrize("name", ROUTES)
def test_axe_finds_nothing_on_a_page(page: Page, name: str) -> None:
    visit(page, ROUTES[name])
    assert _everywhere(page, practices=True) == {}


def test_axe_finds_nothing_at_the_sign_in(visitor: Page) -> None:
    visit(visitor)
    assert _everywhere(visitor, practices=True) == {}


def test_axe_finds_nothing_in_the_menu_of_a_small_window(visit_as: Visitor) -> None:
    page = visit_as("admin", width=NARROW)
    visit(page)
    page.get_by_role("button", name="Menu").click()
    assert _everywhere(page, practices=False, widths=(NARROW,)) == {}


@pytest.mark.parametrize("name", ROUTES)
def test_no_page_is_wider_than_a_small_window(page: Page, name: str) -> None:
    visit(page, ROUTES[name])
    wider = {}
    for language, main in (("en", "main"), ("zh", "html[lang=zh-CN] main")):
        page.get_by_role("combobox", name="Language").or_(page.get_by_label("语言")).select_option(language)
        page.locator(f"{main}[data-ready]").wait_for()
        for width in (NARROW, REFLOW):
            page.set_viewport_size({"width": width, "height": 800})
            wider[language, width] = overflow(page)
    assert not any(wider.values()), wider


@pytest.mark.parametrize("name", ROUTES)
def test_the_keyboard_reaches_every_control_and_shows_where_it_is(page: Page, name: str) -> None:
    visit(page, ROUTES[name])
    page.evaluate(_CONTROLS)
    controls = page.locator("[data-stop]").count()
    stops = _stops(page)
    assert {stop["stop"] for stop in stops} >= {str(number) for number in range(controls)}
    assert [stop["element"] for stop in stops if not stop["marked"]] == []
    assert [stop["element"] for stop in stops if not stop["seen"]] == []


def test_the_first_stop_skips_to_the_page(page: Page) -> None:
    visit(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


def test_another_page_is_told_by_the_focus_on_its_heading(page: Page) -> None:
    visit(page)
    page.get_by_role("link", name="Health").press("Enter")
    expect(page.get_by_role("heading", level=1, name="Health")).to_be_focused()


def test_escape_folds_the_menu_of_a_small_window(visit_as: Visitor) -> None:
    page = visit_as("admin", width=NARROW)
    visit(page)
    menu = page.get_by_role("button", name="Menu")
    menu.press("Enter")
    expect(page.get_by_role("navigation")).to_be_visible()
    expect(page.get_by_role("combobox", name="Instance")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("navigation")).to_be_hidden()
    expect(menu).to_be_focused()


def _everywhere(page: Page, *, practices: bool, widths: Sequence[int] = (WIDE, NARROW)) -> dict[str, list[str]]:
    """What axe finds wrong in each theme and width."""
    found = {}
    for theme, width in product(THEMES, widths):
        prefer(page, theme)
        page.set_viewport_size({"width": width, "height": 800})
        found[f"{theme}, {width} px"] = violations(page, practices=practices)
    return {where: wrong for where, wrong in found.items() if wrong}


def _stops(page: Page) -> list[dict[str, Any]]:
    """Where Tab leads, from the page's beginning until it leaves the page."""
    stops: list[dict[str, Any]] = []
    for _ in range(_MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(_STOP)
        if stop is None:
            return stops
        stops.append(stop)
    raise AssertionError(f"Tab does not leave the page: {stops[-3:]}")
