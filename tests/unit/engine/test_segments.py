"""The embedded index once it has grown: cells on disk, a tail in memory, new segments while it is used."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from numpy.typing import NDArray

from similis.domain import Category, matches, parse_filter
from similis.engine import Change, Effort, FaissIndex, Hit, IndexSpec, Operation, SegmentStore, Sizing


class Store(Protocol):
    directory: Path

    def current(self) -> tuple[str, int] | None: ...


Open = Callable[[], FaissIndex]
Vectors = NDArray[np.float16]
Additions = Callable[..., list[Change]]
_FILTERS = [None, "int_attr=7", "int_attr<30", 'str_attr="c" OR int_attr>=60', 'str_attr!="a"', "int_attr>100"]


@pytest.fixture(scope="module")
def searched(
    tmp_path_factory: pytest.TempPathFactory,
    open_index_on: Callable[[Path], FaissIndex],
    clustered: Vectors,
    additions: Additions,
) -> Iterator[FaissIndex]:
    """An index that is only read."""
    index = open_index_on(tmp_path_factory.mktemp("searched"))
    index.apply(additions(clustered))
    index.wait()
    yield index
    index.close()


@pytest.fixture
def grown(open_index: Open, clustered: Vectors, additions: Additions) -> Iterator[FaissIndex]:
    index = open_index()
    index.apply(additions(clustered))
    index.wait()
    yield index
    index.close()


def _similarities(queries: Vectors, log: dict[int, Change]) -> NDArray[np.float64]:
    """Cosine of every query with every picture, in the order of the log."""
    rows, wanted = np.array([change.vector for change in log.values()], np.float64), queries.astype(np.float64)
    products = wanted @ rows.T
    cosines: NDArray[np.float64] = (
        products / np.linalg.norm(wanted, axis=1)[:, np.newaxis] / np.linalg.norm(rows, axis=1)
    )
    return cosines


def _allowed(log: dict[int, Change], text: str | None, category: Category | None) -> NDArray[np.bool_]:
    tree = None if text is None else parse_filter(text)
    return np.array(
        [
            (tree is None or matches(tree, change.attributes)) and category in {None, change.category}
            for change in log.values()
        ]
    )


def _recall(hits: list[Hit], truth: dict[int, float]) -> float:
    """The share of the true neighbours that were found; what was found has its true similarity, in order."""
    assert [hit.similarity for hit in hits] == pytest.approx([truth[hit.picture_id] for hit in hits], abs=1e-5)
    assert hits == sorted(hits, key=lambda hit: (-hit.similarity, hit.picture_id))
    assert len({hit.picture_id for hit in hits}) == len(hits)
    best = sorted(truth.values(), reverse=True)[: len(hits)]
    found = [hit.similarity >= least - 1e-6 for hit, least in zip(hits, best, strict=True)]
    return sum(found) / len(found) if found else 1.0


@pytest.mark.parametrize("category", [None, Category.BAG, Category.SHOES])
@pytest.mark.parametrize("text", _FILTERS)
def test_it_finds_what_a_naive_search_finds(
    searched: FaissIndex, clustered: Vectors, additions: Additions, text: str | None, category: Category | None
) -> None:
    assert searched.about() is not None
    log = {change.picture_id: change for change in additions(clustered)}
    queries = clustered[:40] + np.random.default_rng(1).normal(0, 0.3, (40, clustered.shape[1])).astype(np.float16)
    tree = None if text is None else parse_filter(text)
    together = searched.search(queries, 10, tree, category)
    exactly = searched.search(queries, 10, tree, category, Effort.EXACT)
    recalls, numbers, allowed = [], np.array(list(log)), _allowed(log, text, category)
    for all_similarities, hits, exact in zip(_similarities(queries, log), together, exactly, strict=True):
        truth = dict(zip(numbers[allowed].tolist(), all_similarities[allowed].tolist(), strict=True))
        assert len(hits) == len(exact) == min(10, len(truth))
        recalls.append(_recall(hits, truth))
        assert _recall(exact, truth) == 1.0
    assert np.mean(recalls) >= 0.99


def test_it_goes_on_from_its_segment_and_needs_only_what_came_after(
    open_index: Open, clustered: Vectors, additions: Additions
) -> None:
    log = additions(clustered)
    first = open_index()
    first.apply(log[:6000])
    first.wait()
    applied = first.applied_seq()
    first.close()
    again = open_index()
    sealed = again.applied_seq()
    assert 3000 <= sealed <= applied
    again.apply(log[sealed:])
    assert (again.count(), again.applied_seq()) == (8000, 8000)
    assert [hits[0].picture_id for hits in again.search(clustered[-5:], 1)] == [7996, 7997, 7998, 7999, 8000]


def test_removals_and_updates_hold_in_the_segment_and_after_the_next_one(
    grown: FaissIndex, clustered: Vectors, additions: Additions
) -> None:
    log = {change.picture_id: change for change in additions(clustered)}
    removed = range(1, 8001, 9)
    changes = [Change(9000 + number, Operation.REMOVE, number) for number in removed]
    other = log[55].attributes
    changes += [Change(20_000 + number, Operation.UPDATE, number, None, Category.TOY, other) for number in (3, 4, 5)]
    grown.apply(changes)
    for number in removed:
        del log[number]
    for before_or_after in range(2):
        assert grown.count() == len(log)
        found = {hit.picture_id for hit in grown.search(clustered[:1], 8000, effort=Effort.EXACT)[0]}
        assert found == set(log), before_or_after
        tree = parse_filter("int_attr=55")
        assert {3, 4, 5} <= {hit.picture_id for hit in grown.search(clustered[:1], 8000, tree)[0]}
        grown.seal()
    assert grown.about() is not None
    assert grown.about().rows == len(log)  # type: ignore[union-attr] # asserted above


def test_changes_and_searches_go_on_while_a_segment_is_written(
    grown: FaissIndex, clustered: Vectors, additions: Additions
) -> None:

    def seal_thrice() -> None:
        for _ in range(3):
            grown.seal()

    sealing = threading.Thread(target=seal_thrice)
    sealing.start()
    seq = grown.applied_seq()
    late = additions(clustered[:900] + np.float16(0.01), first=seq + 1)
    for number, change in enumerate(late, 1):
        grown.apply([change])
        if number % 3 == 0:
            grown.apply([Change(change.seq, Operation.REMOVE, change.picture_id)])  # passed over: applied already
        [[best, *_]] = grown.search(clustered[number : number + 1], 5)
        assert best.picture_id in {number + 1, seq + 1 + number}
    sealing.join()
    assert grown.count() == 8900
    assert {hit.picture_id for hit in grown.search(clustered[:1], 9000, effort=Effort.EXACT)[0]} == set(
        range(1, 8901)
    )


def test_it_is_exact_in_memory_again_when_it_has_shrunk(grown: FaissIndex, store: Store) -> None:
    grown.apply(Change(9000 + number, Operation.REMOVE, number) for number in range(1, 7001))
    grown.wait()
    grown.apply([Change(99_999, Operation.REMOVE, 7001)])
    grown.wait()
    assert grown.about() is None
    assert store.current() is None
    assert grown.count() == 999


def test_thousands_of_the_same_picture_are_found(open_index: Open, clustered: Vectors, additions: Additions) -> None:
    index = open_index()
    same = np.ones_like(clustered[:4000])
    index.apply(additions(same))
    index.wait()
    assert index.about() is not None
    [hits] = index.search(same[:1], 5)
    assert [hit.similarity for hit in hits] == pytest.approx([1.0] * 5, abs=1e-5)
    index.close()


def test_it_can_be_waited_for_while_a_segment_is_about_to_be_written(
    open_index: Open, clustered: Vectors, additions: Additions, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, start = open_index(), threading.Thread.start

    def started_late(thread: threading.Thread) -> None:
        index.wait()
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", started_late)
    index.apply(additions(clustered))
    index.wait()
    assert index.about() is not None
    index.close()


def test_one_that_may_write_no_more_begins_no_segment(
    open_index: Open, clustered: Vectors, additions: Additions
) -> None:
    index = open_index()
    index.stop_writing()
    index.apply(additions(clustered))
    assert index._worker is None
    assert index.count() == len(clustered)
    index.close()


@pytest.mark.parametrize("file", ["columns.enc", "vectors.enc", "lists.enc", "cells.enc", "segment.json"])
@pytest.mark.parametrize("harm", ["bit", "cut", "gone"])
def test_a_damaged_file_leads_to_a_rebuild(
    grown: FaissIndex, open_index: Open, store: Store, file: str, harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    grown.seal()
    grown.close()
    path = next(iter(store.directory.iterdir())) / file
    content = bytearray(path.read_bytes())
    if harm == "gone":
        path.unlink()
    else:
        content[len(content) // 3] ^= 16
        path.write_bytes(content[: len(content) - 7] if harm == "cut" else content)
    again = open_index()
    assert (again.count(), again.applied_seq(), store.current()) == (0, 0, None)
    assert "built anew" in caplog.text
    assert list(store.directory.iterdir()) == []
    again.close()


def test_files_that_only_look_newer_are_used(grown: FaissIndex, open_index: Open, store: Store) -> None:
    grown.seal()
    grown.close()
    for path in next(iter(store.directory.iterdir())).iterdir():
        os.utime(path)
    again = open_index()
    assert again.count() == 8000
    again.close()


def test_only_its_own_segments_are_removed(grown: FaissIndex, store: Store) -> None:
    """An index that is built anew writes its segments beside those of the one in use."""
    other = store.directory / "another index writes this"
    other.mkdir()
    grown.seal()
    current = store.current()
    assert current is not None
    assert {path.name for path in store.directory.iterdir()} == {current[0], other.name}
    grown.drop()
    assert list(store.directory.iterdir()) == [other]


def test_a_segment_that_cannot_be_written_changes_nothing(
    open_index: Open, clustered: Vectors, additions: Additions, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store.directory.parent.mkdir(parents=True, exist_ok=True)
    store.directory.write_text("a file where the directory should be")
    index = open_index()
    index.apply(additions(clustered))
    index.wait()
    assert index.about() is None
    assert "could not be written" in caplog.text
    assert index.search(clustered[:1], 1)[0][0].picture_id == 1
    index.close()


def test_a_dropped_index_leaves_nothing_on_disk(grown: FaissIndex, store: Store) -> None:
    grown.drop()
    assert (grown.count(), grown.applied_seq(), store.current()) == (0, 0, None)
    assert list(Path(store.directory).iterdir()) == []


def test_cells_are_found_anew_when_it_has_doubled(open_index: Open, clustered: Vectors, additions: Additions) -> None:
    index = open_index()
    log = additions(clustered)
    index.apply(log[:3000])
    index.seal()
    first = index.about()
    index.apply(log[3000:4500])
    index.seal()
    second = index.about()
    own = index.search(clustered[:4500:50], 1)  # codes of the segment before were copied, those of the tail added
    assert [hits[0].picture_id for hits in own] == list(range(1, 4501, 50))
    index.apply(log[4500:])
    index.seal()
    third = index.about()
    assert first is not None
    assert second is not None
    assert third is not None
    assert second.trained_on == first.trained_on < third.trained_on
    index.close()


def test_many_threads_get_what_each_would_get_alone(searched: FaissIndex, clustered: Vectors) -> None:
    queries = clustered[100:160]
    asked = [
        (query[np.newaxis], parse_filter(text) if text else None, category)
        for number, query in enumerate(queries)
        for text, category in [(_FILTERS[number % 5], [None, Category.BAG][number % 2])]
    ]
    alone = [searched.search(query, 10, tree, category)[0] for query, tree, category in asked]
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(lambda each: searched.search(each[0], 10, *each[1:])[0], asked * 3))
    same = [one == other for one, other in zip(alone * 3, together, strict=True)]
    assert np.mean(same) > 0.99  # a cell whose turn comes last may be another one where numbers are rounded otherwise


def test_many_updates_lead_to_a_new_segment(grown: FaissIndex, store: Store) -> None:
    grown.seal()
    before = store.current()
    changes = [Change(9000 + number, Operation.UPDATE, number, None, Category.BAG) for number in range(1, 900)]
    grown.apply(changes)
    grown.wait()
    assert before is not None
    assert store.current() not in {None, before}


def test_many_queries_at_once_are_answered_in_parts(searched: FaissIndex, clustered: Vectors) -> None:
    assert [hits[0].picture_id for hits in searched.search(clustered[:150], 1)] == list(range(1, 151))
    assert searched.search(clustered[:0], 1) == []


def test_less_recall_is_asked_for_by_comparing_less(
    store: SegmentStore, clustered: Vectors, additions: Additions
) -> None:
    reaches = []
    for recall in (0.7, 0.99):
        index = FaissIndex(store, Sizing(exact_below=3000, recall=recall))
        index.open(IndexSpec(clustered.shape[1]))
        index.apply(additions(clustered))
        index.seal()
        about = index.about()
        assert about is not None
        assert about.tuned.recall >= recall
        reaches.append(about.tuned.reach)
        index.drop()
        index.close()
    assert reaches[0] < reaches[1] / 2
