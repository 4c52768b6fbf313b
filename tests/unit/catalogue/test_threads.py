import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeAlias

import pytest
from sqlalchemy import Connection

from similis.catalogue import Catalogue, NewPicture
from similis.domain import CapacityReached, Instance, PictureKey

MakePicture: TypeAlias = Callable[..., NewPicture]
MakeInstance: TypeAlias = Callable[..., Instance]


@pytest.fixture(autouse=True)
def _many_switches() -> Iterator[None]:
    """Threads take turns fifty times as often: more is tried, and none waits long for those that never rest."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(before / 50)
    yield
    sys.setswitchinterval(before)


def test_writers_take_turns_and_readers_see_whole_transactions(
    catalogue: Catalogue, instance: Instance, new_picture: MakePicture
) -> None:
    writing = threading.Event()
    writing.set()

    def write(name: str) -> None:
        for number in range(12):
            catalogue.add(instance, [new_picture(f"{name}{number}", side, int_attr=number) for side in "ab"])
            if number % 3 == 0:
                catalogue.delete(instance, f"{name}{number}")

    def read() -> int:
        rounds = 0
        while writing.is_set():
            numbers = catalogue.select_ids(instance, None, None).tolist()
            assert len(numbers) % 2 == 0
            log = list(catalogue.changes(instance, 0))
            assert [change.seq for change in log] == sorted({change.seq for change in log})
            assert catalogue.instance("shop").picture_count % 2 == 0
            rounds += 1
        return rounds

    with ThreadPoolExecutor(7) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        writers = [pool.submit(write, name) for name in "wxyz"]
        try:
            for writer in writers:
                writer.result(60)
        finally:
            writing.clear()
        assert all(reader.result(60) for reader in readers)
    assert catalogue.instance("shop").picture_count == len(catalogue.select_ids(instance, None, None)) == 4 * 8 * 2
    catalogue.verify()


def test_capacity_holds_when_many_add_at_once(
    catalogue: Catalogue, make_instance: MakeInstance, new_picture: MakePicture
) -> None:
    small = make_instance("small", 10)

    def add(number: int) -> bool:
        try:
            catalogue.add(small, [new_picture(str(number))])
        except CapacityReached:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(add, range(25))) == 10
    assert catalogue.instance("small").picture_count == 10


def test_one_key_added_by_many_is_there_once(
    catalogue: Catalogue, instance: Instance, new_picture: MakePicture
) -> None:
    with ThreadPoolExecutor(6) as pool:
        replaced = list(pool.map(lambda n: catalogue.add(instance, [new_picture(int_attr=n)])[0], range(18)))
    assert sorted(replaced) == [False] + [True] * 17
    number = catalogue.picture(instance, PictureKey("p", "a")).id
    *_, last = catalogue.changes(instance, 0)
    assert (last.operation, last.picture_id) == ("add", number)
    catalogue.verify()


def test_what_is_remembered_is_never_older_than_what_was_acknowledged(
    catalogue: Catalogue, instance: Instance, new_picture: MakePicture
) -> None:
    acknowledged, count = [0], 60

    def read() -> None:
        least = 0
        while least < count:
            least = acknowledged[0]
            assert catalogue.instance("shop").picture_count >= least
            assert catalogue.last_seq(instance) >= least

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        try:
            for number in range(count):
                catalogue.add(instance, [new_picture(str(number))])
                acknowledged[0] = number + 1
        finally:
            acknowledged[0] = count
        for reader in readers:
            reader.result(60)


def test_what_is_remembered_is_never_older_than_what_others_can_see(
    catalogue: Catalogue, instance: Instance, new_picture: MakePicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a commit and its writer's knowing of it."""
    transaction, seen = catalogue._database._transaction, []

    @contextmanager
    def watched() -> Iterator[Connection]:
        with transaction() as connection:
            yield connection
        seen.append((len(catalogue.select_ids(instance, None, None)), catalogue.instance("shop").picture_count))

    assert catalogue.instance("shop").picture_count == 0
    monkeypatch.setattr(catalogue._database, "_transaction", watched)
    catalogue.add(instance, [new_picture()])
    assert seen == [(1, 1)]
