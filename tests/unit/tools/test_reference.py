"""`docs/reference/` says what the code declares, and leaves nothing undescribed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tools.reference import DIRECTORY, PAGES
from tools.reference._cli import commands
from tools.reference._errors import errors
from tools.reference._markdown import UndescribedError, described, kind, table
from tools.reference._rest import schema
from tools.reference._words import WORDS

from similis.service import Settings

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {name: page() for name, page in PAGES.items()}


def test_the_pages_are_up_to_date(pages: dict[str, str]) -> None:
    kept = {path.name: path.read_text("utf-8") for path in DIRECTORY.glob("*.md")}
    assert kept == pages, "Make them anew: make reference"


def test_every_command_has_a_section(pages: dict[str, str]) -> None:
    sections = re.findall(r"^##+ (similis .+)$", pages["cli.md"], re.MULTILINE)
    assert sections == [each.name for each in commands()[1:]]
    assert {"similis serve", "similis key create", "similis audit privacy"} <= set(sections)


def test_every_variable_that_the_code_names_is_described(pages: dict[str, str]) -> None:
    named = {
        name
        for path in (ROOT / "src").rglob("*.py")
        for name in re.findall(r"\bSIMILIS_[A-Z_]*[A-Z]\b", path.read_text("utf-8"))
    }
    told = set(re.findall(r"`(SIMILIS_\w+)`", pages["settings.md"]))
    assert named <= told
    assert {f"SIMILIS_{name.upper()}" for name in Settings.model_fields} <= told


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in errors()]
    shared = {code for code in codes if codes.count(code) > 1}
    assert shared <= {"not_found"}  # a path that leads nowhere is answered as what does not exist


def test_every_word_of_the_glossary_is_needed() -> None:
    assert set(WORDS) <= {name for name, field in _everything(schema()) if "description" not in field}


def test_what_has_no_description_is_refused() -> None:
    with pytest.raises(UndescribedError, match="word"):
        described("word", " ")
    assert described("word", "two\n  lines") == "two lines"


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"type": "integer", "minimum": 1, "exclusiveMaximum": 9}, "integer ≥ 1 < 9"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string"),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, "list of `a`, `b`"),
        ({"$ref": "#/components/schemas/TaskAnswer"}, "[TaskAnswer](#taskanswer)"),
    ],
)
def test_kinds(declared: dict[str, Any], words: str) -> None:
    assert kind(declared) == words


def test_a_cell_neither_ends_early_nor_looks_like_html() -> None:
    assert table(("a", "b"), [("x|y", "<z> `<z>`")]) == ["", "| a | b |", "|---|---|", "| x/y | &lt;z> `<z>` |", ""]
    assert table(("a",), []) == []


def _everything(node: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every named part of a description: parameters, and properties at any depth."""
    if isinstance(node, dict):
        if isinstance(node.get("name"), str) and "in" in node:
            yield node["name"], node["schema"]
        properties = node.get("properties")
        yield from properties.items() if isinstance(properties, dict) else ()
        for each in node.values():
            yield from _everything(each)
    elif isinstance(node, list):
        for each in node:
            yield from _everything(each)
