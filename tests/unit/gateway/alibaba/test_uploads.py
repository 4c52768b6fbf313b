"""The store of uploads: one use, and bounds in number, bytes and age."""

import threading
import time

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from similis.gateway.alibaba._uploads import Uploads, UploadsFull


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_upload_is_good_for_one_use() -> None:
    uploads = Uploads()
    uploads.put("a", b"picture")
    assert uploads.take("a") == b"picture"
    assert uploads.take("a") is None
    assert len(uploads) == 0


def test_it_is_its_owners_alone() -> None:
    uploads = Uploads()
    uploads.put("a", b"picture", "me")
    assert uploads.take("a") is None
    assert uploads.take("a", "you") is None
    assert uploads.take("a", "me") == b"picture"


@pytest.mark.parametrize("size", [1, 5])
def test_an_owner_takes_up_a_quarter_at_most(size: int) -> None:
    uploads = Uploads(max_count=12, max_bytes=20)
    for number in range(3 if size == 1 else 1):
        uploads.put(f"mine {number}", bytes(size), "me")
    with pytest.raises(UploadsFull):
        uploads.put("one more", bytes(size), "me")
    uploads.put("yours", bytes(size), "you")
    assert uploads.take("mine 0", "me") == bytes(size)
    uploads.put("one more", bytes(size), "me")


def test_it_is_gone_when_it_is_too_old() -> None:
    clock = Clock()
    uploads = Uploads(max_age=10, clock=clock)
    uploads.put("a", b"1")
    clock.now = 9.9
    uploads.put("b", b"2")
    assert len(uploads) == 2
    clock.now = 10
    assert uploads.take("a") is None
    assert uploads.take("b") == b"2"


def test_orphans_leave_memory_although_nobody_asks() -> None:
    uploads = Uploads(max_age=0.05)
    uploads.put("a", b"1")
    time.sleep(0.03)
    uploads.put("b", b"2")
    deadline = time.monotonic() + 5
    while uploads._uploads and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not uploads._uploads
    assert uploads._bytes == 0
    assert uploads._timer is None


def test_number_and_bytes_are_bounded() -> None:
    uploads = Uploads(max_count=2, max_bytes=10)
    uploads.put("a", b"12345")
    with pytest.raises(UploadsFull):
        uploads.put("b", b"123456")
    uploads.put("b", b"12345")
    with pytest.raises(UploadsFull):
        uploads.put("c", b"")
    uploads.discard("a")
    uploads.discard("a")
    uploads.put("c", b"")
    uploads.put("b", b"1234567890")  # replacing counts only what is new
    assert uploads.take("b") == b"1234567890"


def test_many_threads_take_each_upload_once() -> None:
    uploads = Uploads()
    for number in range(200):
        uploads.put(str(number), b"x")
    taken: list[int] = []
    threads = [
        threading.Thread(target=lambda: taken.append(sum(uploads.take(str(n)) is not None for n in range(200))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 200


class StoreAgainstModel(RuleBasedStateMachine):
    """Whatever happens, the store holds what a plain dictionary with ages would."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.uploads = Uploads(max_count=3, max_bytes=8, max_age=10, clock=self.clock)
        self.model: dict[str, tuple[bytes, float]] = {}

    def forget_old(self) -> None:
        self.model = {key: each for key, each in self.model.items() if each[1] + 10 > self.clock.now}

    @rule(key=st.sampled_from("abcd"), content=st.binary(max_size=5))
    def put(self, key: str, content: bytes) -> None:
        self.forget_old()
        after = {**self.model, key: (content, self.clock.now)}
        fits = len(after) <= 3 and sum(len(each) for each, _ in after.values()) <= 8
        try:
            self.uploads.put(key, content)
        except UploadsFull:
            assert not fits
        else:
            assert fits
            self.model = after

    @rule(key=st.sampled_from("abcd"))
    def take(self, key: str) -> None:
        self.forget_old()
        content, _ = self.model.pop(key, (None, 0))
        assert self.uploads.take(key) == content

    @rule(key=st.sampled_from("abcd"))
    def discard(self, key: str) -> None:
        self.uploads.discard(key)
        self.model.pop(key, None)

    @precondition(lambda self: self.model)
    @rule(seconds=st.integers(1, 6))
    def wait(self, seconds: int) -> None:
        self.clock.now += seconds

    @invariant()
    def agree(self) -> None:
        self.forget_old()
        assert len(self.uploads) == len(self.model)
        assert self.uploads._bytes == sum(len(content) for content, _ in self.model.values())


TestStoreAgainstModel = StoreAgainstModel.TestCase
TestStoreAgainstModel.settings = settings(max_examples=40, deadline=None)
