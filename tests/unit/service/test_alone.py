"""What one caller at a time may do: others are refused at once, or wait where a task does it."""

from __future__ import annotations

import threading

import pytest

from similis.domain import TooManyRequests
from similis.service._alone import Alone


def test_another_is_refused_at_once_and_let_in_later() -> None:
    alone = Alone("It is done already.", 2.5)
    with alone.at_once(), pytest.raises(TooManyRequests, match="done already") as caught, alone.at_once():
        pass
    assert (caught.value.retry_after, "in 3 s" in caught.value.hint) == (2.5, True)
    with pytest.raises(ZeroDivisionError), alone.at_once():
        raise ZeroDivisionError
    with alone.at_once():
        pass


def test_a_task_waits_for_its_turn_and_then_is_alone() -> None:
    alone, in_it, go = Alone("No.", 1), threading.Event(), threading.Event()

    def task() -> None:
        with alone.in_turn():
            in_it.set()
            go.wait(10)

    waiting = threading.Thread(target=task)
    with alone.at_once():
        waiting.start()
        assert not in_it.wait(0.05)
    assert in_it.wait(10)
    with pytest.raises(TooManyRequests), alone.at_once():
        pass
    go.set()
    waiting.join(10)
    with alone.at_once():
        pass
