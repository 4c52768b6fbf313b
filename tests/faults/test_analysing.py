"""A service whose processes that analyse pictures die while pictures come in."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tests.faults.processes import children
from tests.faults.served import served

pytestmark = pytest.mark.slow
_PICTURES = 40


def test_a_service_outlives_the_processes_that_analyse(tmp_path: Path, draw: Callable[..., bytes]) -> None:
    """Each call is answered as if nothing had happened, and each picture is there once."""
    with served(tmp_path / "data", SIMILIS_THREADS="2") as service:
        service.create()

        def add(number: int) -> httpx.Response:
            if number in {7, 19, 31}:
                os.kill(children(service.process.pid)[0], signal.SIGKILL)
            return service.add(f"p{number}", draw(number))

        with ThreadPoolExecutor(4) as clients:
            answers = list(clients.map(add, range(_PICTURES)))
        assert [each.status_code for each in answers] == [201] * _PICTURES
        assert all(service.finds(f"p{number}") for number in range(_PICTURES))
        assert service.client.get("/api/v1/instances/shop").json()["picture_count"] == _PICTURES
