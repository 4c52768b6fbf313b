from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from tests.unit.algorithm.encoding import difference, encode, gradient, palette_picture, png_chunk

from similis.algorithm import Orientation, PictureLimits, decode
from similis.domain import (
    DamagedPicture,
    IncorrectOrientation,
    InvalidPicture,
    PictureTooLarge,
    UnsupportedFormat,
    UnsupportedPixels,
)

SMALL = PictureLimits(min_side=1)
TURNS = {1: [], 2: ["x"], 3: ["x", "y"], 4: ["y"], 5: ["t"], 6: ["y", "t"], 7: ["x", "y", "t"], 8: ["t", "y"]}


@pytest.mark.parametrize(
    ("name", "options", "tolerance"),
    [
        ("PNG", {}, 0.0),
        ("BMP", {}, 0.0),
        ("PPM", {}, 0.0),
        ("TIFF", {}, 0.0),
        ("TIFF", {"compression": "tiff_lzw"}, 0.0),
        ("TIFF", {"compression": "jpeg"}, 6.0),
        ("WEBP", {"lossless": True}, 0.0),
        ("WEBP", {"quality": 90}, 4.0),
        ("JPEG", {"quality": 90}, 3.0),
        ("JPEG", {"quality": 90, "progressive": True}, 3.0),
        ("GIF", {}, 12.0),
    ],
)
def test_every_format_round_trips(name: str, options: dict[str, object], tolerance: float) -> None:
    pixels = decode(encode(gradient(), name, **options))
    assert pixels.dtype == np.uint8
    assert difference(pixels, gradient()) <= tolerance


