"""A service whose processes that analyse pictures die while pictures come in."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tests.faults.served import served

pytestmark = pytest.mark.slow
_PICTURES = 40


def test_a_service_outlives_the_processes_that_analyse(tmp_path: Path, draw: Callable[..., bytes]) -> None:
    """Each call is answered as if nothing had happened, and each picture is there once."""
    with served(tmp_path / "data", SIMILIS_THREADS="2") as service:
        service.create()

        def add(number: int) -> httpx.Response:
            if number in {7, 19, 31}:
                os.kill(_analysing(service.process.pid)[0], signal.SIGKILL)
            return service.add(f"p{number}", draw(number))

        with ThreadPoolExecutor(4) as clients:
            answers = list(clients.map(add, range(_PICTURES)))
        assert [each.status_code for each in answers] == [201] * _PICTURES
        assert all(service.finds(f"p{number}") for number in range(_PICTURES))
        assert service.client.get("/api/v1/instances/shop").json()["picture_count"] == _PICTURES


def _analysing(service: int) -> list[int]:
    """The processes of a service that analyse."""
    status = (each for each in Path("/proc").glob("[0-9]*/stat"))
    children = [int(each.parent.name) for each in status if _parent(each) == service]
    return [each for each in children if "spawn_main" in (Path("/proc") / str(each) / "cmdline").read_text("utf-8")]


def _parent(stat: Path) -> int:
    try:
        return int(stat.read_text("utf-8").rpartition(")")[2].split()[1])
    except OSError:  # it has just ended
        return 0
