"""Turns pydantic's findings into one clear error that names the fields."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from similis.domain import InvalidInput

_SHOWN = 5


def explain(findings: Sequence[Mapping[str, Any]], known: Collection[str] = ()) -> InvalidInput:
    """Return the error for what pydantic found wrong; values are not repeated, only names.

    Args:
        findings: pydantic's `errors()`.
        known: the fields there are, for the hint.
    """
    told = "; ".join(_tell(finding) for finding in findings[:_SHOWN])
    rest = f"; and {len(findings) - _SHOWN} more" if len(findings) > _SHOWN else ""
    hint = f"The fields are: {', '.join(known)}." if known else "The interface is described at /docs."
    return InvalidInput(f"{told}{rest}.", hint)


def _tell(finding: Mapping[str, Any]) -> str:
    place = [str(part) for part in finding["loc"] if part not in {"query", "path", "body", "header"}]
    name = ".".join(place)[:80] or "The body"
    kind = finding["type"]
    if kind == "extra_forbidden":
        return f"{name} is not known"
    if kind == "missing":
        return f"{name} is missing"
    return f"{name}: {finding['msg']}"
