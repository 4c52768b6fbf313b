"""Tables and descriptions in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_OUTSIDE_CODE = re.compile(r"(`[^`]*`)|<")


class UndescribedError(Exception):
    """Something has no description, so the reference would leave its readers alone."""


def described(what: str, text: str | None) -> str:
    """The description of something, on one line.

    Raises:
        UndescribedError: there is none.
    """
    if text is None or not text.strip():
        raise UndescribedError(f"{what} has no description.")
    return " ".join(text.split())


def summary(thing: object) -> str:
    """The first paragraph of a docstring.

    Raises:
        UndescribedError: there is none.
    """
    text = thing.__doc__ or ""
    return described(getattr(thing, "__name__", str(thing)), text.strip().split("\n\n")[0])


def written(lines: Iterable[str]) -> str:
    """A page of these lines, never with two empty ones in a row."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table, with an empty one before and behind it; none without rows."""
    lines = [_row(row) for row in rows]
    return ["", _row(headings), "|" + "---|" * len(headings), *lines, ""] if lines else []


def kind(schema: Mapping[str, Any]) -> str:
    """What a JSON schema allows, in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(kind(each) for each in schema["anyOf"] if each.get("type") != "null")
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {kind(schema.get('items', {}))}"
    name = {"password": "secret"}.get(schema.get("format", "")) or schema.get("format") or schema.get("type", "any")
    return f"{name}{_bounds(schema)}"


def _bounds(schema: Mapping[str, Any]) -> str:
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    return "".join(f" {sign} {schema[name]:g}" for name, sign in signs.items() if name in schema)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def _escaped(cell: str) -> str:
    """Neither ends the cell nor looks like HTML."""
    return _OUTSIDE_CODE.sub(lambda found: found[1] or "&lt;", cell.replace("|", "/"))
