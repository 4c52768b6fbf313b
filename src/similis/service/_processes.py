"""Analysis of many pictures in processes of their own, while this one goes on answering."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from similis.algorithm import Analysis, ModelStore, Pipeline, SubjectMode
from similis.domain import DamagedPicture, SimilisError, Unavailable, tell_stage
from similis.service._analyst import Analyst
from similis.service._children import begin_child, interrupts_kept_out
from similis.service._decoding import Decoder, Decoding

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")
_AHEAD = 1  # one picture waits in front of the processes, so that none of them waits for the next


class Analysing(StrEnum):
    """Where a service analyses pictures."""

    INSIDE = "inside"
    PROCESSES = "processes"


@dataclass(frozen=True, slots=True)
class Models:
    """What makes an analyst in another process, or on another machine."""

    directory: Path
    finder: SubjectMode
    decoding: Decoding = Decoding.INSIDE

    def analyst(self, slots: int = 1) -> Analyst:
        """An analyst of so many pictures at a time; its models are loaded at the first."""
        store = ModelStore(self.directory)
        decoder = Decoder(self.decoding, slots)
        return Analyst(store, lambda: Pipeline.load(store, finder=self.finder, decode=decoder.started()), slots)


class ParallelAnalyst(Analyst):
    """An analyst whose pictures are analysed by other processes, started at the first; close it after use.

    Where searches are answered meanwhile, they do not share an interpreter with it. A picture that ends its process,
    by a fault of a decoder, is refused as damaged; the others are analysed again.

    Args:
        models: what the processes load.
        count: of processes.
        room: how many pictures may wait, as for any analyst.
        politeness: by how much other work on this machine goes before, as `nice` takes it.
    """

    def __init__(self, models: Models, count: int, room: int | None = None, *, politeness: int = 0) -> None:
        store = ModelStore(models.directory)
        super().__init__(store, lambda: Pipeline.load(store, finder=models.finder), count, room, ahead=_AHEAD)
        self._all = _Processes(models, count, politeness)
        self._one = _Processes(models, 1, politeness)
        self._suspecting = threading.Lock()
        self._counting = threading.Lock()
        self._busy = 0

    @contextmanager
    def busy(self) -> Iterator[None]:
        """A block with much to analyse: the processes, and the memory that they take, end with the last of them."""
        with self._counting:
            self._busy += 1
        try:
            yield
        finally:
            with self._counting:
                self._busy -= 1
                if not self._busy:
                    self._all.rest()
                    self._one.rest()

    def warm_up(self) -> None:
        """Start the processes and load the models now, so that whatever happens to their files changes nothing.

        Raises:
            ModelNotFetched: a model file is missing.
            ModelDamaged: a model file is not the one of its manifest.
            Unavailable: processes end as soon as they are started.
        """
        started = [self._all.submit(_nothing) for _ in range(self.slots)]  # none is idle yet: each starts a process
        super().warm_up()  # meanwhile
        try:
            for each in started:
                each.result()
        except BrokenProcessPool:
            self._check_living()

    def close(self) -> None:
        """End the processes once they have done what they are at."""
        self._all.close()
        self._one.close()

    def _analysed(self, data: bytes, model: str | None, **options: Any) -> Analysis:  # noqa: ANN401 - as in its base
        given = {"model": model, **options}
        try:
            analysis = self._all.submit(_analyse, data, given).result()
        except BrokenProcessPool:
            analysis = self._suspected(data, given)
        for name, milliseconds in analysis.milliseconds.items():  # whoever watches is not in that process
            tell_stage(name, milliseconds / 1000)
        return analysis

    def _suspected(self, data: bytes, options: Mapping[str, Any]) -> Analysis:
        """Analyse one of the pictures that were in work when a process died: alone, to see whether it was this."""
        with self._suspecting:
            try:
                return self._one.submit(_analyse, data, options).result()
            except BrokenProcessPool:
                self._check_living()
                raise DamagedPicture(
                    "The picture ended the process that decoded it.", "Save it anew with another program."
                ) from None

    def _check_living(self) -> None:
        """See that processes live where no picture ends them.

        Raises:
            Unavailable: they do not.
        """
        try:
            self._one.submit(_nothing).result()
        except BrokenProcessPool:
            raise Unavailable(
                "The processes that analyse pictures end as soon as they are started.",
                "See whether this machine is short of memory or of processes; nothing is lost meanwhile.",
            ) from None


class _Processes:
    """Processes that are started anew when one has died."""

    def __init__(self, models: Models, count: int, politeness: int) -> None:
        self._given = models, politeness
        self._count = count
        self._pool: ProcessPoolExecutor | None = None
        self._changing = threading.Lock()
        self._closed = False

    def submit(
        self, function: Callable[_Given, _Result], *given: _Given.args, **named: _Given.kwargs
    ) -> Future[_Result]:
        while True:
            pool = self._running()
            try:
                with interrupts_kept_out():
                    return pool.submit(function, *given, **named)
            except BrokenProcessPool:
                with self._changing:
                    if self._pool is pool:
                        self._pool = None

    def rest(self) -> None:
        """End the processes until there is something to do again."""
        with self._changing:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(cancel_futures=True)

    def close(self) -> None:
        self._closed = True
        self.rest()

    def _running(self) -> ProcessPoolExecutor:
        with self._changing:
            if self._closed:
                raise RuntimeError("the analyst was closed")
            if self._pool is None:
                # A fork would copy the locks of this process's threads as they are at that moment.
                context = multiprocessing.get_context("spawn")
                self._pool = ProcessPoolExecutor(self._count, context, initializer=_start, initargs=self._given)
            return self._pool


_analyst: Analyst


def _start(models: Models, politeness: int) -> None:
    global _analyst  # noqa: PLW0603 - one for each process, which lives for nothing else
    begin_child()
    os.nice(politeness)
    _analyst = models.analyst()
    with suppress(SimilisError):  # who has a picture analysed is told
        _analyst.warm_up()


def _nothing() -> None: ...


def _analyse(data: bytes, options: Mapping[str, Any]) -> Analysis:
    return _analyst.analyse(data, **options)
