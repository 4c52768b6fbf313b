r"""The filter language: `int_attr>=2 AND str_attr="red"` becomes a small syntax tree.

Comparisons are joined by AND and OR, AND binding tighter; parentheses, `in (…)` and `not in (…)` work; strings stand
in double quotes with ``\"`` and ``\\`` as escapes; keywords and the camelCase field names are read in any case.
An absent attribute matches nothing, negated operators included.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal, TypeAlias

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput, UnexpectedToken, VisitError

from similis.domain._attributes import INT32, INT_FIELDS, STR_FIELDS, Attributes
from similis.domain._errors import InvalidFilter

MAX_FILTER = 4096
MAX_DEPTH = 64
Operator: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">="]
Value: TypeAlias = int | str

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Comparison:
    """`field operator value`."""

    field: str
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class Membership:
    """`field in (values)`, or `field not in (values)` when negated."""

    field: str
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class All:
    """Every term holds."""

    terms: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one term holds."""

    terms: tuple[Filter, ...]


Filter: TypeAlias = Comparison | Membership | All | Either

_STRING = r'"(?:[^"\\]|\\.)*"'
_GRAMMAR = rf"""
    ?start: either
    ?either: all (_OR all)*
    ?all: term (_AND term)*
    ?term: comparison | membership | "(" either ")"
    comparison: FIELD OPERATOR (INTEGER | STRING)
    membership: FIELD [NOT] _IN "(" (INTEGER | STRING) ("," (INTEGER | STRING))* ")"
    FIELD: /(int_?attr|str_?attr)[234]?(?![A-Za-z0-9_])/i
    OPERATOR: ">=" | "<=" | "!=" | ">" | "<" | "="
    INTEGER: /[+-]?[0-9]+/
    STRING: /{_STRING}/
    _AND.2: /and(?![A-Za-z0-9_])/i
    _OR.2: /or(?![A-Za-z0-9_])/i
    _IN.2: /in(?![A-Za-z0-9_])/i
    NOT.2: /not(?![A-Za-z0-9_])/i
    %import common.WS
    %ignore WS
"""
_PARSER = Lark(_GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=True)
_READABLE = {
    "FIELD": "a field (int_attr…int_attr4, str_attr…str_attr4)", "OPERATOR": "an operator (= != < <= > >=)",
    "INTEGER": "a whole number", "STRING": 'a string in double quotes', "_AND": "AND", "_OR": "OR", "_IN": "in",
    "NOT": "not in", "LPAR": "(", "RPAR": ")", "COMMA": ",", "$END": "the end",
}  # fmt: skip


def parse_filter(text: str) -> Filter:
    """Read a filter expression.

    Raises:
        InvalidFilter: with the position, what was found there and what was expected.
    """
    if len(text) > MAX_FILTER:
        raise InvalidFilter(f"The filter has {len(text)} characters.", f"At most {MAX_FILTER} are allowed.")
    if _depth(text) > MAX_DEPTH:
        raise InvalidFilter(
            "The filter is nested too deeply.", f"At most {MAX_DEPTH} parentheses may be open at once."
        )
    try:
        tree: Filter = _Builder().transform(_PARSER.parse(text))
    except UnexpectedInput as error:
        raise _explain(text, error) from None
    except VisitError as error:
        if isinstance(error.orig_exc, InvalidFilter):
            raise error.orig_exc from None
        raise
    return tree


def filter_fields(tree: Filter) -> frozenset[str]:
    """The names of the attributes that a filter looks at."""
    if isinstance(tree, All | Either):
        return frozenset().union(*map(filter_fields, tree.terms))
    return frozenset({tree.field})


def _depth(text: str) -> int:
    """The most parentheses that are open at once, those in strings not counted."""
    steps = ((character == "(") - (character == ")") for character in re.sub(_STRING, "", text))
    return max(accumulate(steps), default=0)


def matches(tree: Filter, attributes: Attributes) -> bool:
    """Whether attributes satisfy a filter: the plain meaning that every back end is compared with."""
    if isinstance(tree, All):
        return all(matches(term, attributes) for term in tree.terms)
    if isinstance(tree, Either):
        return any(matches(term, attributes) for term in tree.terms)
    value = getattr(attributes, tree.field)
    if value is None:
        return False
    if isinstance(tree, Membership):
        return (value in tree.values) != tree.negated
    return _COMPARE[tree.operator](value, tree.value)


class _Builder(Transformer[Token, Filter]):
    """Turns lark's tree into ours and checks types, which the grammar leaves open for the sake of clear messages."""

    def FIELD(self, token: Token) -> Token:  # noqa: N802 - lark calls it by the terminal's name
        name = token.lower().replace("intattr", "int_attr").replace("strattr", "str_attr")
        return token.update(value=name)

    def INTEGER(self, token: Token) -> int:  # noqa: N802
        return int(token)

    def STRING(self, token: Token) -> str:  # noqa: N802
        return re.sub(r"\\(.)", r"\1", token[1:-1])

    def comparison(self, parts: list[Any]) -> Comparison:
        field, symbol, value = parts
        _check_type(field, value)
        if field in STR_FIELDS and symbol not in {"=", "!="}:
            raise InvalidFilter(
                f"'{field} {symbol}' at character {field.start_pos + 1}: strings have no order.",
                "Use = , != , in or not in with str_attr.",
            )
        return Comparison(str(field), str(symbol), value)  # type: ignore[arg-type] # the grammar allows only these

    def membership(self, parts: list[Any]) -> Membership:
        field, negated, *values = parts
        for value in values:
            _check_type(field, value)
        return Membership(str(field), tuple(values), negated is not None)

    def all(self, terms: list[Filter]) -> All:
        return All(tuple(terms))

    def either(self, terms: list[Filter]) -> Either:
        return Either(tuple(terms))


def _check_type(field: Token, value: Value) -> None:
    position = (field.start_pos or 0) + 1
    if isinstance(value, int) and value not in INT32:
        raise InvalidFilter(
            f"{field} at character {position} is compared with a number beyond 32 bits.",
            "Give a whole number within ±2,147,483,647.",
        )
    if (field in INT_FIELDS) != isinstance(value, int):
        wanted = "a whole number" if field in INT_FIELDS else "a string in double quotes"
        raise InvalidFilter(
            f"{field} at character {position} is compared with {value!r}.", f"{field} takes {wanted}."
        )


def _explain(text: str, error: UnexpectedInput) -> InvalidFilter:
    position = _position(text, error)
    found = repr(text[position : position + 20]) if position < len(text) else "the end"
    wanted = " or ".join(sorted({_READABLE.get(name, name) for name in _expected(error)}))
    return InvalidFilter(
        f"The filter cannot be read at character {position + 1}: found {found}, expected {wanted}.",
        'Example: int_attr>=2 AND str_attr="red".',
    )


def _position(text: str, error: UnexpectedInput) -> int:
    at_end = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    return len(text) if at_end or error.pos_in_stream is None else error.pos_in_stream


def _expected(error: UnexpectedInput) -> Collection[str]:
    if isinstance(error, UnexpectedToken):
        return error.accepts or error.expected
    return getattr(error, "allowed", None) or ()
