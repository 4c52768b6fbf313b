"""Measures a live service: what it answers in a second, how long that takes, and what it takes of the machine."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from similis.domain import ServiceUnreachable
from similis.evaluation import _engine_steps as steps
from similis.evaluation._evaluate import scratch_app
from similis.evaluation._load_calls import NAME, Calls, Work, code_of, picture_key
from similis.evaluation._load_client import Connection, Reply, Requests
from similis.evaluation._load_importing import importing_from
from similis.evaluation._load_pictures import pictures_of
from similis.evaluation._load_report import Importing, LoadReport, LoadRun, Soak
from similis.evaluation._load_run import load
from similis.evaluation._load_service import Service, Taken, own_service
from similis.evaluation._pipeline_bench import pictures_a_second
from similis.evaluation._searching import Progress
from similis.service import Settings

CLIENTS = (1, 4, 16, 64)
_PICTURES = 24
_KEYS = 2000
_SOAKING = 8
_IMPORTING = 4
_WARM_UP_SECONDS = 2.0
_LOOKS = 60  # at the memory, in a soak


def benchmark_http(
    settings: Settings,
    *,
    running: Service | None = None,
    count: int = 10_000,
    clients: Sequence[int] = CLIENTS,
    seconds: float = 10.0,
    importing: bool = True,
    soak: float = 0.0,
    pictures: Path | None = None,
    work: Path | None = None,
    progress: Progress = lambda _stage, _done, _total: None,
) -> LoadReport:
    """Load a service of its own, or a running one, with every sort of calls by every number of clients.

    Args:
        settings: what the service is set up with, beside a data directory of its own.
        running: a service to load instead, on an instance that is made for it and deleted afterwards.
        count: made up pictures in the instance; a running service gets those that are searched with alone.
        clients: how many make calls at once.
        seconds: how long for each number of clients and sort of calls.
        importing: whether to search by name beside a bulk import, too; not on a running service.
        soak: minutes of mixed calls at the end.
        pictures: a folder of pictures to search with; by default they are made up.
        work: where a temporary directory is made; about 4 KB a picture.
        progress: told what is being done.

    Raises:
        ServiceUnreachable: the service does not answer, refuses to take what is measured with, or imports nothing.
        InvalidInput: there is no picture in the folder.
    """
    photos = pictures_of(pictures, _PICTURES)
    with _service(settings, running, count, work, progress) as service:
        bench = _Bench(service, settings, photos, 0 if running else count, progress)
        runs = [bench.run(sort, each, seconds) for sort in Work for each in clients]
        storage = service.storage if importing else None
        beside = None if storage is None else bench.importing(storage, max(clients[0], _IMPORTING), seconds)
        return LoadReport(bench.count, runs, beside, bench.soak(60 * soak) if soak else None)


@contextmanager
def _service(
    settings: Settings, running: Service | None, count: int, work: Path | None, progress: Progress
) -> Iterator[Service]:
    if running is None:
        with own_service(settings, count, work, progress) as service:
            yield service
        return
    requests = Requests(running.endpoint, running.key)
    _accepted(running, requests.json("POST", "/api/v1/instances", {"name": NAME, "type": "generic"}))
    try:
        yield running
    finally:
        _accepted(running, requests.json("DELETE", f"/api/v1/instances/{NAME}"))


class _Bench:
    """A service with something to find in it."""

    def __init__(
        self, service: Service, settings: Settings, photos: Sequence[bytes], filled: int, progress: Progress
    ) -> None:
        self._service = service
        self._settings = settings
        self._photos = photos
        self._progress = progress
        self._requests = Requests(service.endpoint, service.key)
        own = [picture_key(f"photo-{number}") for number in range(len(photos))]
        made_up = [steps.key_of(row) for row in range(0, filled, max(1, filled // _KEYS))]
        self._calls = Calls(self._requests, made_up or own, photos)
        for key, photo in zip(own, photos, strict=True):  # so that a search finds its picture, as in a shop
            _accepted(service, self._calls.addition(key, photo))
        self.count = filled + len(photos)
        with scratch_app(settings) as app:
            self._analyse = app.analyst.pipeline.analyse

    def run(self, work: Work, clients: int, seconds: float) -> LoadRun:
        """Load with one sort of calls; searches by picture beside the pipeline alone, before and after."""
        self._progress(f"{work}, {clients} clients", 0, 1)
        photos = work is Work.PICTURES
        self._loaded(work, clients, min(_WARM_UP_SECONDS, seconds))
        before = self._alone(seconds / 2) if photos else 0.0
        run = self._loaded(work, clients, seconds)
        alone = (before + self._alone(seconds / 2)) / 2 if photos else None
        self._progress(f"{work}, {clients} clients", 1, 1)
        return LoadRun(work, clients, run.sample, run.processor, run.megabytes, alone)

    def importing(self, storage: Path, clients: int, seconds: float) -> Importing:
        """Search by name, then again beside an import."""
        self._progress("search by name beside an import", 0, 1)
        before = self._loaded(Work.NAMES, clients, seconds).sample
        with importing_from(storage, self._photos, self._asked) as imported:
            begun, so_far = time.perf_counter(), imported()
            busy = self._loaded(Work.NAMES, clients, seconds).sample
            rate = (imported() - so_far) / (time.perf_counter() - begun)
        self._progress("search by name beside an import", 1, 1)
        return Importing(before, busy, rate)

    def soak(self, seconds: float) -> Soak:
        """Load with mixed calls for long, and look at the service's memory meanwhile."""
        curve: list[tuple[float, Taken]] = []
        begun = time.perf_counter()

        async def look() -> None:
            while True:
                spent = time.perf_counter() - begun
                curve.append((spent, await asyncio.to_thread(self._service.taken)))
                self._progress("soak", round(min(spent, seconds)), round(seconds))
                await asyncio.sleep(seconds / _LOOKS)

        async def soaked() -> LoadRun:
            looking = asyncio.create_task(look())
            sample = await load(self._service.endpoint, self._calls.of(Work.MIXED), _SOAKING, seconds)
            looking.cancel()
            processor = curve[-1][1].processor - curve[0][1].processor
            return LoadRun(Work.MIXED, _SOAKING, sample, processor, curve[-1][1].megabytes)

        return Soak(asyncio.run(soaked()), curve)

    def _loaded(self, work: Work, clients: int, seconds: float) -> LoadRun:
        before = self._service.taken()
        sample = asyncio.run(load(self._service.endpoint, self._calls.of(work), clients, seconds))
        after = self._service.taken()
        return LoadRun(work, clients, sample, after.processor - before.processor, after.megabytes)

    def _alone(self, seconds: float) -> float:
        """Pictures a second that the pipeline analyses in this process, on as many threads as the service does."""
        return pictures_a_second(self._analyse, self._photos, self._settings.threads, seconds)

    def _asked(self, method: str, path: str, form: dict[str, str] | None = None) -> dict[str, object]:
        answer: dict[str, object] = json.loads(_accepted(self._service, self._requests.json(method, path, form)).body)
        return answer


def _accepted(service: Service, request: bytes) -> Reply:
    """Make one call that must succeed.

    Raises:
        ServiceUnreachable: it did not.
    """

    async def call() -> Reply:
        connection = Connection(service.endpoint)
        try:
            return await connection.call(request)
        finally:
            await connection.close()

    reply = asyncio.run(call())
    if reply.status >= 300:  # noqa: PLR2004 - of HTTP
        raise ServiceUnreachable(
            f"The service refused to be measured: {reply.status}, {code_of(reply.body)}.",
            f"It needs the key of an administrator, and no instance {NAME!r}.",
        )
    return reply
