"""Filters as SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_

from similis.catalogue._tables import picture
from similis.domain import INT32, All, Comparison, Either, Filter, Membership, Value


def compile_filter(tree: Filter) -> ColumnElement[bool]:
    """Return the condition on table `picture` that says what the filter says.

    SQL's NULL makes a comparison unknown, which selects nothing: an absent attribute never matches, negated or not.
    """
    if isinstance(tree, All):
        return and_(*(compile_filter(term) for term in tree.terms))
    if isinstance(tree, Either):
        return or_(*(compile_filter(term) for term in tree.terms))
    if isinstance(tree, Membership):
        return _membership(tree)
    return _comparison(tree)


def _membership(tree: Membership) -> ColumnElement[bool]:
    column = picture.c[tree.field]
    values = [value for value in tree.values if _storable(value)]
    if tree.negated:
        return column.not_in(values) if values else column.is_not(None)
    return column.in_(values) if values else false()


def _comparison(tree: Comparison) -> ColumnElement[bool]:
    column: ColumnElement[Any] = picture.c[tree.field]
    if not _storable(tree.value):
        return _beyond(column, tree)
    compared: dict[str, ColumnElement[bool]] = {
        "=": column == tree.value, "!=": column != tree.value, "<": column < tree.value,
        "<=": column <= tree.value, ">": column > tree.value, ">=": column >= tree.value,
    }  # fmt: skip
    return compared[tree.operator]


def _beyond(column: ColumnElement[Any], tree: Comparison) -> ColumnElement[bool]:
    """Compare with a value that no column can hold: the answer is the same for every attribute that is present."""
    below = isinstance(tree.value, int) and tree.value > 0
    holds = tree.operator == "!=" or (tree.operator in {"<", "<="} if below else tree.operator in {">", ">="})
    return column.is_not(None) if holds else false()


def _storable(value: Value) -> bool:
    if isinstance(value, int):
        return value in INT32
    return "\x00" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
