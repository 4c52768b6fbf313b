"""Pages that name a test for each of their rows: none is left out, and each that is named is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs" / "faults.md", ROOT / "docs" / "threat-model.md"]
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
_CELL = re.compile(r"(?<!\\)\|")

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def _rows(page: Path) -> Iterator[list[str]]:
    """The cells of each row of the tables that have a column of tests, which is the last one."""
    columns: list[str] = []
    for line in page.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in _CELL.split(line)[1:-1]] if line.startswith("|") else []
        if not cells or not columns:
            columns = cells
        elif columns[-1] == "test" and not set(line) <= set("|-: "):
            yield cells


@cache
def _tests_in(file: str) -> frozenset[str]:
    parsed = ast.parse((ROOT / file).read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(parsed) if isinstance(node, ast.FunctionDef))


@pages
def test_each_row_has_its_test(page: Path) -> None:
    rows = list(_rows(page))
    assert len(rows) > 20
    assert [cells[0] for cells in rows if not _TEST.search(cells[-1]) or _TEST.sub("", cells[-1]).strip()] == []


@pages
def test_each_test_that_is_named_is_there(page: Path) -> None:
    named = _TEST.findall(page.read_text("utf-8"))
    assert [f"{file}::{test}" for file, test in named if test not in _tests_in(file)] == []


def test_each_threat_says_what_kind_it_is_and_what_stands_against_it() -> None:
    rows = list(_rows(ROOT / "docs" / "threat-model.md"))
    assert {kind for threat, *_ in rows for kind in threat.partition(":")[0]} == set("STRIDE")
    assert [threat for threat, *_ in rows if not re.match(r"[STRIDE]: ", threat)] == []
    assert [threat for threat, against, *_ in rows if not against] == []
