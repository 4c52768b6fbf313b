"""Requests that have to wait are answered together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")
_MOST = 64


@dataclass(slots=True, eq=False)
class _Waiting(Generic[_Asked, _Answer]):
    asked: _Asked
    done: threading.Event = field(default_factory=threading.Event)
    answer: _Answer | None = None
    error: BaseException | None = None


class Together(Generic[_Asked, _Answer]):
    """Answers the requests of many threads with a few of them ("combining", Yew et al. 1987).

    A request that comes while a thread is free is answered at once and alone. Those that come while all are busy
    wait, and the next free one answers them in one batch: cheaper than one after the other, and only under load.

    Args:
        threads: how many batches may be answered at the same time.
    """

    def __init__(self, threads: int) -> None:
        self._free = threading.Semaphore(threads)
        self._lock = threading.Lock()
        self._queue: list[_Waiting[_Asked, _Answer]] = []

    def ask(self, asked: _Asked, answer: Callable[[Sequence[_Asked]], Sequence[_Answer]]) -> _Answer:
        """Return the answer to a request; raises what answering its batch raised.

        Args:
            asked: the request.
            answer: gives the answers to some requests, in their order. Not kept, so that whoever owns this and
                answers goes at once, with all memory and files, when nobody uses it any more.
        """
        mine: _Waiting[_Asked, _Answer] = _Waiting(asked)
        with self._lock:
            self._queue.append(mine)
        with self._free:
            while mine in self._queue:
                self._answer_next(answer)
        mine.done.wait()
        if mine.error is not None:
            raise mine.error
        return mine.answer  # type: ignore[return-value] # there is one where there is no error

    def _answer_next(self, answer: Callable[[Sequence[_Asked]], Sequence[_Answer]]) -> None:
        with self._lock:
            batch, self._queue = self._queue[:_MOST], self._queue[_MOST:]
        try:
            answers = answer([waiting.asked for waiting in batch]) if batch else []
            for waiting, each in zip(batch, answers, strict=True):
                waiting.answer = each
        except BaseException as error:
            for waiting in batch:
                waiting.error = error
        finally:
            for waiting in batch:
                waiting.done.set()
