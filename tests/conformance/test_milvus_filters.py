"""Filters mean on a real Milvus what `similis.domain.matches` says."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.servers.milvus_server import MilvusServer as RealMilvus

from similis.domain import (
    INT_FIELDS,
    STR_FIELDS,
    All,
    Attributes,
    Category,
    Comparison,
    Either,
    Filter,
    InvalidFilter,
    Membership,
    matches,
)
from similis.engine import (
    Change,
    IndexSpec,
    MilvusConsistency,
    MilvusIndex,
    MilvusServer,
    MilvusSettings,
    Operation,
    OwnProgress,
)

_DIMENSION = 4
_NUMBERS: list[int | None] = [None, -(2**31), -1, 0, 1, 2, 2**31 - 1]
_WORDS: list[str | None] = [
    None,
    "",
    "a",
    "A",
    "ä",
    "a ",
    "1",
    "'",
    '"',
    "a_",
    "line\nbreak",
    "\t\x01",
    "π" * 128,
    "😀" * 128,
]


def _attributes(number: int) -> Attributes:
    values: dict[str, Any] = {}
    for names, choice in ((INT_FIELDS, _NUMBERS), (STR_FIELDS, _WORDS)):
        values |= {name: choice[number // place % len(choice)] for place, name in enumerate(names, 1)}
    return Attributes(**values)


_ROWS = {number: _attributes(number) for number in range(1, 71)}


def _few(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(values, min_size=1, max_size=4).map(tuple)


_ANY_NUMBER = st.sampled_from([*_NUMBERS[1:], 2**31, -(2**31) - 1, -(2**40), 2**63, 10**30, -(10**30)])
_ANY_WORD = st.sampled_from([*_WORDS[1:], "$", "\\", "\\n", "%", "\x00", "\ud800", "x" * 4000]) | st.text(max_size=3)
_LEAVES: st.SearchStrategy[Filter] = st.one_of(
    st.builds(
        Comparison, st.sampled_from(INT_FIELDS), st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), _ANY_NUMBER
    ),
    st.builds(Comparison, st.sampled_from(STR_FIELDS), st.sampled_from(["=", "!="]), _ANY_WORD),
    st.builds(Membership, st.sampled_from(INT_FIELDS), _few(_ANY_NUMBER), st.booleans()),
    st.builds(Membership, st.sampled_from(STR_FIELDS), _few(_ANY_WORD), st.booleans()),
)
_FILTERS = st.recursive(
    _LEAVES, lambda inner: st.builds(All, _few(inner)) | st.builds(Either, _few(inner)), max_leaves=6
)


@pytest.fixture(scope="module")
def served(milvus_server: RealMilvus) -> Iterator[MilvusIndex]:
    """An index that has everything on the server and nothing in its tail."""
    server = MilvusServer(MilvusSettings(milvus_server.uri, consistency=MilvusConsistency.STRONG))
    index = MilvusIndex(server, "filters", OwnProgress(), staleness=0)
    index.open(IndexSpec(_DIMENSION))
    vector = np.ones(_DIMENSION, np.float32)
    index.apply(
        Change(number, Operation.ADD, number, vector, _category(number), row) for number, row in _ROWS.items()
    )
    assert index.count() == len(_ROWS)
    index.applied_seq()
    # All is there from now on, and need not be waited for.
    server.settings = MilvusSettings(milvus_server.uri)
    yield index
    index.drop()


def _category(number: int) -> Category:
    return Category.BAG if number % 3 else Category.TOY


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=_FILTERS, category=st.sampled_from([None, Category.BAG, Category.SHOES]))
@example(tree=Membership("int_attr", (10**30,), negated=True), category=None)
@example(tree=Comparison("str_attr", "=", "$"), category=None)
@example(
    tree=Either((Comparison("int_attr", "<", -(2**31) + 1), Comparison("str_attr", "!=", "\x00"))), category=None
)
def test_a_filter_finds_what_it_means(served: MilvusIndex, tree: Filter, category: Category | None) -> None:
    [hits] = served.search(np.ones((1, _DIMENSION), np.float32), len(_ROWS), tree, category)
    wanted = {number for number, row in _ROWS.items() if matches(tree, row) and category in {None, _category(number)}}
    assert {hit.picture_id for hit in hits} == wanted


def test_long_and_deep_filters_can_be_run(served: MilvusIndex) -> None:
    one: Filter = Comparison("int_attr", "=", 1)
    for tree in (Either((one,) * 2000), Membership("int_attr", tuple(range(1, 2048))), _nested(one, 44)):
        [hits] = served.search(np.ones((1, _DIMENSION), np.float32), 1, tree)
        assert len(hits) == 1


def test_a_filter_too_deep_for_the_server_is_the_callers_mistake(served: MilvusIndex) -> None:
    with pytest.raises(InvalidFilter, match="nested"):
        served.search(np.ones((1, _DIMENSION), np.float32), 1, _nested(Comparison("int_attr", "=", 1), 60))


def _nested(term: Filter, depth: int) -> Filter:
    tree = term
    for level in range(depth):
        tree = All((term, tree)) if level % 2 else Either((term, tree))
    return tree