@given(
    st.sampled_from(["PNG", "BMP", "PPM", "TIFF"]),
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(0, 2**32 - 1),
)
def test_lossless_formats_return_the_very_pixels(name: str, width: int, height: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    assert np.array_equal(decode(encode(pixels, name), SMALL), pixels)


@pytest.mark.parametrize("name", ["GIF", "WEBP", "PNG", "TIFF"])
def test_first_frame_of_many(name: str) -> None:
    frames = [Image.new("RGB", (160, 120), colour) for colour in ("red", "blue", "green")]
    data = encode(frames[0], name, save_all=True, append_images=frames[1:])
    assert difference(decode(data), np.asarray(frames[0])) < 3


def turned(pixels: NDArray[np.uint8], steps: list[str]) -> NDArray[np.uint8]:
    for step in steps:
        pixels = {"x": pixels[:, ::-1], "y": pixels[::-1], "t": pixels.transpose(1, 0, 2)}[step]
    return pixels


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(name: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(gradient(), name, exif=exif)
    assert difference(decode(data), turned(gradient(), TURNS[orientation])) < 5
    if orientation == 1:
        assert decode(data, orientation=Orientation.REFUSE).shape == (120, 160, 3)
    else:
        with pytest.raises(IncorrectOrientation):
            decode(data, orientation=Orientation.REFUSE)


@pytest.mark.parametrize("exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0"])
@pytest.mark.parametrize("orientation", list(Orientation))
def test_broken_exif_does_not_spoil_a_good_picture(exif: bytes, orientation: Orientation) -> None:
    assert difference(decode(encode(gradient(), "JPEG", exif=exif), orientation=orientation), gradient()) < 3


def test_too_many_bytes() -> None:
    data = encode(gradient(), "PNG")
    assert decode(data, PictureLimits(max_bytes=len(data))).shape == (120, 160, 3)
    with pytest.raises(PictureTooLarge, match="more than"):
        decode(data, PictureLimits(max_bytes=len(data) - 1))


@pytest.mark.parametrize(("width", "height"), [(1, 1), (99, 500), (500, 99), (10_000, 100), (100, 4097)])
def test_sides_out_of_range(width: int, height: int) -> None:
    with pytest.raises(UnsupportedPixels, match=f"{width}×{height}") as error:
        decode(encode(Image.new("L", (width, height)), "PNG"))
    assert "100 to 4096" in error.value.hint


@pytest.mark.parametrize(("width", "height"), [(100, 100), (100, 4096), (4096, 100)])
def test_sides_at_the_limit(width: int, height: int) -> None:
    assert decode(encode(Image.new("L", (width, height)), "PNG")).shape == (height, width, 3)


def claiming(width: int, height: int) -> bytes:
    """A PNG that claims these sides and has no pixels at all."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(b""))
        + png_chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [5_000, 12_000, 2**31 - 1])
def test_bombs_are_refused_by_their_header(side: int) -> None:
    with pytest.raises(UnsupportedPixels):
        decode(claiming(side, side))


def test_pillow_is_silent_even_where_warnings_are_errors() -> None:
    broken_exif = encode(gradient(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    script = "import sys; from similis.algorithm import decode; print(decode(sys.stdin.buffer.read()).shape)"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], input=broken_exif, capture_output=True, check=True
    )
    assert done.stdout.split() == [b"(120,", b"160,", b"3)"]
    assert not done.stderr


@pytest.mark.parametrize(
    "data", [b"GIF89a" + struct.pack("<HH", 65535, 65535) + b"\0" * 3, b"P6\n99999 99999\n255\n"]
)
def test_bombs_of_other_formats(data: bytes) -> None:
    with pytest.raises((UnsupportedPixels, DamagedPicture)):
        decode(data)


@pytest.mark.parametrize("name", ["JPEG", "MPO"])
def test_bombs_of_progressive_scans(name: str) -> None:
    data = encode(gradient(), name, progressive=True)
    start, end = data.rfind(b"\xff\xda"), data.rfind(b"\xff\xd9")
    assert decode(data[:end] + data[start:end] * 50 + data[end:]).shape == (120, 160, 3)
    with pytest.raises(DamagedPicture, match="scans"):
        decode(data[:end] + data[start:end] * 100 + data[end:])


@pytest.mark.parametrize(
    "data",
    [
        b"hello, I am a text and no picture at all",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='200' height='200'/>",
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 200 200\n",
        b"\0" * 1000,
        b"PK\x03\x04" + b"\0" * 100,
    ],
)
def test_other_content_is_refused(data: bytes) -> None:
    with pytest.raises(UnsupportedFormat) as error:
        decode(data)
    assert "PNG" in error.value.hint


@pytest.mark.parametrize("name", ["ICO", "TGA", "PCX", "ICNS", "DDS", "EPS", "PDF", "SGI", "JPEG2000"])
def test_formats_off_the_list_are_refused(name: str) -> None:
    with pytest.raises(UnsupportedFormat):
        decode(encode(Image.fromarray(gradient(128, 128)), name))


def test_compressions_that_take_any_memory_are_refused() -> None:
    """A file of 300 bytes can ask for 4 GB."""
    with pytest.raises(UnsupportedFormat, match="lzma"):
        decode(encode(gradient(), "TIFF", compression="lzma"))


def test_an_orientation_behind_the_pixels_counts_as_well() -> None:
    """The last of several is what turns a picture, so it is what refuses it."""
    whole = encode(gradient(), "PNG")
    upright, turned = (png_chunk(b"eXIf", exif_of(orientation)) for orientation in (1, 6))
    pixels, end = whole.index(b"IDAT") - 4, whole.index(b"IEND") - 4
    data = whole[:pixels] + upright + whole[pixels:end] + turned + whole[end:]
    assert decode(data).shape == (160, 120, 3)
    with pytest.raises(IncorrectOrientation):
        decode(data, orientation=Orientation.REFUSE)


def exif_of(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes().removeprefix(b"Exif\0\0")


def with_odd_tags(data: bytes, count: int) -> bytes:
    """A TIFF with further tags of a type that there is not, its directory moved to its end."""
    place = int.from_bytes(data[4:8], "little")
    known = int.from_bytes(data[place : place + 2], "little")
    entries = [data[place + 2 + 12 * number :][:12] for number in range(known)]
    entries += [struct.pack("<HHII", 40_000 + number, 251, 1, 0) for number in range(count)]
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    data += bytes(len(data) % 2)
    return data[:4] + struct.pack("<I", len(data)) + data[8:] + directory


def test_a_picture_writes_nothing_into_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    data = with_odd_tags(encode(gradient(), "TIFF", compression="tiff_lzw"), 3000)
    assert np.array_equal(decode(data), gradient())
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["PNG", "JPEG", "GIF"])
def test_a_picture_that_takes_too_long_is_refused(name: str) -> None:
    with pytest.raises(DamagedPicture, match="too long"):
        decode(encode(gradient(), name), PictureLimits(seconds=0.0))


def test_too_many_pieces_take_too_long() -> None:
    """Each is nothing and yet costs time: a hundred thousand are in 1.2 MB."""
    whole = encode(gradient(), "PNG")
    place = whole.index(b"IDAT") - 4
    data = whole[:place] + png_chunk(b"teXt", b"") * 100_000 + whole[place:]
    with pytest.raises(DamagedPicture, match="too long"):
        decode(data, PictureLimits(seconds=0.05))
    assert decode(data).shape == (120, 160, 3)


def test_empty() -> None:
    with pytest.raises(DamagedPicture, match="empty"):
        decode(b"")


@pytest.mark.parametrize("name", ["PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM"])
@pytest.mark.parametrize("part", [0.05, 0.5, 0.9])
def test_truncated(name: str, part: float) -> None:
    data = encode(gradient(), name)
    with pytest.raises(DamagedPicture):
        decode(data[: int(len(data) * part)])


SEEDS = {name: encode(gradient(60, 40), name) for name in ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")} | {
    "RGBA": encode(Image.fromarray(gradient(60, 40)).convert("RGBA"), "PNG"),
    "LZW": encode(gradient(60, 40), "TIFF", compression="tiff_lzw"),
    "P": encode(palette_picture().resize((60, 40)), "PNG", transparency=b"\x00\xff"),
}


def is_picture_or_domain_error(data: bytes, orientation: Orientation) -> bool:
    try:
        pixels = decode(data, SMALL, orientation)
    except InvalidPicture as error:
        return bool(error.message and error.hint)
    return pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_mutated_bytes_give_a_picture_or_a_domain_error(draw: st.DataObject) -> None:
    data = bytearray(SEEDS[draw.draw(st.sampled_from(sorted(SEEDS)))])
    for _ in range(draw.draw(st.integers(1, 6))):
        # headers matter more than pixels
        place = draw.draw(st.one_of(st.integers(0, min(len(data), 200) - 1), st.integers(0, len(data) - 1)))
        data[place] = draw.draw(st.integers(0, 255))
    cut = draw.draw(st.one_of(st.just(len(data)), st.integers(0, len(data))))
    assert is_picture_or_domain_error(bytes(data[:cut]), draw.draw(st.sampled_from(list(Orientation))))


@given(st.binary(max_size=300), st.sampled_from(sorted(SEEDS)), st.integers(0, 40))
def test_garbage_behind_a_header_gives_a_picture_or_a_domain_error(tail: bytes, name: str, kept: int) -> None:
    assert is_picture_or_domain_error(SEEDS[name][:kept] + tail, Orientation.APPLY)


def test_threads_decode_alike() -> None:
    data = encode(gradient(), "JPEG")
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(decode, [data] * 32))
    assert all(np.array_equal(results[0], other) for other in results)
