"""Filters as Milvus reads them.

Milvus before 2.5 knows no absent values: an absent attribute is kept as a value that no present one can have, and
comparisons that this value would satisfy are joined with one that it does not. Values stand in the expression itself,
for the parameters of filters fail on such servers.
"""

from __future__ import annotations

import json

from similis.domain import STR_FIELDS, All, Category, Comparison, Either, Filter, InvalidFilter, Membership

ABSENT_INT = -(2**40)
ABSENT_STR = "$"  # not allowed in attributes
_BEYOND = 2**33  # numbers as far out or farther differ from all that attributes hold, and not more than this one does
_NEVER_IN_TEXT = frozenset(("\x00", *map(chr, range(0xD800, 0xE000))))
_DEEPEST = 45  # the server's protocol buffers may be nested 100 times, twice an operation
_SYMBOLS = {"=": "=="}
_UNGUARDED = {"=", ">", ">="}


def expression(tree: Filter | None, category: Category | None) -> str:
    """Return the boolean expression for a filter and a category, empty where everything may be found.

    Raises:
        InvalidFilter: the filter is nested more deeply than the server can read.
    """
    if tree is not None and _depth(tree) > _DEEPEST:
        raise InvalidFilter(
            "The filter is nested too deeply for the index milvus.", f"About {_DEEPEST} levels can be searched."
        )
    terms = [] if category is None else [f"category == {category.value}"]
    if tree is not None:
        terms.append(_compiled(tree))
    return " and ".join(terms)


def _compiled(tree: Filter) -> str:
    if isinstance(tree, All | Either):
        return _joined([_compiled(term) for term in tree.terms], "and" if isinstance(tree, All) else "or")
    if isinstance(tree, Membership):
        values = ", ".join(_literal(value) for value in tree.values)
        return _guarded(f"{tree.field} {'not in' if tree.negated else 'in'} [{values}]", tree)
    return _guarded(f"{tree.field} {_SYMBOLS.get(tree.operator, tree.operator)} {_literal(tree.value)}", tree)


def _depth(tree: Filter) -> int:
    """How deeply the expression is nested when read as operations of two operands."""
    if isinstance(tree, All | Either):
        return (len(tree.terms) - 1).bit_length() + max(_depth(term) for term in tree.terms)
    return 1


def _joined(terms: list[str], word: str) -> str:
    """Join in halves: the server refuses what is nested deeply, and reads a chain of n terms as nested n times."""
    if len(terms) == 1:
        return terms[0]
    middle = len(terms) // 2
    return f"({_joined(terms[:middle], word)} {word} {_joined(terms[middle:], word)})"


def _guarded(term: str, tree: Comparison | Membership) -> str:
    """Join a term that an absent attribute may satisfy with one that only present attributes do."""
    absent = _text(ABSENT_STR) if tree.field in STR_FIELDS else str(ABSENT_INT)
    values = tree.values if isinstance(tree, Membership) else (tree.value,)
    only_present = not tree.negated if isinstance(tree, Membership) else tree.operator in _UNGUARDED
    if only_present and all(_literal(value) != absent for value in values):
        return term
    return f"({term} and {tree.field} != {absent})"


def _literal(value: int | str) -> str:
    if isinstance(value, int):
        return str(max(-_BEYOND, min(value, _BEYOND)))
    # No attribute has such characters, and the server would refuse them.
    return _text(value if _NEVER_IN_TEXT.isdisjoint(value) else ABSENT_STR)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
