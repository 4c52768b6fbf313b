"""Numbers that behave like pixels are told from texts, noise and emptiness, and where they begin and end."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from similis.audit._spans import BLOCK, FEWEST, float_spans, has_rows, near_spans

SIDE = 96
NOISE = np.random.default_rng(5).bytes(50_000)
TEXT = b"a text of whatever it may be\n" * 2000


def surfaces(*levels: int) -> NDArray[np.uint8]:
    """A picture of upright stripes that are as different as can be, with a little noise."""
    rng = np.random.default_rng(6)
    stripes = np.array(levels).repeat(SIDE // len(levels))[np.newaxis, :, np.newaxis]
    return (stripes + rng.integers(-9, 10, (SIDE, SIDE, 3))).astype(np.uint8)


def bytes_of(*parts: bytes | NDArray[np.uint8]) -> NDArray[np.uint8]:
    joined = b"".join(part if isinstance(part, bytes) else part.tobytes() for part in parts)
    return np.frombuffer(joined, np.uint8)


@pytest.mark.parametrize("around", [bytes(500), TEXT[:500], NOISE[:500]], ids=["zeros", "text", "noise"])
def test_a_picture_is_one_span_from_end_to_end(around: bytes) -> None:
    picture = surfaces(10, 245, 10, 245)
    (span,) = near_spans(bytes_of(around, picture, around), 3)
    assert span == pytest.approx((len(around), len(around) + picture.size), abs=BLOCK + 3)


@pytest.mark.parametrize(
    "data", [NOISE, bytes(50_000), TEXT, b"", b"few"], ids=["noise", "zeros", "text", "nothing", "a little"]
)
def test_what_is_no_picture_is_none(data: bytes) -> None:
    assert not list(near_spans(bytes_of(data), 1))
    assert not list(near_spans(bytes_of(data), 3))
    assert not list(float_spans(data, np.float32))


def test_rows_are_told_by_their_length() -> None:
    picture = surfaces(10, 245, 10, 245).ravel()
    assert has_rows(picture, SIDE * 3)
    assert not has_rows(picture, SIDE * 3 + SIDE // 4 * 3)
    assert not has_rows(picture, picture.size)


@pytest.mark.parametrize("kind", [np.float32, np.float16])
@pytest.mark.parametrize("head", [b"", b"\xff" * 7], ids=["first", "behind a head"])
def test_zeros_between_numbers_belong_to_them_and_others_do_not(kind: type[np.floating], head: bytes) -> None:
    values = np.random.default_rng(7).uniform(0.1, 1.9, 4 * FEWEST).astype(kind)
    values[FEWEST : FEWEST + 500] = 0
    data = head + values.tobytes() + bytes(9000)
    assert list(float_spans(data, kind)) == [(len(head), len(head) + values.nbytes)]


def test_too_many_zeros_part_two_pictures() -> None:
    values = np.random.default_rng(8).uniform(0.1, 1.9, 2 * FEWEST).astype(np.float32).tobytes()
    assert len(list(float_spans(values + bytes(20_000) + values, np.float32))) == 2
