"""A service that is told to end while it is busy: first it is not ready, then it finishes what it began."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from tests.faults.served import INSTANCE, Served, served

Draw = Callable[..., bytes]
_DRAIN = 3.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


class Adding(threading.Thread):
    """Adds pictures, each over a connection of its own, until nobody takes one any more."""

    def __init__(self, service: Served, name: str, picture: bytes) -> None:
        super().__init__()
        self._service = service
        self._name = name
        self._picture = picture
        self.acknowledged: list[str] = []
        self.refused: list[int] = []
        self.ended_by: Exception | None = None

    def run(self) -> None:
        headers = {**self._service.client.headers, "connection": "close"}
        number = 0
        while self.ended_by is None:
            product = f"{self._name}{number}"
            form = {"product_id": product, "pic_name": "a"}
            try:
                answer = httpx.post(
                    f"{self._service.address}{INSTANCE}/pictures",
                    data=form, files={"file": self._picture}, headers=headers, timeout=60,
                )  # fmt: skip
            except httpx.TransportError as error:
                self.ended_by = error
                continue
            number += 1
            if answer.status_code == 201:
                self.acknowledged.append(product)
            else:
                self.refused.append(answer.status_code)


def test_under_load_it_is_not_ready_first_and_loses_nothing(tmp_path: Path, draw: Draw) -> None:
    with served(tmp_path / "data", SIMILIS_DRAIN_SECONDS=str(_DRAIN)) as service:
        service.create()
        adding = [Adding(service, name, draw(number, size=120)) for number, name in enumerate("xyz")]
        for each in adding:
            each.start()
        _wait_until(lambda: all(len(each.acknowledged) > 1 for each in adding))
        assert service.client.get("/readyz").status_code == 200
        service.process.send_signal(signal.SIGTERM)
        told = time.monotonic()
        assert service.client.get("/readyz").status_code == 503
        before = [len(each.acknowledged) for each in adding]
        _wait_until(lambda: all(len(each.acknowledged) > old for each, old in zip(adding, before, strict=True)))
        for each in adding:
            each.join(60)
        assert time.monotonic() - told >= _DRAIN
        assert service.process.wait(60) == 0
    assert not any(each.refused for each in adding)
    with served(tmp_path / "data") as again:
        for each in adding:
            assert all(again.holds(product) for product in each.acknowledged)
            assert again.finds(each.acknowledged[-1])
        count = again.client.get(INSTANCE).json()["picture_count"]
    # Of each client one picture more can be there: its answer was on the way when the connection was reset.
    assert 0 <= count - sum(len(each.acknowledged) for each in adding) <= len(adding)


def test_a_request_that_is_still_arriving_is_finished(tmp_path: Path, draw: Draw) -> None:
    with served(tmp_path / "data") as service:
        service.create()
        request = service.client.build_request(
            "POST",
            f"{INSTANCE}/pictures",
            data={"product_id": "slow", "pic_name": "a"},
            files={"file": draw(1)},
        )
        head, body = _head(request), request.read()
        place = urlsplit(service.address)
        with socket.create_connection((place.hostname, place.port), 60) as connection:
            connection.sendall(head + body[: len(body) // 2])
            time.sleep(0.5)  # so that the service has begun to read it
            service.process.send_signal(signal.SIGTERM)
            _wait_until(lambda: not _takes_connections(place.hostname, place.port))
            connection.sendall(body[len(body) // 2 :])
            assert connection.recv(100).startswith(b"HTTP/1.1 201 ")
        assert service.process.wait(60) == 0
    with served(tmp_path / "data") as again:
        assert again.finds("slow")


def _head(request: httpx.Request) -> bytes:
    lines = [f"POST {request.url.path} HTTP/1.1", *(f"{name}: {value}" for name, value in request.headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def _takes_connections(host: str | None, port: int | None) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex((host, port)) == 0


def _wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)
