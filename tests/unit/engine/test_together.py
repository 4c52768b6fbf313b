import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from similis.engine._together import Together


def test_those_who_wait_are_answered_together_and_each_gets_its_own_answer() -> None:
    batches: list[Sequence[int]] = []
    first, go_on = threading.Event(), threading.Event()

    def answer(asked: Sequence[int]) -> list[int]:
        batches.append(asked)
        first.set()
        assert go_on.wait(10)
        return [number * number for number in asked]

    together: Together[int, int] = Together(1)
    with ThreadPoolExecutor(20) as pool:
        early = pool.submit(together.ask, 0, answer)
        assert first.wait(10)
        late = [pool.submit(together.ask, number, answer) for number in range(1, 20)]
        while len(together._queue) < 19:
            threading.Event().wait(0.005)
        go_on.set()
        assert [job.result(10) for job in (early, *late)] == [number * number for number in range(20)]
    assert [len(batch) for batch in batches] == [1, 19]


def test_no_one_waits_while_a_thread_is_free() -> None:
    both = threading.Barrier(2)

    def answer(asked: Sequence[int]) -> Sequence[int]:
        both.wait(10)
        return asked

    together: Together[int, int] = Together(2)
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(partial(together.ask, answer=answer), (1, 2))) == [1, 2]


def test_an_error_reaches_all_of_its_batch_and_no_one_else() -> None:
    def answer(asked: Sequence[int]) -> list[float]:
        return [1 / number for number in asked]

    together: Together[int, float] = Together(1)
    with pytest.raises(ZeroDivisionError):
        together.ask(0, answer)
    assert together.ask(2, answer) == 0.5


def test_very_many_are_answered_in_several_batches() -> None:
    sizes: list[int] = []

    def answer(asked: Sequence[int]) -> Sequence[int]:
        sizes.append(len(asked))
        return asked

    together: Together[int, int] = Together(2)
    with ThreadPoolExecutor(100) as pool:
        assert list(pool.map(partial(together.ask, answer=answer), range(1000))) == list(range(1000))
    assert max(sizes) <= 64
    assert sum(sizes) == 1000
