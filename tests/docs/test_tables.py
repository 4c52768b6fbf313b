"""Each row of a table in the documentation has as many cells as its head: Markdown drops the others in silence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "training").glob("*.md")])
_BLOCK = re.compile(r"^( *)(```|~~~).*?^\1\2$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(`+).+?\1")
_BETWEEN = re.compile(r"(?<!\\)\|")


def uneven(text: str) -> Iterator[str]:
    """The rows whose number of cells is not that of their table's head."""
    lines = (line.strip() for line in _BLOCK.sub("", text).splitlines())
    for table, rows in groupby(lines, key=lambda line: line.startswith("|")):
        if table:
            head, *others = rows
            yield from (row for row in others if _cells(row) != _cells(head))


def _cells(row: str) -> int:
    return len(_BETWEEN.findall(_CODE.sub("", row)))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_rows_have_the_cells_of_their_head(page: Path) -> None:
    assert list(uneven(page.read_text("utf-8"))) == []


def test_a_row_with_a_cell_too_few_or_too_many_is_noticed() -> None:
    table = ["| a | b |", "|---|---|", "| `x|y` | 1 |", "| x \\| y | 1 |"]
    assert list(uneven("\n".join(table))) == []
    assert list(uneven("\n".join([*table, "| 1 2 |", "", "| 1 | 2 |"]))) == ["| 1 2 |"]
    assert list(uneven("\n".join([*table, "| 1 | 2 | 3 |"]))) == ["| 1 | 2 | 3 |"]
