"""The Milvus server is killed while two gateways add, delete and search."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.servers.milvus_server import MilvusServer as RealMilvus
from tests.unit.colours import plain, with_encoders

from similis.algorithm import Pipeline
from similis.domain import IndexUnavailable, InstanceSpec, InstanceType, PictureKey, SearchOptions
from similis.service import App, Settings

_MOST = 150  # products of a client: all are found within the 500 results that a search gives


@dataclass
class Client:
    """Adds and deletes pictures and searches through one gateway; no change may fail, and searches tell why."""

    name: str
    app: App
    there: set[str] = field(default_factory=set)
    searched: int = 0
    failures: list[IndexUnavailable] = field(default_factory=list)
    slowest: float = 0.0

    def work(self, stop: threading.Event) -> None:
        number = 0
        while not stop.is_set():
            if number == _MOST:  # what is deleted and added again gets a new number inside
                self.app.pictures.delete("g", f"{self.name}0")
                self.there.discard(f"{self.name}0")
                number = 0
            product = f"{self.name}{number}"
            self.app.pictures.add("g", plain("red"), PictureKey(product, "a"), crop=False)
            self.there.add(product)
            if number % 3 == 2:
                self.app.pictures.delete("g", f"{self.name}{number - 1}")
                self.there.discard(f"{self.name}{number - 1}")
            number += 1
            self._search()

    def _search(self) -> None:
        started = time.monotonic()
        try:
            found = found_by(self.app)
        except IndexUnavailable as error:
            self.failures.append(error)
        else:
            mine = {product for product in found if product.startswith(self.name)}
            assert mine == self.there
            self.searched += 1
        self.slowest = max(self.slowest, time.monotonic() - started)


def found_by(app: App) -> set[str]:
    """All products, on as many pages as they fill."""
    found: set[str] = set()
    for start in range(0, 500, 100):
        options = SearchOptions(num=100, start=start)
        matches = app.search.by_picture("g", plain("red"), options, crop=False).matches
        found |= {match.product_id for match in matches}
        if len(matches) < 100:
            break
    return found


@pytest.fixture
def gateways(
    settings: Settings, pipeline: Pipeline, tmp_path: Path, postgres_url: str, milvus_server: RealMilvus
) -> Iterator[Callable[[], list[App]]]:
    """Opens two gateways on one PostgreSQL catalogue and one Milvus."""
    shared = with_encoders(settings, tmp_path).model_copy(
        update={
            "catalogue": SecretStr(postgres_url),
            "keys": tmp_path / "keys",
            "milvus_uri": milvus_server.uri,
            "milvus_prefix": "faults",
            "milvus_timeout": 3.0,
        }
    )
    opened: list[App] = []

    def opening() -> list[App]:
        apps = [App.open(shared.model_copy(update={"data": tmp_path / name}), pipeline) for name in "ab"]
        opened.extend(apps)
        return apps

    yield opening
    for app in opened:
        app.close()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nothing_is_lost_and_service_resumes_when_the_server_is_killed(
    gateways: Callable[[], list[App]], milvus_server: RealMilvus
) -> None:
    chance, stop, kills = random.Random(7), threading.Event(), 3  # noqa: S311 - no secret
    apps = gateways()
    apps[0].instances.create(InstanceSpec("g", InstanceType.GENERIC), "milvus", "colour-image")
    clients = [Client(name, app) for name, app in zip("xy", apps, strict=True)]
    with ThreadPoolExecutor(len(clients)) as pool:
        jobs = [pool.submit(client.work, stop) for client in clients]
        try:
            for _ in range(kills):
                _wait_until_all_search(clients)
                time.sleep(chance.random() * 2)
                milvus_server.kill()
                time.sleep(1 + chance.random() * 2)
                milvus_server.start()
            _wait_until_all_search(clients)
        finally:
            stop.set()
        for job in jobs:
            job.result(60)
    everything = clients[0].there | clients[1].there
    for client in clients:
        assert found_by(client.app) == everything
        assert client.failures
        assert client.slowest < 30
        assert all("SIMILIS_MILVUS_URI" in each.hint or "again" in each.hint for each in client.failures)
    for app in apps:
        app.close()
    for app in gateways():  # which know nothing but the catalogue and the server
        assert found_by(app) == everything
        app.instances.rebuild("g")
        assert found_by(app) == everything


def _wait_until_all_search(clients: list[Client]) -> None:
    before, end = [client.searched for client in clients], time.monotonic() + 120
    while any(client.searched < old + 3 for client, old in zip(clients, before, strict=True)):
        assert time.monotonic() < end, "a gateway did not go on"
        time.sleep(0.1)
