from __future__ import annotations

import io

import pytest
from PIL import Image

from similis.evaluation._enlarge import enlarged


def encoded(width: int, height: int, mode: str = "RGB", form: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (width, height), 1).save(buffer, form, **options)
    return buffer.getvalue()


def size(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as image:
        return image.size


@pytest.mark.parametrize("data", [encoded(100, 100), encoded(300, 150, form="JPEG"), b"", b"no picture"])
def test_what_needs_nothing_is_left_alone(data: bytes) -> None:
    assert enlarged(data) is data


@pytest.mark.parametrize(
    ("before", "after"),
    [((60, 80), (100, 133)), ((64, 64), (100, 100)), ((1, 1), (100, 100)), ((99, 400), (100, 404))],
)
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "1", "I;16"])
def test_small_pictures_grow(before: tuple[int, int], after: tuple[int, int], mode: str) -> None:
    assert size(enlarged(encoded(*before, mode))) == after


def test_a_turned_picture_stays_turned() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert size(enlarged(encoded(60, 80, form="JPEG", exif=exif))) == (133, 100)


def test_a_truncated_picture_is_left_to_the_service() -> None:
    data = encoded(60, 80)[:50]
    assert enlarged(data) is data
