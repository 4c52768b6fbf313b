import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from similis.domain import Category, DamagedPicture, ObjectNotFound, PictureKey, Region, SourceUnreachable
from similis.transfer import Addition, Deletion, Extracted, FailedLine, ParsedLine, Ready, batches

DONE = Extracted(Category.OTHER, Region(0, 1, 0, 1), np.zeros(4, np.float32))


def addition(name: str) -> Addition:
    return Addition(PictureKey("p", name))


class Threads:
    """Names of pictures say what happens: `bad…` are damaged, `gone…` missing, `down…` finds storage unreachable."""

    def __init__(self, window: int = 8, seconds: float = 0.0) -> None:
        self.window = window
        self.most = 0
        self._seconds = seconds
        self._working: set[str] = set()
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(4)

    def submit(self, addition: Addition) -> Future[Extracted]:
        with self._lock:
            self._working.add(addition.key.pic_name)
            self.most = max(self.most, len(self._working))
        return self._pool.submit(self._work, addition.key.pic_name)

    def taken(self, names: Sequence[str]) -> None:
        with self._lock:
            self._working -= set(names)

    def close(self) -> None:
        self._pool.shutdown()

    def _work(self, name: str) -> Extracted:
        time.sleep(self._seconds * (hash(name) % 3))
        for sign, error in (("bad", DamagedPicture), ("gone", ObjectNotFound), ("down", SourceUnreachable)):
            if name.startswith(sign):
                raise error("It is so.", "Mend it.")
        return DONE


def parsed(number: int, *entries: Addition | Deletion) -> ParsedLine:
    return ParsedLine(number, number * 100, entries)


NAMES = st.sampled_from(["good1", "good2", "bad1", "gone1"])
ENTRIES = st.one_of(NAMES.map(addition), NAMES.map(lambda name: Deletion("p", name)), st.just(Deletion("p")))
LINES = st.lists(st.one_of(st.lists(ENTRIES, min_size=1, max_size=4), st.none()), max_size=200)


@settings(max_examples=40, deadline=None)
@given(LINES)
def test_every_line_is_in_one_batch_and_all_in_order(content: list[list[Addition | Deletion] | None]) -> None:
    lines = [
        FailedLine(number, number * 100, None, None, "invalid_input", "It is no JSON.")
        if entries is None
        else parsed(number, *entries)
        for number, entries in enumerate(content, start=1)
    ]
    extractor = Threads()
    found = [line for batch in batches(lines, extractor, lambda: None) for line in batch]
    extractor.close()
    assert [(each.line, each.end) for each in found] == [(each.line, each.end) for each in lines]
    fine = [
        entry
        for line in lines
        if isinstance(line, ParsedLine)
        for entry in line.entries
        if isinstance(entry, Deletion) or entry.key.pic_name.startswith("good")
    ]
    done = [each.addition if isinstance(each, Ready) else each for line in found for each in line.operations]
    assert done == fine
    failed = [(each.line, each.code) for line in found for each in line.failures]
    assert failed == [
        (line.line, code)
        for line in lines
        for code in (
            ["invalid_input"]
            if isinstance(line, FailedLine)
            else [
                "damaged_picture" if entry.key.pic_name.startswith("bad") else "object_not_found"
                for entry in line.entries
                if isinstance(entry, Addition) and not entry.key.pic_name.startswith("good")
            ]
        )
    ]


@pytest.mark.parametrize(
    ("line", "most"),
    [
        (ParsedLine(1, 100, (addition("good"),)), 64),
        (ParsedLine(1, 100, (Deletion("p", "a"),)), 1024),
        (FailedLine(1, 100, None, None, "invalid_input", "It is no JSON."), 1024),
    ],
)
def test_what_costs_little_goes_by_the_thousand(line: ParsedLine | FailedLine, most: int) -> None:
    extractor = Threads()
    first, *_ = batches([line] * 1500, extractor, lambda: None)
    extractor.close()
    assert len(first) == most


def test_no_more_than_the_window_is_in_work() -> None:
    extractor = Threads(window=8, seconds=0.001)
    lines = [parsed(number, addition(f"good{number}")) for number in range(1, 300)]
    for batch in batches(lines, extractor, lambda: None):
        extractor.taken(
            [each.addition.key.pic_name for line in batch for each in line.operations if isinstance(each, Ready)]
        )
    extractor.close()
    assert extractor.most <= 8 + 64 + 1


def test_what_is_wrong_with_all_ends_it_behind_whole_batches() -> None:
    extractor = Threads()
    lines = [parsed(number, addition("down" if number == 150 else f"good{number}")) for number in range(1, 300)]
    got: list[int] = []
    with pytest.raises(SourceUnreachable):
        got.extend(line.line for batch in batches(lines, extractor, lambda: None) for line in batch)
    extractor.close()
    assert got
    assert max(got) < 150


def test_a_pulse_goes_on_while_a_picture_takes_long_and_may_stop_it() -> None:
    never: Future[Extracted] = Future()

    class Stuck:
        window = 4

        def submit(self, _addition: Addition) -> Future[Extracted]:
            return never

        def close(self) -> None: ...

    beats = []

    def pulse() -> None:
        beats.append(1)
        if len(beats) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(batches([parsed(1, addition("good"))], Stuck(), pulse))
    assert len(beats) == 2
