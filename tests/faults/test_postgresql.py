"""The PostgreSQL server is killed while two gateways write."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from types import ModuleType

import pytest
from tests.faults.served import served
from tests.servers.postgres_server import PostgresServer

from similis.catalogue import Catalogue
from similis.domain import StorageFailed

Open = Callable[[str], Catalogue]
_ADVICE = ("try again", "by itself")


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of the test's own: with the databases of other tests, each recovery would take long."""
    own = PostgresServer()
    try:
        own.start()
        yield own
    finally:
        own.stop()


@dataclass
class Writer:
    """Adds pictures and deletes some, notes what was acknowledged, and goes on after errors."""

    number: int
    there: set[int] = field(default_factory=set)
    uncertain: set[int] = field(default_factory=set)
    acknowledged: int = 0
    failures: list[StorageFailed] = field(default_factory=list)

    def write(self, catalogue: Catalogue, child: ModuleType, stop: threading.Event) -> None:
        instance = catalogue.instance("shop")
        for number in count():
            if stop.is_set():
                return
            adding = child.picture(self.number, number, instance.dimension)
            self._try(number, partial(catalogue.add, instance, [adding]), self.there.add)
            if number % 4 == 3:
                deleting = partial(catalogue.delete, instance, f"run {self.number}", str(number - 1))
                self._try(number - 1, deleting, self.there.discard)

    def _try(self, number: int, change: Callable[[], object], note: Callable[[int], None]) -> None:
        try:
            change()
        except StorageFailed as error:
            self.failures.append(error)
            self.uncertain.add(number)
            time.sleep(0.01)
        else:
            note(number)
            self.acknowledged += 1


@pytest.mark.slow
def test_what_was_acknowledged_outlives_a_killed_server(
    server: PostgresServer, open_shop: Open, child: ModuleType
) -> None:
    _kill_and_check(server, open_shop, child, kills=3)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_what_was_acknowledged_outlives_many_kills_of_the_server(
    server: PostgresServer, open_shop: Open, child: ModuleType
) -> None:
    _kill_and_check(server, open_shop, child, kills=25)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_service_says_so_while_the_server_is_gone_and_goes_on_when_it_is_back(
    server: PostgresServer, tmp_path: Path, draw: Callable[..., bytes]
) -> None:
    with served(tmp_path / "data", SIMILIS_CATALOGUE=server.fresh_database()) as service:
        service.create()
        assert service.add("before", draw(1)).status_code == 201
        server.kill()
        refused = service.add("during", draw(2))
        assert (refused.status_code, refused.json()["code"]) == (503, "storage_failed")
        assert any(advice in refused.json()["hint"] for advice in _ADVICE)
        assert service.client.get("/readyz").status_code == 503
        assert service.client.get("/healthz").status_code == 200
        server.start()
        end = time.monotonic() + 60
        while service.client.get("/readyz").status_code != 200:
            assert time.monotonic() < end, "the service did not go on"
            time.sleep(0.1)
        assert service.add("after", draw(3)).status_code == 201
        assert service.finds("before")
        assert service.finds("after")
        assert not service.holds("during")


def _kill_and_check(server: PostgresServer, open_shop: Open, child: ModuleType, kills: int) -> None:
    chance, stop = random.Random(kills), threading.Event()  # noqa: S311 - no secret
    url = server.fresh_database()
    gateways, writers = [open_shop(url), open_shop(url)], [Writer(number) for number in range(4)]
    with ThreadPoolExecutor(len(writers)) as pool:
        jobs = [pool.submit(each.write, gateways[each.number % 2], child, stop) for each in writers]
        try:
            for _ in range(kills):
                time.sleep(chance.random() * 0.5)
                server.kill()
                time.sleep(chance.random() * 0.1)
                server.start()
                _wait_until_all_go_on(writers)
        finally:
            stop.set()
        for job in jobs:
            job.result(60)
    _check(gateways, writers)


def _wait_until_all_go_on(writers: list[Writer]) -> None:
    before, end = [each.acknowledged for each in writers], time.monotonic() + 60
    while any(each.acknowledged == old for each, old in zip(writers, before, strict=True)):
        assert time.monotonic() < end, "a writer did not go on"
        time.sleep(0.01)


def _check(gateways: list[Catalogue], writers: list[Writer]) -> None:
    instance = gateways[0].instance("shop")
    kept = gateways[1].pictures(instance, gateways[1].select_ids(instance, None, None).tolist()).values()
    for writer in writers:
        there = {
            int(each.picture.key.pic_name) for each in kept if each.picture.key.product_id == f"run {writer.number}"
        }
        assert there ^ writer.there <= writer.uncertain
        for failure in writer.failures:
            assert any(advice in failure.hint for advice in _ADVICE), f"{failure.message} {failure.hint}"
    assert any(writer.failures for writer in writers)
    log = list(gateways[0].changes(instance, 0))
    followed = {change.picture_id for change in log if change.operation == "add"}
    followed -= {change.picture_id for change in log if change.operation == "remove"}
    assert followed == {each.id for each in kept}
    for gateway in gateways:
        gateway.verify()
        gateway.close()
