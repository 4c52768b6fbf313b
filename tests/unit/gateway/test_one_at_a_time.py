"""Calls that read a whole instance: a process answers one at a time, and tells others when to come again."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from similis.service import App

SHOP = "/api/v1/instances/shop"


class Gate:
    """Keeps whoever reads an instance's pictures until it is opened."""

    def __init__(self, read: object) -> None:
        self.entered, self.opened, self._read = threading.Event(), threading.Event(), read

    def __call__(self, *arguments: object) -> object:
        self.entered.set()
        assert self.opened.wait(20)
        assert callable(self._read)
        return self._read(*arguments)


@pytest.fixture
def gate(app: App, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """In the way of all that reads pictures by a filter, or all of them."""
    gate = Gate(app._catalogue.select_ids)
    monkeypatch.setattr(app._catalogue, "select_ids", gate)
    return gate


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("GET", f"{SHOP}/duplicates"), ("GET", "/api/v1/instances/things/duplicates")),
        (("POST", f"{SHOP}/tuning"), ("POST", "/api/v1/instances/things/tuning")),
        (("POST", f"{SHOP}/tuning"), ("DELETE", f"{SHOP}/tuning")),
    ],
    ids=["duplicates", "tunings", "undoing"],
)
def test_a_second_one_is_told_when_to_come_again(
    api: httpx.Client, gate: Gate, first: tuple[str, str], second: tuple[str, str]
) -> None:
    with ThreadPoolExecutor(1) as pool:
        try:
            running = pool.submit(api.request, *first, timeout=30)
            assert gate.entered.wait(10)
            refused = api.request(*second)
        finally:
            gate.opened.set()
        assert running.result().status_code != 429
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert int(refused.headers["retry-after"]) >= 10
    assert api.request(*second).status_code != 429
