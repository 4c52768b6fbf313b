"""What every index must do; each scenario runs on every kind."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from similis.domain import Category, Filter, parse_filter
from similis.engine import Change, Hit, Operation, VectorIndex

Shelf: TypeAlias = Any  # the class lives in conftest.py, which tests cannot import
_DIMENSION = 8


def _axis(number: int, tilt: float = 0.0) -> NDArray[np.float32]:
    vector = np.zeros(_DIMENSION, dtype=np.float32)
    vector[number], vector[(number + 1) % _DIMENSION] = 1.0, tilt
    return vector


def _add(seq: int, picture_id: int, vector: NDArray[np.float32] | None) -> Change:
    return Change(seq, Operation.ADD, picture_id, vector)


def _remove(seq: int, picture_id: int) -> Change:
    return Change(seq, Operation.REMOVE, picture_id)


def _update(seq: int, picture_id: int) -> Change:
    return Change(seq, Operation.UPDATE, picture_id)


def _ids(hits: list[Hit]) -> list[int]:
    return [hit.picture_id for hit in hits]


def _query(*vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.stack(vectors)


def test_an_empty_index_finds_nothing(index: VectorIndex) -> None:
    assert index.search(_query(_axis(0), _axis(1)), 5) == [[], []]
    assert (index.count(), index.applied_seq()) == (0, 0)


def test_the_best_come_first(index: VectorIndex, shelf: Shelf) -> None:
    for number in range(1, 5):
        shelf.put(number)
    index.apply([_add(number, number, _axis(0, tilt=(5 - number) / 2)) for number in range(1, 5)])
    (hits,) = index.search(_query(_axis(0)), 3)
    assert _ids(hits) == [4, 3, 2]
    assert [hit.similarity for hit in hits] == pytest.approx([1 / np.hypot(1, tilt) for tilt in (0.5, 1.0, 1.5)])


def test_similarity_is_the_cosine_whatever_the_length(index: VectorIndex, shelf: Shelf) -> None:
    shelf.put(1)
    index.apply([_add(1, 1, 3 * _axis(0))])
    (hits,) = index.search(_query(-7 * _axis(0)), 1)
    assert hits[0].similarity == pytest.approx(-1.0)


def test_a_removed_picture_is_not_found(index: VectorIndex, shelf: Shelf) -> None:
    for number in (1, 2):
        shelf.put(number)
    assert index.apply([_add(1, 1, _axis(0)), _add(2, 2, _axis(1)), _remove(3, 1)]) == 3
    assert _ids(index.search(_query(_axis(0)), 5)[0]) == [2]
    assert index.count() == 1


def test_a_replaced_picture_is_found_by_its_new_vector(index: VectorIndex, shelf: Shelf) -> None:
    for number in (1, 2):
        shelf.put(number)
    index.apply([_add(1, 1, _axis(0)), _remove(4, 1), _add(5, 2, _axis(3))])
    (hits,) = index.search(_query(_axis(3)), 5)
    assert _ids(hits) == [2]
    assert hits[0].similarity == pytest.approx(1.0)


def test_a_number_may_come_back_with_another_vector(index: VectorIndex, shelf: Shelf) -> None:
    shelf.put(1)
    index.apply([_add(1, 1, _axis(0))])
    index.apply([_remove(2, 1)])
    index.apply([_add(3, 1, _axis(1))])
    (hits,) = index.search(_query(_axis(1)), 5)
    assert _ids(hits) == [1]
    assert hits[0].similarity == pytest.approx(1.0)


def test_an_addition_of_what_is_gone_already_adds_nothing(index: VectorIndex) -> None:
    assert index.apply([_add(1, 1, None), _remove(2, 1)]) == 2
    assert index.count() == 0


def test_removing_what_was_never_there_is_no_error(index: VectorIndex) -> None:
    assert index.apply([_remove(9, 1)]) == 9


def test_a_replay_changes_nothing(index: VectorIndex, shelf: Shelf) -> None:
    for number in (1, 2):
        shelf.put(number)
    log = [_add(1, 1, _axis(0)), _add(2, 2, _axis(1)), _remove(5, 1)]
    index.apply(log)
    before = index.search(_query(_axis(0), _axis(1)), 5)
    assert index.apply(log) == index.apply(log[:1]) == index.apply([]) == 5
    assert index.search(_query(_axis(0), _axis(1)), 5) == before
    assert index.count() == 1


@pytest.mark.parametrize("order", [(2, 1), (1, 1), (1, 3, 2)])
def test_changes_out_of_order_are_refused(index: VectorIndex, order: tuple[int, ...]) -> None:
    with pytest.raises(ValueError):
        index.apply([_add(seq, seq, _axis(0)) for seq in order])


def test_a_wrong_dimension_is_refused(index: VectorIndex) -> None:
    index.apply([_add(1, 1, _axis(0))])
    with pytest.raises(ValueError):
        index.apply([_add(2, 2, np.ones(3, dtype=np.float32))])
    with pytest.raises(ValueError, match=r"3|dimension"):
        index.search(np.ones((1, 3), dtype=np.float32), 1)
    assert (index.count(), index.applied_seq()) == (1, 1)


def test_a_filter_holds_whatever_the_distance(index: VectorIndex, shelf: Shelf) -> None:
    for number in range(1, 31):
        shelf.put(number, int_attr=number)
    index.apply([_add(number, number, _axis(0, tilt=number / 10)) for number in range(1, 31)])
    query = _query(_axis(0))
    assert _ids(index.search(query, 3, parse_filter("int_attr>=20"))[0]) == [20, 21, 22]
    assert _ids(index.search(query, 9, parse_filter("int_attr in (7,3)"))[0]) == [3, 7]
    assert index.search(query, 9, parse_filter("int_attr>99")) == [[]]
    assert index.search(query, 9, parse_filter('str_attr!="red"')) == [[]]


def test_a_category_holds_and_joins_with_a_filter(index: VectorIndex, shelf: Shelf) -> None:
    for number in range(1, 9):
        shelf.put(number, category=Category.BAG if number % 2 else Category.TOY, int_attr=number)
    index.apply([_add(number, number, _axis(0, tilt=number / 10)) for number in range(1, 9)])
    query = _query(_axis(0))
    assert _ids(index.search(query, 9, category=Category.TOY)[0]) == [2, 4, 6, 8]
    assert _ids(index.search(query, 9, parse_filter("int_attr>3"), Category.BAG)[0]) == [5, 7]
    assert index.search(query, 9, category=Category.SHOES) == [[]]


def test_what_the_filter_knows_but_the_index_not_yet_is_not_found(index: VectorIndex, shelf: Shelf) -> None:
    for number in (1, 2, 3):
        shelf.put(number, int_attr=1)
    index.apply([_add(1, 1, _axis(0)), _add(2, 2, _axis(1)), _remove(3, 2)])
    assert _ids(index.search(_query(_axis(0)), 5, parse_filter("int_attr=1"))[0]) == [1]


def test_a_category_knows_pictures_that_came_later(index: VectorIndex, shelf: Shelf) -> None:
    query, found = _query(_axis(0)), []
    for number in range(1, 5):
        shelf.put(number, category=Category.BAG)
        index.apply([_add(number, number, _axis(0))])
        found.append(_ids(index.search(query, 9, category=Category.BAG)[0]))
    assert found == [[1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]
    index.apply([_remove(9, 2)])
    assert _ids(index.search(query, 9, category=Category.BAG)[0]) == [1, 3, 4]


def test_updated_attributes_hold_from_then_on(index: VectorIndex, shelf: Shelf) -> None:
    query = _query(_axis(0))
    for number in range(1, 5):
        shelf.put(number, int_attr=number, str_attr="old")
    index.apply([_add(number, number, _axis(0, tilt=number / 10)) for number in range(1, 5)])
    shelf.put(2, int_attr=7, str_attr="new")
    shelf.put(3, str_attr="old")
    index.apply([_update(5, 2), _update(6, 3), _update(7, 99)])
    assert _ids(index.search(query, 9, parse_filter("int_attr>=3"))[0]) == [2, 4]
    assert _ids(index.search(query, 9, parse_filter('str_attr="new"'))[0]) == [2]
    assert _ids(index.search(query, 9, parse_filter('str_attr!="new"'))[0]) == [1, 3, 4]
    assert (index.count(), index.applied_seq()) == (4, 7)


def test_additions_and_updates_of_one_batch_come_together(index: VectorIndex, shelf: Shelf) -> None:
    for number in (1, 2, 3):
        shelf.put(number, int_attr=5)
    index.apply([_add(1, 1, _axis(0)), _update(2, 1), _add(3, 2, _axis(0)), _remove(4, 2), _update(5, 3)])
    assert _ids(index.search(_query(_axis(0)), 9, parse_filter("int_attr=5"))[0]) == [1]


def test_equal_pictures_come_by_number_at_any_depth(index: VectorIndex, shelf: Shelf) -> None:
    numbers = [7, 3, 40, 11, 25, 1, 30, 2]
    for number in numbers:
        shelf.put(number, int_attr=number)
    index.apply([_add(seq, number, _axis(0, 0.5)) for seq, number in enumerate(numbers, 1)])
    query, ordered = _query(_axis(0)), sorted(numbers)
    for k in range(1, 10):
        assert _ids(index.search(query, k)[0]) == ordered[:k]
        assert _ids(index.search(query, k, parse_filter("int_attr>2"))[0]) == ordered[2:][:k]


def test_pages_fit_together(index: VectorIndex, shelf: Shelf) -> None:
    vectors = np.random.default_rng(5).integers(-1, 2, (60, _DIMENSION)).astype(np.float32)
    for number in range(1, 61):
        shelf.put(number)
    index.apply(_add(number, number, vectors[number - 1]) for number in range(1, 61))
    (everything,) = index.search(vectors[:1], 60)
    assert len(set(_ids(everything))) == 60
    for k in range(1, 60, 7):
        assert index.search(vectors[:1], k)[0] == everything[:k]


def test_a_dropped_index_starts_anew(index: VectorIndex, shelf: Shelf) -> None:
    shelf.put(1)
    index.apply([_add(4, 1, _axis(0))])
    index.drop()
    assert (index.count(), index.applied_seq()) == (0, 0)
    assert index.apply([_add(1, 1, _axis(0))]) == 1
    assert index.count() == 1


_VECTOR = st.lists(st.integers(-2, 2), min_size=_DIMENSION, max_size=_DIMENSION).map(
    lambda numbers: np.array(numbers, dtype=np.float32)
)
_STEP = st.tuples(st.sampled_from([Operation.ADD, Operation.ADD, Operation.REMOVE]), st.integers(1, 12), _VECTOR)
_FILTER = st.sampled_from(
    [None, "int_attr>=6", "int_attr in (1,2,3)", 'str_attr="a"', 'str_attr!="a"', "int_attr>50"]
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_history_answers_as_the_naive_index_does(
    make_index: Callable[[Shelf], VectorIndex],
    new_naive: Callable[[Shelf], VectorIndex],
    new_shelf: Callable[[], Shelf],
    data: st.DataObject,
) -> None:
    shelf = new_shelf()
    for number in range(1, 13):
        shelf.put(
            number, category=[Category.BAG, Category.TOY][number % 2], int_attr=number, str_attr="abc"[number % 3]
        )
    tested, naive = make_index(shelf), new_naive(shelf)
    seq = 0
    for history in data.draw(st.lists(st.lists(_STEP, max_size=8), min_size=1, max_size=5)):
        changes = [
            Change(seq + place, operation, number, vector if operation is Operation.ADD else None)
            for place, (operation, number, vector) in enumerate(history, 1)
        ]
        seq += len(changes)
        assert tested.apply(changes) == naive.apply(changes)
        assert tested.count() == naive.count()
        text, query = data.draw(_FILTER), data.draw(_VECTOR)[np.newaxis]
        category = data.draw(st.sampled_from([None, Category.BAG]))
        tree = None if text is None else parse_filter(text)
        _compare(tested, naive, query, data.draw(st.integers(1, 13)), tree, category)


def _compare(
    tested: VectorIndex,
    naive: VectorIndex,
    query: NDArray[np.float32],
    k: int,
    tree: Filter | None,
    category: Category | None,
) -> None:
    (hits,), (everything,) = tested.search(query, k, tree, category), naive.search(query, 99, tree, category)
    truth = dict(everything)
    assert [hit.similarity for hit in hits] == pytest.approx([hit.similarity for hit in everything[:k]], abs=1e-6)
    assert [hit.similarity for hit in hits] == pytest.approx([truth[hit.picture_id] for hit in hits], abs=1e-6)
    assert hits == sorted(hits, key=lambda hit: (-hit.similarity, hit.picture_id))
    assert len({hit.picture_id for hit in hits}) == len(hits)
