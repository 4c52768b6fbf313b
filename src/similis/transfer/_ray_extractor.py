"""Gets pictures and their features on all machines of a Ray cluster.

Batches of pictures are Ray *tasks*, each for one processor, and each process of the cluster makes its worker – a
source and the loaded models – once and keeps it. So Ray does by itself what a queue of our own would have to: a batch
goes wherever a processor is free, also on machines that join later; a batch whose process or machine died runs again
on another one. Two other ways were left:

* Ray Data's `map_batches` wants a data set that is read to its end, moves blocks through the object store (which
  spills to disk), and brings pandas and Arrow. Here lines are read as they are needed, answers are wanted in their
  order and one by one, and deletions stand in between.
* Actors hold a worker as well, but a batch is bound to its actor: when its machine is gone and no other has a
  processor to spare, it waits for ever, and `ray.util.ActorPool` neither sends it elsewhere nor uses new machines.

Doing a batch twice does no harm: nothing is written but by the process that asked, once, in the order of the lines.
"""

from __future__ import annotations

import queue
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import lru_cache, partial
from importlib.metadata import version
from typing import TypeAlias

from similis.domain import DamagedPicture, SimilisError, Unavailable
from similis.transfer._entries import Addition
from similis.transfer._extractor import Analyse, Extracted, fetch
from similis.transfer._ray_cluster import connected
from similis.transfer._source import Source
from similis.transfer._source_directory import SourceDirectory

RAY_BATCH = 16
"""Pictures of one Ray task. Their features stay below the 100 KB that Ray hands over without its object store, and
their bytes are in a worker's memory at once."""
_AHEAD = 3  # batches for each processor: one in work, one on its way, one for those that take longer
_LINGER = 0.02  # seconds that a batch waits to become full
_LOOK_SECONDS = 5.0  # after which machines are counted again, which join and leave
_RETRIES = 3  # of a batch whose process or machine died

Worker: TypeAlias = Callable[[Sequence[Addition]], "list[Extracted | SimilisError]"]
"""What a process of the cluster has: gives for each picture its features, or what is wrong with it."""
MakeWorker: TypeAlias = Callable[[], Worker]
"""Makes a worker in a process of the cluster; can be pickled."""


class BatchWorker:
    """Downloads the pictures of a batch side by side, and analyses each as soon as it is there.

    A picture goes from the storage into the memory of this process and no further: what is given back, and so what
    goes through Ray, are features.

    Args:
        source: where the pictures are.
        directory: the one that is imported.
        analyse: turns a picture into features.
    """

    def __init__(self, source: Source, directory: SourceDirectory, analyse: Analyse) -> None:
        self._source = source
        self._directory = directory
        self._analyse = analyse
        self._threads = ThreadPoolExecutor(RAY_BATCH, thread_name_prefix="download")

    def __call__(self, additions: Sequence[Addition]) -> list[Extracted | SimilisError]:
        """Features of each picture, or what is wrong with it."""
        names = [addition.key.pic_name for addition in additions]
        downloads = [self._threads.submit(fetch, self._source, self._directory, name) for name in names]
        return [self._extract(download, each) for download, each in zip(downloads, additions, strict=True)]

    def _extract(self, download: Future[bytes], addition: Addition) -> Extracted | SimilisError:
        try:
            return self._analyse(download.result(), addition)
        except SimilisError as error:
            return error.with_traceback(None)  # which would keep the picture in memory


@dataclass(frozen=True, slots=True)
class _Job:
    """What the batches of one import have in common; processes tell imports apart by the id.

    It goes with each batch and not into the functions of the job, which Ray keeps: there may be credentials inside.
    """

    id: str
    similis: str
    make_worker: MakeWorker = field(compare=False)


@dataclass(frozen=True, slots=True)
class _Waiting:
    addition: Addition
    future: Future[Extracted]


