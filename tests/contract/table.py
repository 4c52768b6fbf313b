"""Writes the table of docs/compatibility.md: which test covers which action, parameter and error code.

Run as `python -m tests.contract.table`, or `make compatibility`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from tests.contract.covering import Test, all_tests

PAGE = Path(__file__).parents[2] / "docs" / "compatibility.md"
DATA = Path(__file__).parent / "data"
MARKED = re.compile(r"(?<=<!-- coverage -->\n).*?(?=<!-- /coverage -->)", re.DOTALL)
TITLES = {"api": "error codes", "upload": "error codes of uploads", "own": "error codes of Similis's own"}
GENERATIONS = {"2019-03-25": ("2019",), "2018-01-20": ("2018", "item")}
"""What the names of those test files have in them that are about another generation than the current one."""
ALIASES = {
    "instanceName": "instance_name", "cat_id": "cate_id", "s": "start", "n": "num", "pic_list": "pictures",
}  # fmt: skip
"""What the SDK of 2018 calls the entries of its body."""


def generated() -> str:
    """The table as Markdown."""
    tests = all_tests()
    rows, totals = [], []
    for version, actions in json.loads((DATA / "actions.json").read_text()).items():
        about = [test for test in tests if _is_about(test, version)]
        part = [row for action, names in actions.items() for row in _action_rows(about, version, action, names)]
        rows += ["", f"**{version}**", "", "| Action | Parameter | Test |", "|---|---|---|", *part]
        totals.append(_total(version, part))
    for kind, codes in json.loads((DATA / "errors.json").read_text()).items():
        title = TITLES[kind]
        part = [
            f"| {'/'.join(map(str, status))} | {code} | {_name(_first_with_code(tests, code))} |"
            for code, status in codes.items()
        ]
        rows += ["", f"**{title[0].upper() + title[1:]}**", "", "| HTTP | Code | Test |", "|---|---|---|", *part]
        totals.append(_total(title, part))
    return "\n".join(["", *totals, *rows, "", ""])


def _action_rows(tests: list[Test], version: str, action: str, parameters: list[str]) -> Iterator[str]:
    yield f"| {action} | | {_name(next((test for test in tests if action in test.words), None))} |"
    for parameter in parameters:
        spellings = {parameter, ALIASES.get(parameter, parameter)} if version == "2018-01-20" else {parameter}
        found = next((test for test in tests if _covers(test, version, action, spellings)), None)
        yield f"| | {parameter} | {_name(found)} |"


def _covers(test: Test, version: str, action: str, spellings: set[str]) -> bool:
    if version == "2018-01-20":  # parameters of that generation stand in the body, apart from the call
        return action in test.words and not spellings.isdisjoint(test.words)
    return any(test.covers(action, spelling) for spelling in spellings)


def _first_with_code(tests: list[Test], code: str) -> Test | None:
    return next((test for test in tests if code in test.codes), None)


def _is_about(test: Test, version: str) -> bool:
    file = test.name.partition("::")[0]
    other = next((each for each, marks in GENERATIONS.items() if any(mark in file for mark in marks)), None)
    return other == version if version in GENERATIONS else other is None


def _name(test: Test | None) -> str:
    return f"`{test.name}`" if test else "–"


def _total(title: str, rows: list[str]) -> str:
    covered = sum(not row.endswith("– |") for row in rows)
    return f"* {title}: {covered} of {len(rows)}"


def page() -> str:
    """The whole page with a fresh table."""
    return MARKED.sub(lambda _: generated(), PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
