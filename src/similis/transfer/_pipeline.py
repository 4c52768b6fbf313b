"""From the lines of `increment.meta` to batches to commit: in their order, however long single pictures take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field

from similis.domain import InvalidInput, ObjectNotFound, SimilisError, SourceDenied
from similis.transfer._entries import Addition, Deletion, FailedLine, ParsedLine
from similis.transfer._extractor import Extracted, Extractor

BATCH = 64
"""Pictures of one commit: enough that its cost does not count, few enough that little is done again after a kill."""
_BATCH_SECONDS = 2.0
_PULSE_SECONDS = 1.0
_OF_ONE_PICTURE = (InvalidInput, ObjectNotFound, SourceDenied)


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """A picture that can be added."""

    addition: Addition
    extracted: Extracted


@dataclass(slots=True)
class Batch:
    """Whole lines that follow each other.

    Attributes:
        operations: what they say, in their order.
        failures: what of them cannot be done.
        lines: how many they are, blank ones left out.
        line: number of the last one.
        end: byte of the file at which the line behind them begins.
    """

    operations: list[Ready | Deletion] = field(default_factory=list)
    failures: list[FailedLine] = field(default_factory=list)
    lines: int = 0
    line: int = 0
    end: int = 0

    @property
    def size(self) -> int:
        """What there is to write."""
        return len(self.operations) + len(self.failures)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A line, with what was begun of it."""

    read: ParsedLine | FailedLine
    work: tuple[tuple[Addition, Future[Extracted]] | Deletion, ...] = ()


def batches(
    lines: Iterable[ParsedLine | FailedLine], extractor: Extractor, pulse: Callable[[], None]
) -> Iterator[Batch]:
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
    batch, begun_at = Batch(), time.monotonic()
    for begun in _worked_ahead(lines, extractor):
        _finish(begun, batch, pulse)
        if batch.size >= BATCH or time.monotonic() - begun_at > _BATCH_SECONDS:
            pulse()
            yield batch
            batch, begun_at = Batch(), time.monotonic()
    if batch.lines:
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


def _finish(begun: _Begun, batch: Batch, pulse: Callable[[], None]) -> None:
    """Put a line into a batch once all of it is known."""
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
    batch.operations += operations
    batch.failures += failures
    batch.lines += 1
    batch.line, batch.end = begun.read.line, begun.read.end


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