class RayExtractor:
    """Lets a Ray cluster get pictures and their features; of one process, one at a time.

    Attributes:
        window: how many pictures may be in work at once: more when machines have joined.

    Args:
        make_worker: makes what a process of the cluster works with.
        address: of a running cluster, as `connected` has it; None uses this machine alone.
        workers: processors to use of this machine alone; all by default.

    Raises:
        InvalidInput: the address is none.
        Unavailable: Ray is not installed or cannot be used.
    """

    def __init__(self, make_worker: MakeWorker, address: str | None = None, workers: int | None = None) -> None:
        self._job = _Job(uuid.uuid4().hex, version("similis"), make_worker)
        self._stack = ExitStack()
        self._ray = self._stack.enter_context(connected(address, workers))
        self._task = self._ray.remote(num_cpus=1, max_retries=_RETRIES)(_extract)
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self.window = self._now_possible()
        self._sender = threading.Thread(target=self._send_batches, name="ray-batches", daemon=True)
        self._sender.start()

    def submit(self, addition: Addition) -> Future[Extracted]:
        """Begin with one picture, which goes off together with those that come in the next moment."""
        waiting = _Waiting(addition, Future())
        self._queue.put(waiting)
        return waiting.future

    def close(self) -> None:
        """Give up whatever is in work."""
        self._queue.put(None)
        self._sender.join()
        self._stack.close()

    def _now_possible(self) -> int:
        processors = int(self._ray.cluster_resources().get("CPU", 0))
        return max(1, processors) * RAY_BATCH * _AHEAD

    def _send_batches(self) -> None:
        looked = time.monotonic()
        while batch := _next_batch(self._queue):
            self._send(batch)
            if time.monotonic() - looked > _LOOK_SECONDS:
                self.window, looked = self._now_possible(), time.monotonic()

    def _send(self, batch: list[_Waiting]) -> None:
        wanted = [each for each in batch if not each.future.cancelled()]
        if wanted:
            answer = self._task.remote(self._job, [each.addition for each in wanted])
            answer.future().add_done_callback(partial(self._settle, wanted))

    def _settle(self, batch: list[_Waiting], answer: Future[list[Extracted | SimilisError]]) -> None:
        error = answer.exception()
        if error is None:
            outcomes: Sequence[Extracted | SimilisError] = answer.result()
        elif self._died(error) and len(batch) > 1:  # each alone, so that one bad picture ends no other
            for each in batch:
                self._send([each])
            return
        else:
            outcomes = [self._readable(error)] * len(batch)
        for each, outcome in zip(batch, outcomes, strict=True):
            _resolve(each.future, outcome)

    def _died(self, error: BaseException) -> bool:
        kinds = self._ray.exceptions
        return isinstance(error, (kinds.WorkerCrashedError, kinds.OutOfMemoryError))

    def _readable(self, error: BaseException) -> SimilisError:
        if self._died(error):
            return DamagedPicture(
                "The picture ended the process that decoded it.", "Save it anew with another program."
            )
        cause = getattr(error, "cause", None) or error
        failed = Unavailable(
            f"Ray could not do its work: {type(cause).__name__}.",
            "Install the same Similis and its models on all machines of the cluster; its logs tell more.",
        )
        failed.__cause__ = error
        return failed


def _next_batch(waiting: queue.SimpleQueue[_Waiting | None]) -> list[_Waiting]:
    """What to send next; nothing at the end."""
    batch: list[_Waiting] = []
    try:
        while len(batch) < RAY_BATCH:
            each = waiting.get(timeout=_LINGER if batch else None)
            if each is None:
                return []
            batch.append(each)
    except queue.Empty:
        pass
    return batch


def _resolve(future: Future[Extracted], outcome: Extracted | SimilisError) -> None:
    if not future.set_running_or_notify_cancel():
        return
    if isinstance(outcome, SimilisError):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _extract(job: _Job, additions: Sequence[Addition]) -> list[Extracted | SimilisError]:
    """The Ray task. What is wrong is given back, not raised: Ray would wrap it, and log where it was raised."""
    try:
        return _worker(job)(additions)
    except SimilisError as error:
        return [error.with_traceback(None)] * len(additions)


@lru_cache(maxsize=1)
def _worker(job: _Job) -> Worker:
    """The worker of this process."""
    here = version("similis")
    if here != job.similis:
        raise Unavailable(
            f"A machine of the cluster has Similis {here}, the import was begun by {job.similis}.",
            "Install the same version on all machines.",
        )
    return job.make_worker()
