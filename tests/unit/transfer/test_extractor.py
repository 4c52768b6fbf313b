import threading
import time
from concurrent.futures import CancelledError
from pathlib import Path

import numpy as np
import pytest

from similis.domain import (
    MAX_PICTURE_BYTES,
    Category,
    Connection,
    InvalidKey,
    ObjectNotFound,
    PictureKey,
    PictureTooLarge,
    Provider,
    Region,
)
from similis.transfer import Addition, Extracted, LocalExtractor, Source, SourceDirectory, fetch, open_source

IN = SourceDirectory("/in")


@pytest.fixture
def source(tmp_path: Path) -> Source:
    (tmp_path / "in").mkdir()
    return open_source(Connection("c", Provider.FILE, root=str(tmp_path)), None, None)


def addition(name: str) -> Addition:
    return Addition(PictureKey("p", name))


def first_byte(data: bytes, _addition: Addition) -> Extracted:
    return Extracted(Category.OTHER, Region(0, 1, 0, 1), np.full(1, data[0], np.float32))


def test_a_picture_is_read_below_the_path_else_below_the_root(source: Source, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"root")
    assert fetch(source, IN, "a.jpg") == b"root"
    (tmp_path / "in/a.jpg").write_bytes(b"path")
    assert fetch(source, IN, "a.jpg") == b"path"
    with pytest.raises(ObjectNotFound, match=r"in/b\.jpg"):
        fetch(source, IN, "b.jpg")
    with pytest.raises(InvalidKey):
        fetch(source, IN, "../a.jpg")


def test_no_more_is_read_than_a_picture_may_have(source: Source, tmp_path: Path) -> None:
    (tmp_path / "in/a.jpg").write_bytes(bytes(MAX_PICTURE_BYTES))
    assert len(fetch(source, IN, "a.jpg")) == MAX_PICTURE_BYTES
    with (tmp_path / "in/b.jpg").open("wb") as file:
        file.truncate(1 << 40)  # more than any memory
    with pytest.raises(PictureTooLarge):
        fetch(source, IN, "b.jpg")


def test_pictures_are_extracted_at_the_same_time_each_with_its_own_fate(source: Source, tmp_path: Path) -> None:
    meeting = threading.Barrier(4, timeout=20)

    def analyse(data: bytes, addition: Addition) -> Extracted:
        meeting.wait()
        return first_byte(data, addition)

    for number in range(4):
        (tmp_path / f"in/{number}.jpg").write_bytes(bytes([number]))
    extractor = LocalExtractor(source, IN, analyse)
    futures = [extractor.submit(addition(f"{number}.jpg")) for number in range(5)]
    assert [future.result(20).vector[0] for future in futures[:4]] == [0, 1, 2, 3]
    with pytest.raises(ObjectNotFound):
        futures[4].result(20)
    extractor.close()


class Hanging:
    """A source that answers only when it is told to."""

    def __init__(self) -> None:
        self.answers = threading.Event()

    def read(self, *_: object, **__: object) -> bytes:
        self.answers.wait(30)
        return b"x"


def test_closing_waits_for_no_download(monkeypatch: pytest.MonkeyPatch, source: Source) -> None:
    hanging, analysed = Hanging(), []
    monkeypatch.setattr(source, "read", hanging.read)

    def analyse(data: bytes, addition: Addition) -> Extracted:
        analysed.append(addition)
        return first_byte(data, addition)

    extractor = LocalExtractor(source, IN, analyse)
    futures = [extractor.submit(addition(f"{number}.jpg")) for number in range(40)]
    begun = time.monotonic()
    extractor.close()
    assert time.monotonic() - begun < 5
    hanging.answers.set()
    with pytest.raises(CancelledError):
        futures[0].result(20)
    assert not analysed


def test_closing_waits_for_what_is_being_analysed(source: Source, tmp_path: Path) -> None:
    (tmp_path / "in/a.jpg").write_bytes(b"x")
    began, done = threading.Event(), []

    def analyse(data: bytes, addition: Addition) -> Extracted:
        began.set()
        time.sleep(0.3)
        done.append(addition)
        return first_byte(data, addition)

    extractor = LocalExtractor(source, IN, analyse)
    extractor.submit(addition("a.jpg"))
    assert began.wait(20)
    extractor.close()
    assert done
