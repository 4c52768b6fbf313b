"""Pictures decoded in processes that can do nothing else."""

from __future__ import annotations

import io
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from fuzz.decode import seeds
from PIL import Image
from tests.bombs import CRASH, ENDLESS, ESCAPES, HOARD, LIE, LOOK_AROUND, SPIN, WAIT, decode_with_faults

from similis.algorithm import Orientation, PictureLimits, decode
from similis.domain import (
    DamagedPicture,
    IncorrectOrientation,
    InvalidPicture,
    PictureTooLarge,
    Unavailable,
    UnsupportedFormat,
    UnsupportedPixels,
)
from similis.service._sandbox import Sandbox
from similis.service._seccomp import can_confine

QUICK = PictureLimits(seconds=-0.8)  # a second more is given


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    made = Sandbox(2, patience=60.0, run=decode_with_faults)
    yield made
    made.close()


def picture(side: int = 120, name: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((side, side)).convert("RGB").save(buffer, name)
    return buffer.getvalue()


def test_pixels_are_the_same_bits(sandbox: Sandbox) -> None:
    for data in (*seeds(), picture(1500, "JPEG")):
        limits = PictureLimits(min_side=1)
        assert np.array_equal(sandbox.decode(data, limits), decode(data, limits))
    assert not sandbox.decode(picture()).flags.writeable


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", DamagedPicture),
        (b"no picture", UnsupportedFormat),
        (picture()[:-40], DamagedPicture),
        (picture(99), UnsupportedPixels),
        (bytes(5_000_000), PictureTooLarge),
    ],
    ids=["empty", "foreign", "truncated", "small", "large"],
)
def test_refusals_are_the_same(sandbox: Sandbox, data: bytes, kind: type[InvalidPicture]) -> None:
    with pytest.raises(kind) as inside:
        decode(data)
    with pytest.raises(kind) as outside:
        sandbox.decode(data)
    assert (outside.value.message, outside.value.hint) == (inside.value.message, inside.value.hint)


def test_turned_pictures_are_refused_when_asked(sandbox: Sandbox) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    Image.linear_gradient("L").save(buffer, "JPEG", exif=exif)
    assert sandbox.decode(buffer.getvalue()).shape == (256, 256, 3)
    with pytest.raises(IncorrectOrientation):
        sandbox.decode(buffer.getvalue(), orientation=Orientation.REFUSE)


@pytest.mark.parametrize("bomb", [CRASH, LIE, ENDLESS], ids=bytes.decode)
def test_a_picture_that_ends_its_process_is_refused(sandbox: Sandbox, bomb: bytes) -> None:
    with pytest.raises(DamagedPicture, match="ended the process") as raised:
        sandbox.decode(bomb)
    assert raised.value.hint
    assert sandbox.decode(picture()).shape == (120, 120, 3)


@pytest.mark.parametrize("error", [RecursionError, KeyboardInterrupt], ids=["deep answer", "interrupt"])
def test_whatever_goes_wrong_no_process_is_left(monkeypatch: pytest.MonkeyPatch, error: type[BaseException]) -> None:
    sandbox = Sandbox(1)
    sandbox.start()
    process = sandbox._idle[0]._process

    def fail(*_: object) -> None:
        sandbox.close()  # so that no second attempt is made
        raise error

    with monkeypatch.context() as patch, pytest.raises((RuntimeError, KeyboardInterrupt)):
        patch.setattr("similis.service._sandbox.receive", fail)
        sandbox.decode(picture())
    assert not process.is_alive()


def test_a_decoder_that_does_not_return_is_ended(sandbox: Sandbox) -> None:
    with pytest.raises(DamagedPicture, match="too long"):
        sandbox.decode(SPIN, QUICK)
    assert sandbox.decode(picture()).shape == (120, 120, 3)


def test_so_is_one_that_waits_for_ever() -> None:
    sandbox = Sandbox(1, patience=0.5, run=decode_with_faults)
    try:
        with pytest.raises(DamagedPicture, match="too long"):
            sandbox.decode(WAIT)
    finally:
        sandbox.close()


def test_bombs_harm_no_others(sandbox: Sandbox) -> None:
    pictures = [CRASH if number in {2, 5} else SPIN if number == 7 else picture(100 + number) for number in range(12)]

    def attempt(data: bytes) -> tuple[int, ...] | None:
        try:
            return sandbox.decode(data, QUICK if data == SPIN else PictureLimits()).shape
        except DamagedPicture:
            return None

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(attempt, pictures))
    assert [shape and shape[0] for shape in found] == [
        None if number in {2, 5, 7} else 100 + number for number in range(12)
    ]


def test_a_process_that_somebody_else_kills_costs_nothing(sandbox: Sandbox) -> None:
    sandbox.decode(picture())
    for worker in sandbox._idle:
        os.kill(worker._process.pid or 0, signal.SIGKILL)
    assert sandbox.decode(picture()).shape == (120, 120, 3)


@pytest.mark.skipif(not can_confine(), reason="calls of this machine are not known")
@pytest.mark.parametrize("escape", ESCAPES, ids=bytes.decode)
def test_nothing_gets_out(sandbox: Sandbox, escape: bytes) -> None:
    with pytest.raises(DamagedPicture) as raised:
        sandbox.decode(escape)
    assert raised.value.message in {"PermissionError", "OSError", "BlockingIOError"}


def test_memory_is_limited(sandbox: Sandbox) -> None:
    with pytest.raises(DamagedPicture, match="MemoryError"):
        sandbox.decode(HOARD)


def test_it_knows_no_variables_of_the_service(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    monkeypatch.setenv("SIMILIS_MASTER_KEY", "secret")
    with pytest.raises(DamagedPicture, match=r"^\{\}$"):
        sandbox.decode(LOOK_AROUND)


def test_processes_end_with_it() -> None:
    sandbox = Sandbox(1)
    sandbox.decode(picture())
    process = sandbox._idle[0]._process
    assert process.is_alive()
    sandbox.close()
    assert not process.is_alive()
    with pytest.raises(RuntimeError):
        sandbox.decode(picture())


def test_no_more_are_kept_than_wanted() -> None:
    sandbox = Sandbox(1)
    with ThreadPoolExecutor(3) as threads:
        shapes = list(threads.map(lambda side: sandbox.decode(picture(side)).shape[0], (100, 110, 120)))
    assert shapes == [100, 110, 120]
    assert len(sandbox._idle) == 1
    sandbox.close()


def test_processes_that_cannot_live_are_not_blamed_on_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("similis.service._sandbox.serve", time.sleep)  # which fails of what it is given
    sandbox = Sandbox(1)
    with pytest.raises(Unavailable, match="as soon as they are started"):
        sandbox.decode(picture())
    sandbox.close()
