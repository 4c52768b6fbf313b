"""Long work in two processes, with what is done kept in files: a run that was broken off goes on from there."""

from __future__ import annotations

import multiprocessing
import pickle
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

_PROCESSES = 2


class Workshop:
    """Does jobs, each in a process of its own, two at a time, and only those that were not done before.

    Processes are forked, so that jobs need not be fit for pickling; their results have to be.

    Attributes:
        folder: where results are kept, one file a job.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def do(self, jobs: Mapping[str, Callable[[], T]]) -> dict[str, T]:
        """The results of jobs by their names, which are names of files, too.

        Raises:
            RuntimeError: a job failed; its process has written why.
        """
        waiting = [name for name in jobs if not self._path(name).exists()]
        running: dict[Any, BaseProcess] = {}
        while waiting or running:
            while waiting and len(running) < _PROCESSES:
                name = waiting.pop(0)
                process = _started(jobs[name], self._path(name))
                running[process.sentinel] = process
            for sentinel in wait(list(running)):
                running.pop(sentinel).join()
        if failed := [name for name in jobs if not self._path(name).exists()]:
            raise RuntimeError(f"Failed, see above: {', '.join(failed)}.")
        return {name: _read(self._path(name))[0] for name in jobs}

    def processor_seconds(self) -> float:
        """Time that processors spent on all results that are here."""
        return float(sum(_read(path)[1] for path in self.folder.glob("*.pickle")))

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.pickle"


def _started(job: Callable[[], object], path: Path) -> BaseProcess:
    process = multiprocessing.get_context("fork").Process(target=_work, args=(job, path))
    process.start()
    return process


def _work(job: Callable[[], object], path: Path) -> None:
    """Runs in a process of its own, so that all its processor time is the job's."""
    result = job()
    beside = path.with_suffix(".unfinished")
    beside.write_bytes(pickle.dumps((result, time.process_time())))
    beside.rename(path)


def _read(path: Path) -> tuple[Any, float]:
    result, seconds = pickle.loads(path.read_bytes())  # noqa: S301 - our own file
    return result, float(seconds)
