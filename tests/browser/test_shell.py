"""The frame of the console: what each role sees, languages, themes, addresses."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser.driving import visit
from tests.browser.routes import ROUTES
from tests.browser.shop import PHOTOS, Shop

Visitor = Callable[..., Page]
_READER = ["Search", "This instance", "Instances", "Health", "API reference"]
_PAGES = {
    "reader": _READER,
    "writer": ["Search", "Add pictures", "This instance", "Import and export", *_READER[2:]],
    "admin": [
        "Search", "Add pictures", "This instance", "Import and export", "Instances", "Connections", "Access keys",
        "Health", "API reference",
    ],
}  # fmt: skip
# Words of English sentences; names of products, fields and programs are the same in Chinese.
# Not within names and paths: what other tests left may be called so.
_ENGLISH = re.compile(
    r"(?<![\w/-])(the|of|and|is|are|was|to|for|with|from|not|no|your|this|that|in|on|by)(?![\w/-])", re.IGNORECASE
)
_WORDS = """() => {
  const skipped = "pre, code, script, style, [lang=en]";
  const words = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { parentElement, data } = walker.currentNode;
    if (data.trim() && !parentElement.closest(skipped) && parentElement.checkVisibility()) words.push(data.trim());
  }
  for (const element of document.querySelectorAll("[aria-label], [placeholder], [title], [alt]")) {
    for (const name of ["aria-label", "placeholder", "title", "alt"]) words.push(element.getAttribute(name) ?? "");
  }
  return words;
}"""


@pytest.mark.parametrize("role", _PAGES)
def test_a_role_sees_the_pages_that_it_may_use(visit_as: Visitor, role: str) -> None:
    page = visit_as(role)
    visit(page)
    assert page.get_by_role("navigation").get_by_role("link").all_inner_texts() == _PAGES[role]
    expect(page.get_by_text(f"Signed in as {role}")).to_be_visible()


@pytest.mark.parametrize(
    ("role", "closed"),
    [("reader", {"add", "tasks", "connections", "keys"}), ("writer", {"connections", "keys"})],
)
def test_a_page_that_a_role_may_not_use_says_so_and_asks_for_nothing(
    visit_as: Visitor, role: str, closed: set[str]
) -> None:
    page = visit_as(role)
    told = set()
    for name, route in ROUTES.items():
        visit(page, route)
        if page.get_by_text("Your access key may not use this page.").is_visible():
            told.add(name)
            expect(page.get_by_role("main").locator("button, input, select")).to_have_count(0)
    assert told == closed


def test_a_key_of_one_instance_sees_only_that(visit_as: Visitor, shop: Shop) -> None:
    own = shop.instance()
    page = visit_as(shop.key("admin", instances=[own]))
    visit(page, f"search/{PHOTOS}")
    expect(page).to_have_url(re.compile(f"#/search/{own}$"))
    assert page.get_by_role("combobox", name="Instance").locator("option").all_inner_texts() == [own]
    expect(page.get_by_role("link", name="Access keys")).to_have_count(0)
    visit(page, "keys")
    expect(page.get_by_text("Your access key may not use this page.")).to_be_visible()


def test_an_address_that_names_nothing_leads_to_the_search(page: Page) -> None:
    visit(page, "no-such-page/no-such-instance")
    expect(page).to_have_title("Search – Similis")
    expect(page.get_by_role("combobox", name="Instance")).not_to_have_value("")


def test_the_picker_leads_to_the_same_page_of_another_instance(page: Page, shop: Shop) -> None:
    other = shop.instance()
    visit(page, f"instance/{PHOTOS}")
    page.get_by_role("combobox", name="Instance").select_option(other)
    expect(page).to_have_url(re.compile(f"#/instance/{other}$"))


def test_the_way_back_leads_back(page: Page) -> None:
    visit(page, f"search/{PHOTOS}")
    page.get_by_role("link", name="Health").click()
    expect(page).to_have_title("Health – Similis")
    page.go_back()
    expect(page).to_have_title("Search – Similis")


def test_another_language_is_chosen_and_kept(page: Page) -> None:
    visit(page)
    page.get_by_role("combobox", name="Language").select_option("zh")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.get_by_role("heading", level=1, name="搜索")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", level=1, name="搜索")).to_be_visible()
    assert page.evaluate("Object.keys(localStorage)") == ["similis.language"]


@pytest.mark.parametrize("name", ROUTES)
def test_a_page_in_chinese_has_no_english_left(visit_as: Visitor, name: str) -> None:
    page = visit_as("admin", locale="zh-CN")
    visit(page, ROUTES[name])
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    left = [words for words in page.evaluate(_WORDS) if _ENGLISH.search(words)]
    assert not left


def test_the_sign_in_in_chinese_has_no_english_left(visit_as: Visitor) -> None:
    page = visit_as(None, locale="zh-CN")
    visit(page)
    expect(page.get_by_role("heading", name="登录")).to_be_visible()
    assert [words for words in page.evaluate(_WORDS) if _ENGLISH.search(words)] == []


def test_a_theme_is_chosen_kept_and_given_up(page: Page) -> None:
    visit(page)
    theme = page.get_by_role("combobox", name="Theme")
    light = _ground(page)
    theme.select_option("dark")
    dark = _ground(page)
    assert dark < 60
    assert light > 200
    page.reload()
    expect(theme).to_have_value("dark")
    assert _ground(page) == dark
    theme.select_option("auto")
    assert _ground(page) == light
    assert page.evaluate("Object.keys(localStorage)") == []


def test_the_theme_of_the_system_holds_without_a_choice(visit_as: Visitor) -> None:
    page = visit_as("admin", theme="dark")
    visit(page)
    assert _ground(page) < 60
    page.get_by_role("combobox", name="Theme").select_option("light")
    assert _ground(page) > 200


def _ground(page: Page) -> int:
    """How light the page's ground is, 0 to 255."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return max(int(part) for part in re.findall(r"\d+", colour)[:3])
