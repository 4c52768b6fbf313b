"""What only an index on a server can get wrong: freshness, sharing, loss, and a server that does not answer."""

import socket
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.servers.milvus_server import MilvusServer as RealMilvus

from similis.domain import Attributes, Category, IndexUnavailable, parse_filter
from similis.engine import (
    Change,
    IndexSpec,
    MilvusIndex,
    MilvusServer,
    MilvusSettings,
    Operation,
    OwnProgress,
    Pushed,
)

_DIMENSION = 8
_STALENESS = 6.0  # seconds; the server's is 5


class Log:
    """Stands for the change log; picture n has the attribute n."""

    def __init__(self) -> None:
        self.changes: list[Change] = []

    def add(self, picture_id: int) -> None:
        self._append(Operation.ADD, picture_id, _vector(picture_id))

    def update(self, picture_id: int) -> None:
        self._append(Operation.UPDATE, picture_id)

    def remove(self, picture_id: int) -> None:
        self._append(Operation.REMOVE, picture_id)

    def bring(self, index: MilvusIndex) -> MilvusIndex:
        """Apply what the index lacks, as the service does before it searches."""
        after = index.applied_seq()
        index.apply(change for change in self.changes if change.seq > after)
        return index

    def _append(self, operation: Operation, picture_id: int, vector: NDArray[np.float32] | None = None) -> None:
        attributes = Attributes(int_attr=-picture_id if operation is Operation.UPDATE else picture_id)
        self.changes.append(Change(len(self.changes) + 1, operation, picture_id, vector, Category.BAG, attributes))


def _vector(number: int) -> NDArray[np.float32]:
    return np.random.default_rng(number).normal(size=_DIMENSION).astype(np.float32)


def _finds(index: MilvusIndex, picture_id: int, text: str | None = None) -> bool:
    tree = None if text is None else parse_filter(text)
    [hits] = index.search(_vector(picture_id)[np.newaxis], 1, tree)
    return bool(hits) and hits[0].picture_id == picture_id


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def progress(milvus_server: RealMilvus) -> Iterator[OwnProgress]:
    """What indexes share; their collection is removed after the test."""
    shared = OwnProgress()
    yield shared
    if (pushed := shared.read()) is not None:
        MilvusServer(MilvusSettings(milvus_server.uri)).drop(pushed.collection)


@pytest.fixture
def server(milvus_server: RealMilvus) -> MilvusServer:
    return MilvusServer(MilvusSettings(milvus_server.uri))


def _opened(server: MilvusServer, progress: OwnProgress, **options: float) -> MilvusIndex:
    index = MilvusIndex(server, "test", progress, **options)  # type: ignore[arg-type] # numbers are what it takes
    index.open(IndexSpec(_DIMENSION))
    return index


def test_what_was_not_sent_is_found_by_whoever_follows_the_log(
    server: MilvusServer, progress: OwnProgress, log: Log
) -> None:
    one, other = _opened(server, progress), _opened(server, progress)
    log.add(1)
    assert _finds(log.bring(one), 1)
    assert _finds(log.bring(other), 1)
    log.update(1)
    assert _finds(log.bring(one), 1, "int_attr=-1")
    assert not _finds(log.bring(other), 1, "int_attr=1")
    log.remove(1)
    assert not _finds(log.bring(other), 1)
    assert progress.read() == Pushed(progress.read().collection, 0)  # type: ignore[union-attr] # it has a collection
    other.close()
    assert _opened(server, progress).applied_seq() == 3


@pytest.mark.slow
def test_bounded_searches_see_every_write_at_once(server: MilvusServer, progress: OwnProgress, log: Log) -> None:
    indexes = [_opened(server, progress, staleness=_STALENESS, push_from=5) for _ in range(2)]
    for index in indexes:
        log.bring(index)
    time.sleep(_STALENESS)  # after which they no longer ask for strong consistency
    started = time.monotonic()
    for number in range(1, 200):
        log.add(number)
        log.bring(indexes[number % 2])
        assert _finds(log.bring(indexes[(number + 1) % 2]), number)
        if number % 3 == 0:
            log.update(number)
            log.remove(number - 1)
            assert _finds(log.bring(indexes[number % 2]), number, f"int_attr=-{number}")
            assert not _finds(indexes[number % 2], number - 1)
    assert time.monotonic() - started < 60  # strong searches would take longer
    time.sleep(_STALENESS + 1)
    for index in indexes:
        log.bring(index)
        assert all(_finds(index, number) for number in range(1, 200) if number % 3 != 2 or number == 200)
        assert index.count() == 199 - 66
        assert len(index._recent) < 10


