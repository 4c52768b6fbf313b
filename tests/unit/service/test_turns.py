"""Turns go in the order of arrival, to so many at once, and the queue has an end."""

import threading
import time
from collections.abc import Callable
from functools import partial

import pytest

from similis.domain import QueueFull
from similis.service._turns import Turns


class Worker:
    """Takes a turn in a thread of its own and keeps it until it is let go."""

    def __init__(self, turns: Turns, done: list[str], name: str, *, again: bool = False) -> None:
        self.letting_go = threading.Event()
        self._done = done
        self._name = name
        before = turns.running + turns.waiting
        self._thread = threading.Thread(target=self._work, args=(turns, again))
        self._thread.start()
        _until(lambda: turns.running + turns.waiting > before)

    def end(self) -> None:
        self.letting_go.set()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _work(self, turns: Turns, again: bool) -> None:
        with turns.turn(again=again):
            self._done.append(self._name)
            assert self.letting_go.wait(10)


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.001)


def _have_begun(done: list[str], count: int) -> bool:
    return len(done) >= count


def test_first_come_first_served() -> None:
    turns, done = Turns(2, room=5), list[str]()
    workers = [Worker(turns, done, name) for name in "abcdef"]
    assert (turns.running, turns.waiting, sorted(done)) == (2, 4, ["a", "b"])
    for begun, worker in enumerate(workers, start=2):
        worker.end()
        _until(partial(_have_begun, done, min(begun + 1, 6)))
    assert done[2:] == ["c", "d", "e", "f"]
    assert (turns.running, turns.waiting) == (0, 0)


def test_a_second_look_goes_before_first_ones_and_is_not_refused() -> None:
    turns, done = Turns(1, room=1), list[str]()
    workers = [Worker(turns, done, "first"), Worker(turns, done, "waits"), Worker(turns, done, "again", again=True)]
    for place in (0, 2, 1):
        workers[place].end()
    assert done == ["first", "again", "waits"]


@pytest.mark.parametrize("room", [0, 2])
def test_one_more_than_there_is_room_for_is_refused(room: int) -> None:
    turns, done = Turns(1, room), list[str]()
    workers = [Worker(turns, done, str(number)) for number in range(1 + room)]
    with pytest.raises(QueueFull), turns.turn():
        pytest.fail("there is no room")
    for worker in workers:
        worker.end()
    with turns.turn():
        assert turns.running == 1


def test_the_wait_is_what_the_queue_takes() -> None:
    turns = Turns(2, room=6)
    turns._seconds = 0.5  # a picture
    workers = [Worker(turns, [], str(number)) for number in range(8)]
    with pytest.raises(QueueFull) as caught, turns.turn():
        pytest.fail("there is no room")
    assert caught.value.retry_after == pytest.approx(6 * 0.5 / 2)
    for worker in workers:
        worker.end()


def test_before_a_turn_was_timed_the_wait_is_a_second() -> None:
    turns = Turns(1, room=0)
    with turns.turn(), pytest.raises(QueueFull) as caught, turns.turn():
        pytest.fail("there is no room")
    assert caught.value.retry_after == 1.0
    assert "in 1 s" in caught.value.hint


def test_turns_are_timed_the_latest_weighing_little() -> None:
    turns = Turns(1, room=0)
    with turns.turn():
        time.sleep(0.02)
    first = turns._seconds
    assert first >= 0.02
    with turns.turn():
        pass
    assert 0.85 * first < turns._seconds < first


def test_an_error_gives_the_place_back() -> None:
    turns = Turns(1, room=0)
    with pytest.raises(ZeroDivisionError), turns.turn():
        raise ZeroDivisionError
    with turns.turn():
        assert turns.running == 1


class _Interrupted:
    """Stands for the lock of one that waits, and is interrupted in it."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self._meanwhile = meanwhile
        self._taken = False

    def acquire(self) -> None:
        if self._taken:
            self._meanwhile()
            raise KeyboardInterrupt
        self._taken = True

    def release(self) -> None: ...


@pytest.mark.parametrize("given_the_place_meanwhile", [False, True], ids=["waiting", "given"])
def test_an_interrupt_leaves_the_queue_whole(
    monkeypatch: pytest.MonkeyPatch, given_the_place_meanwhile: bool
) -> None:
    turns, done = Turns(1, room=3), list[str]()
    worker = Worker(turns, done, "at work")
    meanwhile = worker.end if given_the_place_meanwhile else lambda: None
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("similis.service._turns.threading.Lock", lambda: _Interrupted(meanwhile))
        with turns.turn():
            pytest.fail("was interrupted")
    worker.end()
    assert (turns.running, turns.waiting) == (0, 0)
    with turns.turn():
        assert turns.running == 1
