"""Filters back to text, for sending them to another service."""

from __future__ import annotations

from similis.domain._filter import All, Comparison, Either, Filter, Membership, Value


def format_filter(tree: Filter) -> str:
    """Write a filter so that `parse_filter` gives an equal tree."""
    if isinstance(tree, Comparison):
        return f"{tree.field}{tree.operator}{_literal(tree.value)}"
    if isinstance(tree, Membership):
        word = "not in" if tree.negated else "in"
        return f"{tree.field} {word}({','.join(_literal(value) for value in tree.values)})"
    if isinstance(tree, All):
        return " AND ".join(_grouped(term, (All, Either)) for term in tree.terms)
    return " OR ".join(_grouped(term, (Either,)) for term in tree.terms)


def _grouped(term: Filter, looser: tuple[type[All | Either], ...]) -> str:
    text = format_filter(term)
    return f"({text})" if isinstance(term, looser) else text


def _literal(value: Value) -> str:
    if isinstance(value, int):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
