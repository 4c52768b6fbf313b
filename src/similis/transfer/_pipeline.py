"""From the lines of `increment.meta` to batches to commit: in their order, however long single pictures take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass

from similis.domain import InvalidInput, ObjectNotFound, SimilisError, SourceDenied
from similis.transfer._entries import Addition, Deletion, FailedLine, ParsedLine
from similis.transfer._extractor import Extracted, Extractor

BATCH = 64
"""Pictures of one commit: enough that its cost does not count, few enough that little is done again after a kill."""
_OTHERS = 16
"""How many deletions and failures count as much as one picture: they are done again in no time."""
_BATCH_SECONDS = 2.0
_PULSE_SECONDS = 1.0
_OF_ONE_PICTURE = (InvalidInput, ObjectNotFound, SourceDenied)


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A picture that can be added."""

    addition: Addition
    extracted: Extracted


@dataclass(frozen=True, slots=True, eq=False)
class WorkedLine:
    """A line of which all is known.

    Attributes:
        line: its number in the file, from 1.
        end: byte of the file at which the next line begins.
        operations: what it says, in its order.
        failures: what of it cannot be done.
    """

    line: int
    end: int
    operations: tuple[Ready | Deletion, ...]
    failures: tuple[FailedLine, ...]

    @property
    def size(self) -> float:
        """What there is to write, in pictures."""
        pictures = sum(isinstance(each, Ready) for each in self.operations)
        return pictures + (len(self.operations) - pictures + len(self.failures)) / _OTHERS


@dataclass(frozen=True, slots=True)
class _Begun:
    """A line, with what was begun of it."""

    read: ParsedLine | FailedLine
    work: tuple[tuple[Addition, Future[Extracted]] | Deletion, ...] = ()


def batches(
    lines: Iterable[ParsedLine | FailedLine], extractor: Extractor, pulse: Callable[[], None]
) -> Iterator[list[WorkedLine]]:
    """Yield everything that lines say, in their order, each line in exactly one batch.

    What is wrong with one picture is a failure in its batch. What is wrong with all ends it: what was yielded before
    counts, and nothing else does.

    Args:
        lines: as `read_increment` gives them.
        extractor: works ahead, within its window.
        pulse: called about once a second, also while a picture takes long; may raise, to stop.

    Raises:
        SourceFailed: the storage failed, not a single picture.
    """
    batch: list[WorkedLine] = []
    size, begun_at = 0.0, time.monotonic()
    for begun in _worked_ahead(lines, extractor):
        batch.append(_finished(begun, pulse))
        size += batch[-1].size
        if size >= BATCH or time.monotonic() - begun_at > _BATCH_SECONDS:
            pulse()
            yield batch
            batch = []
            size, begun_at = 0.0, time.monotonic()
    if batch:
        yield batch


def _worked_ahead(lines: Iterable[ParsedLine | FailedLine], extractor: Extractor) -> Iterator[_Begun]:
    waiting: deque[_Begun] = deque()
    pictures = 0
    try:
        for line in lines:
            waiting.append(_begin(line, extractor))
            pictures += len(waiting[-1].work) or 1
            while pictures > extractor.window:
                pictures -= len(waiting[0].work) or 1
                yield waiting.popleft()
        while waiting:
            yield waiting.popleft()
    finally:
        for begun in waiting:
            for each in begun.work:
                if not isinstance(each, Deletion):
                    each[1].cancel()


def _begin(line: ParsedLine | FailedLine, extractor: Extractor) -> _Begun:
    if isinstance(line, FailedLine):
        return _Begun(line)
    return _Begun(
        line,
        tuple(each if isinstance(each, Deletion) else (each, extractor.submit(each)) for each in line.entries),
    )


def _finished(begun: _Begun, pulse: Callable[[], None]) -> WorkedLine:
    """A line once all of it is known."""
    operations: list[Ready | Deletion] = []
    failures = [begun.read] if isinstance(begun.read, FailedLine) else []
    for work in begun.work:
        if isinstance(work, Deletion):
            operations.append(work)
            continue
        addition, future = work
        try:
            operations.append(Ready(addition, _result(future, pulse)))
        except _OF_ONE_PICTURE as error:
            failures.append(_failed(begun.read, addition, error))
    return WorkedLine(begun.read.line, begun.read.end, tuple(operations), tuple(failures))


def _result(future: Future[Extracted], pulse: Callable[[], None]) -> Extracted:
    while True:
        try:
            return future.result(_PULSE_SECONDS)
        except NotYet:
            if future.done():  # the picture's own time-out, not ours
                raise
            pulse()


def _failed(line: ParsedLine | FailedLine, addition: Addition, error: SimilisError) -> FailedLine:
    return FailedLine.of(line.line, line.end, error, addition.key.product_id, addition.key.pic_name)