def test_a_tail_that_is_cut_short_misses_nothing(server: MilvusServer, progress: OwnProgress, log: Log) -> None:
    index = _opened(server, progress, push_from=10, most_waiting=20)
    index.applied_seq()
    index._recent._strong_until = 0.0
    for number in range(1, 101):
        log.add(number)
        log.bring(index)
    index.push()
    assert len(index._recent) <= 20
    assert all(_finds(index, number) for number in range(1, 101, 9))


def test_two_that_push_never_bring_back_what_was_removed(
    server: MilvusServer, progress: OwnProgress, log: Log
) -> None:
    indexes = [_opened(server, progress, push_from=3) for _ in range(2)]
    for number in range(1, 61):
        log.add(number)
        if number % 2:
            log.remove(number)
    stale = list(log.changes[:60])

    def follow(index: MilvusIndex, changes: list[Change]) -> None:
        for end in range(3, len(changes) + 1, 3):
            after = index.applied_seq()
            index.apply(change for change in changes[:end] if change.seq > after)

    threads = [
        threading.Thread(target=follow, args=each) for each in ((indexes[0], stale), (indexes[1], log.changes))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    indexes[1].push()
    fresh = _opened(server, progress)
    assert fresh.count() == 30
    assert fresh.applied_seq() == len(log.changes)


def test_a_lost_collection_is_built_anew_from_the_log(server: MilvusServer, progress: OwnProgress, log: Log) -> None:
    index, other = _opened(server, progress, push_from=1), _opened(server, progress, push_from=1)
    log.add(1)
    log.bring(index)
    log.bring(other)
    lost = progress.read()
    assert lost is not None
    server.drop(lost.collection)
    with pytest.raises(IndexUnavailable, match="gone"):
        index.search(_vector(1)[np.newaxis], 1)
    _wait_for(index)
    for each in (index, other):
        assert each.applied_seq() == 0 or progress.read() != lost
        assert _finds(log.bring(each), 1)
    assert index.count() == 1


def test_a_collection_of_an_old_backup_is_noticed(server: MilvusServer, progress: OwnProgress, log: Log) -> None:
    index = _opened(server, progress, push_from=1)
    log.add(1)
    log.bring(index)
    pushed = progress.read()
    assert pushed is not None
    progress.write(Pushed(pushed.collection, 7))  # as if the collection had once held more
    again = _opened(server, progress, push_from=1)
    assert again.applied_seq() == 0
    assert progress.read() != pushed
    assert _finds(log.bring(again), 1)
    assert server.mark(pushed.collection) is None


def test_an_index_built_beside_the_old_one_takes_its_place(
    server: MilvusServer, progress: OwnProgress, log: Log
) -> None:
    old = _opened(server, progress, push_from=1)
    for number in (1, 2):
        log.add(number)
    log.bring(old)
    fresh = log.bring(_opened(server, OwnProgress()))
    before = fresh.publish(progress)
    assert before is not None
    assert _finds(old, 1)  # a search that is under way
    log.add(3)
    for index in (old, fresh):
        assert _finds(log.bring(index), 3)
        assert index.count() == 3
    server.drop(before.collection)
    assert _finds(log.bring(old), 2)


@pytest.mark.parametrize("answers", [False, True])
def test_a_server_that_is_gone_is_told_within_seconds(log: Log, *, answers: bool) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if answers:
            silent.listen()  # takes connections and never says a word
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        index = _opened(MilvusServer(MilvusSettings(uri, token="user:secret", timeout=2.0)), OwnProgress())
        started = time.monotonic()
        with pytest.raises(IndexUnavailable, match=f"Milvus server at {uri} cannot be used") as caught:
            log.bring(index)
        assert time.monotonic() - started < 10
        assert "secret" not in caught.value.message + caught.value.hint
        started = time.monotonic()
        with pytest.raises(IndexUnavailable, match="did not answer"):
            log.bring(index)
        assert time.monotonic() - started < 0.5


def _wait_for(index: MilvusIndex) -> None:
    for _ in range(100):
        try:
            index.applied_seq()
        except IndexUnavailable:
            time.sleep(0.1)
        else:
            return
