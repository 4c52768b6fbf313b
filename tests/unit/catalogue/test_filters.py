from collections.abc import Callable
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from similis.catalogue import Catalogue, NewPicture
from similis.domain import (
    INT_FIELDS,
    STR_FIELDS,
    All,
    Comparison,
    Either,
    Filter,
    Instance,
    Membership,
    matches,
)

MakePicture: TypeAlias = Callable[..., NewPicture]

_WORDS = st.sampled_from(["", "a", "A", "ä", "a ", "1", "'", "a_", "π" * 3, "😀"]) | st.text(
    st.characters(exclude_characters="\\¥$&%\x00", exclude_categories=["Cs"]), max_size=3
)
_NUMBERS = st.sampled_from([-(2**31), -1, 0, 1, 2, 2**31 - 1])
_BEYOND = st.sampled_from([2**31, -(2**31) - 1, 2**63, -(2**63) - 1, 10**30, -(10**30)])
_ATTRIBUTES = st.fixed_dictionaries(
    {name: st.none() | _NUMBERS for name in INT_FIELDS} | {name: st.none() | _WORDS for name in STR_FIELDS}
)


def _few(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(values, min_size=1, max_size=4).map(tuple)


_ANY_NUMBER = _NUMBERS | _BEYOND
_ANY_WORD = _WORDS | st.sampled_from(["\x00", "a\x00", "\ud800"])
_LEAVES: st.SearchStrategy[Filter] = st.one_of(
    st.builds(
        Comparison, st.sampled_from(INT_FIELDS), st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), _ANY_NUMBER
    ),
    st.builds(Comparison, st.sampled_from(STR_FIELDS), st.sampled_from(["=", "!="]), _ANY_WORD),
    st.builds(Membership, st.sampled_from(INT_FIELDS), _few(_ANY_NUMBER), st.booleans()),
    st.builds(Membership, st.sampled_from(STR_FIELDS), _few(_ANY_WORD), st.booleans()),
)
_FILTERS = st.recursive(
    _LEAVES,
    lambda inner: st.builds(All, _few(inner)) | st.builds(Either, _few(inner)),
    max_leaves=6,
)


@pytest.mark.slow
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(_ATTRIBUTES, min_size=1, max_size=8), trees=st.lists(_FILTERS, min_size=1, max_size=8))
@example(rows=[{"int_attr": None}], trees=[Membership("int_attr", (10**30,), negated=True)])
def test_sql_selects_what_the_filter_means(
    catalogue: Catalogue,
    instance: Instance,
    new_picture: MakePicture,
    rows: list[dict[str, Any]],
    trees: list[Filter],
) -> None:
    catalogue.delete(instance, "p")
    catalogue.add(instance, [new_picture("p", str(number), **row) for number, row in enumerate(rows)])
    numbers = catalogue.select_ids(instance, None, None).tolist()
    stored = catalogue.pictures(instance, numbers)
    for tree in trees:
        wanted = [number for number in numbers if matches(tree, stored[number].picture.attributes)]
        assert catalogue.select_ids(instance, tree, None).tolist() == wanted


def test_the_longest_filters_can_be_run(catalogue: Catalogue, instance: Instance, new_picture: MakePicture) -> None:
    catalogue.add(instance, [new_picture(int_attr=3)])
    term: Filter = Comparison("int_attr", "=", 3)
    for _ in range(64):
        term = Either((All((term, term)), term)) if isinstance(term, Comparison) else All((term,))
    assert len(catalogue.select_ids(instance, Either((term,) * 400), None)) == 1
    assert len(catalogue.select_ids(instance, Membership("int_attr", tuple(range(2048))), None)) == 1
