"""A service whose process that searches dies while many search."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.faults.processes import children
from tests.faults.served import Served, served

pytestmark = pytest.mark.slow
_PICTURES = 12


def test_a_service_outlives_the_process_that_searches(tmp_path: Path, draw: Callable[..., bytes]) -> None:
    """Each call is answered as if nothing had happened, also with what was added and deleted meanwhile."""
    with served(tmp_path / "data", SIMILIS_THREADS="1", SIMILIS_SEARCHERS="1") as service:
        service.create()
        for number in range(_PICTURES):
            assert service.add(f"p{number}", draw(number)).status_code == 201
        others = set(children(service.process.pid))
        for _ in range(2):
            [searcher] = _searching(service, others)
            with ThreadPoolExecutor(4) as clients:
                found = [clients.submit(service.finds, f"p{number % _PICTURES}") for number in range(200)]
                os.kill(searcher, signal.SIGKILL)
                assert all(each.result() for each in found)
        service.client.delete("/api/v1/instances/shop/pictures?product_id=p0").raise_for_status()
        assert not service.finds("p0")
        assert service.finds("p1")


def _searching(service: Served, others: set[int]) -> list[int]:
    """The processes that search, which are there once searches have come at once."""
    until = time.monotonic() + 60
    while not (there := [each for each in children(service.process.pid) if each not in others]):
        assert time.monotonic() < until
        with ThreadPoolExecutor(4) as clients:
            assert all(clients.map(service.finds, [f"p{number}" for number in range(_PICTURES)]))
    return there
