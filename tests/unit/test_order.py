"""Tests that several processes share begin with those that take longest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from tests.order import longest_first


@dataclass(frozen=True)
class Item:
    """What is asked of a test."""

    nodeid: str
    seconds: float | None = None

    @property
    def path(self) -> Path:
        return Path(self.nodeid.partition("::")[0])

    def get_closest_marker(self, name: str) -> pytest.Mark | None:
        return None if self.seconds is None else getattr(pytest.mark, name)(self.seconds).mark


def ordered(*items: Item) -> list[str]:
    given = list(items)
    longest_first(cast("list[pytest.Item]", given), usual=300)
    return [item.nodeid for item in given]


def test_a_file_with_a_long_test_is_before_one_with_many() -> None:
    many = [Item("a.py::1"), Item("a.py::2"), Item("a.py::3")]
    assert ordered(*many, Item("b.py::1"), Item("b.py::2", 900)) == [
        "b.py::1",
        "b.py::2",
        "a.py::1",
        "a.py::2",
        "a.py::3",
    ]


def test_of_usual_files_the_one_with_most_is_first_and_equals_stay() -> None:
    one, two, other = [Item("a.py::1")], [Item("b.py::1"), Item("b.py::2")], [Item("c.py::1")]
    assert ordered(*one, *two, *other) == ["b.py::1", "b.py::2", "a.py::1", "c.py::1"]


def test_a_test_that_may_take_less_than_usual_puts_its_file_no_further_back() -> None:
    assert ordered(Item("a.py::1", 20), Item("b.py::1")) == ["a.py::1", "b.py::1"]
