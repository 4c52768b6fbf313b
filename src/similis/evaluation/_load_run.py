"""So many clients at once, each of which makes its next call when it has the answer to the one before."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import numpy as np

from similis.domain import ServiceUnreachable
from similis.evaluation._load_calls import Call, Work, code_of
from similis.evaluation._load_client import Connection

_LONGEST_PAUSE = 5.0


@dataclass
class Sample:
    """What became of all calls of one run.

    Attributes:
        seconds: from the first call to the last answer.
        milliseconds: of each call that was answered as wished, by what it asked for.
        throttled: how many were told to come again later.
        errors: how many failed otherwise, by code.
        processor: seconds of a processor that the clients took.
    """

    seconds: float = 0.0
    milliseconds: dict[Work, list[float]] = field(default_factory=lambda: defaultdict(list))
    throttled: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    processor: float = 0.0

    @property
    def answered(self) -> int:
        """How many calls were answered as wished."""
        return sum(map(len, self.milliseconds.values()))

    @property
    def rate(self) -> float:
        """Calls a second."""
        return self.answered / self.seconds

    def quantile(self, share: float, work: Work | None = None) -> float:
        """The time within which this share of the calls was answered; of all sorts, or of one."""
        chosen = self.milliseconds.values() if work is None else [self.milliseconds[work]]
        taken = [each for times in chosen for each in times]
        return float(np.quantile(taken, share)) if taken else float("nan")


async def load(endpoint: str, calls: Iterator[Call], clients: int, seconds: float) -> Sample:
    """Have so many clients make calls for so long; what is under way then is still answered and counted."""
    sample = Sample()
    begun, worked = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(_client(endpoint, calls, begun + seconds, sample))
    sample.seconds = time.perf_counter() - begun
    sample.processor = time.process_time() - worked
    return sample


async def _client(endpoint: str, calls: Iterator[Call], end: float, sample: Sample) -> None:
    connection = Connection(endpoint)
    while (begun := time.perf_counter()) < end:
        pause = await _made(connection, next(calls), begun, sample)
        if pause:
            await asyncio.sleep(min(pause, _LONGEST_PAUSE, max(0.0, end - time.perf_counter())))
    await connection.close()


async def _made(connection: Connection, call: Call, begun: float, sample: Sample) -> float:
    """Make a call and note what became of it; the seconds for which the service asks to wait."""
    try:
        reply = await connection.call(call.request)
    except ServiceUnreachable as error:
        sample.errors[error.code] += 1
        return 1.0
    if httpx.codes.is_success(reply.status):
        sample.milliseconds[call.work].append(1000 * (time.perf_counter() - begun))
        return 0.0
    if reply.status == httpx.codes.TOO_MANY_REQUESTS:
        sample.throttled += 1
        return float(reply.headers.get("retry-after", "1"))
    sample.errors[code_of(reply.body)] += 1
    return 0.0
