"""Filters as Milvus reads them.

Milvus before 2.5 knows no absent values: an absent attribute is kept as a value that no present one can have, and
comparisons that this value would satisfy are joined with one that it does not. Values stand in the expression itself,
for the parameters of filters fail on such servers.
"""

from __future__ import annotations

import json

from similis.domain import INT32, STR_FIELDS, All, Category, Comparison, Either, Filter, Membership

ABSENT_INT = INT32.start - 1
ABSENT_STR = "$"  # not allowed in attributes
_NEVER_IN_TEXT = frozenset(("\x00", *map(chr, range(0xD800, 0xE000))))
_SYMBOLS = {"=": "=="}
_UNGUARDED = {"=", ">", ">="}


def expression(tree: Filter | None, category: Category | None) -> str:
    """Return the boolean expression for a filter and a category, empty where everything may be found."""
    terms = [] if category is None else [f"category == {category.value}"]
    if tree is not None:
        terms.append(_compiled(tree))
    return " and ".join(terms)


def _compiled(tree: Filter) -> str:
    if isinstance(tree, All | Either):
        joined = " and " if isinstance(tree, All) else " or "
        return "(" + joined.join(_compiled(term) for term in tree.terms) + ")"
    if isinstance(tree, Membership):
        values = ", ".join(_literal(value) for value in tree.values)
        return _guarded(f"{tree.field} {'not in' if tree.negated else 'in'} [{values}]", tree)
    return _guarded(f"{tree.field} {_SYMBOLS.get(tree.operator, tree.operator)} {_literal(tree.value)}", tree)


def _guarded(term: str, tree: Comparison | Membership) -> str:
    """Join a term that an absent attribute may satisfy with one that only present attributes do."""
    values = tree.values if isinstance(tree, Membership) else (tree.value,)
    safe = not tree.negated if isinstance(tree, Membership) else tree.operator in _UNGUARDED
    if safe and all(isinstance(value, int) or _literal(value) != _literal(ABSENT_STR) for value in values):
        return term
    absent = ABSENT_STR if tree.field in STR_FIELDS else ABSENT_INT
    return f"({term} and {tree.field} != {_literal(absent)})"


def _literal(value: int | str) -> str:
    if isinstance(value, int):
        return str(value)
    # No attribute has such characters, and the server would refuse them.
    return json.dumps(value if _NEVER_IN_TEXT.isdisjoint(value) else ABSENT_STR, ensure_ascii=False)
