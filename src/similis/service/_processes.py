"""Analysis of many pictures in processes of their own, while this one goes on answering."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from threadpoolctl import threadpool_limits

from similis.algorithm import Analysis, ModelStore, Orientation, Pipeline, SubjectMode
from similis.domain import Category, DamagedPicture, Region, Unavailable
from similis.service._analyst import Analyst
from similis.service._decoding import Decoder, Decoding
from similis.service._dumps import forbid_dumps, wipe_freed_memory

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")
_POLITENESS = 5  # searches go before


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

    That is as fast as threads of one process are, but searches do not share an interpreter with it, and go before. A
    picture that ends its process, by a fault of a decoder, is refused as damaged; the others are analysed again.

    Args:
        models: what the processes load.
        count: of processes.
    """

    def __init__(self, models: Models, count: int) -> None:
        store = ModelStore(models.directory)
        super().__init__(store, lambda: Pipeline.load(store, finder=models.finder), count)
        self._all = _Processes(models, count)
        self._one = _Processes(models, 1)
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

    def analyse(
        self,
        data: bytes,
        *,
        model: str | None = None,
        crop: bool = True,
        region: Region | None = None,
        subject: int | None = None,
        frame: Region | None = None,
        category: Category | None = None,
        orientation: Orientation = Orientation.APPLY,
    ) -> Analysis:
        """Find subject, category and features; see `Pipeline.analyse`."""
        options = {
            "model": model, "crop": crop, "region": region, "subject": subject, "frame": frame, "category": category,
            "orientation": orientation,
        }  # fmt: skip
        try:
            return self._all.submit(_analyse, data, options).result()
        except BrokenProcessPool:
            return self._suspected(data, options)

    def close(self) -> None:
        """End the processes once they have done what they are at."""
        self._all.close()
        self._one.close()

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

    def __init__(self, models: Models, count: int) -> None:
        self._models = models
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
                with _interrupts_kept_out():
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
                self._pool = ProcessPoolExecutor(self._count, context, initializer=_start, initargs=(self._models,))
            return self._pool


@contextmanager
def _interrupts_kept_out() -> Iterator[None]:
    """Let processes that are started meanwhile not be ended by Ctrl-C, which goes to all; the parent ends them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_analyst: Analyst


def _start(models: Models) -> None:
    global _analyst  # noqa: PLW0603 - one for each process, which lives for nothing else
    forbid_dumps()
    wipe_freed_memory()
    os.nice(_POLITENESS)
    # There is a process for each processor; more threads than that, for sums, would mostly wait for each other.
    threadpool_limits(limits=1, user_api="blas")
    threading.Thread(target=_die_with_parent, daemon=True).start()
    _analyst = models.analyst()


def _die_with_parent() -> None:
    """End this process when the one that it works for was killed and cannot say so."""
    if (parent := multiprocessing.parent_process()) is not None:
        wait([parent.sentinel])
        os._exit(1)


def _nothing() -> None: ...


def _analyse(data: bytes, options: Mapping[str, Any]) -> Analysis:
    return _analyst.analyse(data, **options)
