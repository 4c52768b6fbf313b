"""The filter language: what it accepts, what it means, and how it explains mistakes."""

from __future__ import annotations

import operator
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from similis.domain import (
    MAX_DEPTH,
    All,
    Attributes,
    Comparison,
    Either,
    Filter,
    InvalidFilter,
    Membership,
    filter_fields,
    format_filter,
    matches,
    parse_filter,
)

INTS = st.sampled_from(["int_attr", "int_attr2", "int_attr3", "int_attr4"])
STRS = st.sampled_from(["str_attr", "str_attr2", "str_attr3", "str_attr4"])
NUMBERS = st.integers(-5, 5)
TEXTS = st.text('ab "\\', max_size=3)
LEAVES = st.one_of(
    st.builds(Comparison, INTS, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), NUMBERS),
    st.builds(Comparison, STRS, st.sampled_from(["=", "!="]), TEXTS),
    st.builds(Membership, INTS, st.lists(NUMBERS, min_size=1, max_size=3).map(tuple), st.booleans()),
    st.builds(Membership, STRS, st.lists(TEXTS, min_size=1, max_size=3).map(tuple), st.booleans()),
)


def _joined(terms: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    several = st.lists(terms, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(All, several), st.builds(Either, several))


FILTERS = st.recursive(LEAVES, _joined, max_leaves=8)
ATTRIBUTES = st.builds(
    Attributes,
    int_attr=st.none() | NUMBERS,
    int_attr2=st.none() | NUMBERS,
    str_attr=st.none() | st.text("ab", max_size=2),
    str_attr3=st.none() | st.text("ab", max_size=2),
)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("int_attr>=100", Comparison("int_attr", ">=", 100)),
        ('str_attr!="value1"', Comparison("str_attr", "!=", "value1")),
        ("int_attr in (1,2)", Membership("int_attr", (1, 2))),
        ('str_attr2 NOT IN ("a", "b")', Membership("str_attr2", ("a", "b"), negated=True)),
        ("INT_ATTR4 = -7", Comparison("int_attr4", "=", -7)),
        (r'str_attr="say \"\\\" "', Comparison("str_attr", "=", 'say "\\" ')),
        ('str_attr="AND or not in 中文"', Comparison("str_attr", "=", "AND or not in 中文")),
    ],
)
def test_single_terms(text: str, tree: Filter) -> None:
    assert parse_filter(text) == tree


def test_and_binds_tighter_than_or_and_camel_case_is_read() -> None:
    tree = parse_filter('intAttr = 1 OR intAttr2 = 2 and strAttr = "x"')
    assert tree == Either(
        (Comparison("int_attr", "=", 1), All((Comparison("int_attr2", "=", 2), Comparison("str_attr", "=", "x"))))
    )


def test_parentheses_change_the_binding() -> None:
    tree = parse_filter("(int_attr=1 OR int_attr=2) AND int_attr2=3")
    assert isinstance(tree, All)
    assert isinstance(tree.terms[0], Either)


@given(FILTERS, ATTRIBUTES)
def test_writing_and_reading_keeps_the_meaning(tree: Filter, attributes: Attributes) -> None:
    assert matches(parse_filter(format_filter(tree)), attributes) == matches(tree, attributes)


@given(NUMBERS, NUMBERS)
def test_comparisons_mean_what_python_means(left: int, right: int) -> None:
    meanings = {
        "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    }  # fmt: skip
    for symbol, meaning in meanings.items():
        assert matches(parse_filter(f"int_attr{symbol}{right}"), Attributes(int_attr=left)) == meaning(left, right)


@pytest.mark.parametrize("text", ["int_attr=1", "int_attr!=1", "int_attr not in (1)", 'str_attr!="a"'])
def test_an_absent_attribute_matches_nothing(text: str) -> None:
    assert not matches(parse_filter(text), Attributes())


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("", 1, "the end"),
        ("int_attr>", 10, "a whole number"),
        ("colour=1", 1, "int_attr"),
        ("int_attr5=1", 1, "int_attr"),
        ("int_attr=1 AND", 15, "a field"),
        ("int_attr=1 int_attr2=2", 12, "AND or OR"),
        ("int_attr=1 XOR int_attr=2", 12, "AND or OR"),
        ("(int_attr=1", 12, ")"),
        ("int_attr=1)", 11, "AND"),
        ("int_attr=='1'", 10, "a whole number"),
        ('str_attr="open', 10, "a string in double quotes"),
        ("int_attr in ()", 14, "a whole number"),
        ('int_attr="a"', 1, "takes a whole number"),
        ("str_attr=1", 1, "takes a string"),
        ('str_attr>"a"', 1, "no order"),
        ("int_attr=1; DROP TABLE picture", 11, "';"),
    ],
)
def test_mistakes_are_explained_with_their_place(text: str, position: int, words: str) -> None:
    with pytest.raises(InvalidFilter) as caught:
        parse_filter(text)
    assert f"character {position}" in caught.value.message
    assert words in f"{caught.value.message} {caught.value.hint}"


@given(FILTERS)
def test_the_fields_of_a_filter_are_those_in_its_text(tree: Filter) -> None:
    assert filter_fields(tree) == set(re.findall("(?:int|str)_attr[2-4]?", format_filter(tree)))


def test_only_parentheses_inside_each_other_are_counted() -> None:
    beside = " OR ".join(f"int_attr in ({number})" for number in range(MAX_DEPTH + 1))
    assert matches(parse_filter(beside), Attributes(int_attr=MAX_DEPTH))
    assert matches(parse_filter(f'str_attr="{"(" * 100}"'), Attributes(str_attr="(" * 100))
    assert parse_filter("(" * MAX_DEPTH + "int_attr=1" + ")" * MAX_DEPTH) == parse_filter("int_attr=1")
    with pytest.raises(InvalidFilter, match="nested"):
        parse_filter("(" * (MAX_DEPTH + 1) + "int_attr=1" + ")" * (MAX_DEPTH + 1))


@given(st.text("()iIntNoOrRaAdDsS_ =<>!\"'\\,0123456789", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        matches(parse_filter(text), Attributes(int_attr=1))
    except InvalidFilter as error:
        assert error.message


@pytest.mark.parametrize("text", ["int_attr=1 AND " * 400 + "int_attr=1", "(" * 200 + "int_attr=1" + ")" * 200])
def test_oversized_filters_are_refused(text: str) -> None:
    with pytest.raises(InvalidFilter):
        parse_filter(text)


def test_a_number_beyond_32_bits_is_refused() -> None:
    with pytest.raises(InvalidFilter, match=r"character 5 .* 32 bits"):
        parse_filter("    int_attr=" + "9" * 4000)
