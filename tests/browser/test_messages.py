"""English and Chinese: every message is there in both."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route
from tests.browser.driving import visit
from tests.browser.routes import STATIC

# main.js draws and theme.js is no module; all others only define things.
MODULES = sorted(
    path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.js") if path.name not in {"main.js", "theme.js"}
)
_TABLES = """async (modules) => {
  for (const module of modules) await import(`/console/${module}`);
  const { tables } = await import("/console/i18n.js");
  return { en: Object.fromEntries(tables.en), zh: Object.fromEntries(tables.zh) };
}"""
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@pytest.fixture
def tables(visitor: Page) -> dict[str, dict[str, str]]:
    """The messages of all modules in both languages, which the module keeps for itself."""

    def opened(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=response.text() + "\nexport { tables };\n")

    visitor.route("**/console/i18n.js", opened)
    visit(visitor)
    found: Any = visitor.evaluate(_TABLES, MODULES)
    assert isinstance(found, dict)
    return found


def test_both_languages_have_the_same_messages_with_the_same_places(tables: dict[str, dict[str, str]]) -> None:
    english, chinese = tables["en"], tables["zh"]
    assert len(english) > 50
    assert english.keys() == chinese.keys()
    unlike = {key for key in english if _places(english[key]) != _places(chinese[key])}
    assert not unlike


def test_messages_are_in_the_language_that_they_are_said_to_be(tables: dict[str, dict[str, str]]) -> None:
    left = {
        key: text
        for key, text in tables["zh"].items()
        if not _CHINESE.search(text) and _has_words(text) and text == tables["en"][key]
    }
    assert not left
    assert not {key: text for key, text in tables["en"].items() if _CHINESE.search(text)}


def _places(text: str) -> list[str]:
    return sorted(_PLACEHOLDER.findall(text))


def _has_words(text: str) -> bool:
    """Whether two words follow each other; names and addresses are the same in both languages."""
    return bool(re.search(r"[A-Za-z]{3,} [A-Za-z]{3,}", text))
