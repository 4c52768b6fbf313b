"""What is read seldom is read by one, and nobody waits for it once it was read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import count
from unittest.mock import Mock

import pytest

from similis.service._lately import Lately


def numbers() -> Callable[[], int]:
    numbered: Iterator[int] = count(1)
    return lambda: next(numbered)


def test_it_is_read_again_when_it_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("similis.service._lately.time.monotonic", lambda: now)
    value = Lately(numbers(), 5)
    assert [value.get(), value.get()] == [1, 1]
    now += 4.9
    assert value.get() == 1
    now += 0.2
    assert [value.get(), value.get()] == [2, 2]


def test_while_one_reads_it_the_others_get_the_last() -> None:
    read, reading, go_on = numbers(), threading.Event(), threading.Event()

    def slow() -> int:
        number = read()
        if number == 2:
            reading.set()
            assert go_on.wait(10)
        return number

    value = Lately(slow, 0)
    assert value.get() == 1
    told: list[int] = []
    reader = threading.Thread(target=lambda: told.append(value.get()))
    reader.start()
    assert reading.wait(10)
    assert [value.get(), value.get()] == [1, 1]
    go_on.set()
    reader.join(10)
    assert told == [2]


def test_what_failed_is_tried_again() -> None:
    read = Mock(side_effect=[ZeroDivisionError(), 7])
    value = Lately(read, 5)
    with pytest.raises(ZeroDivisionError):
        value.get()
    assert value.get() == 7
