"""The hunter finds pictures whatever was done with them, and nothing where there is none."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import pickle
import zlib
from collections.abc import Callable
from urllib.parse import quote_from_bytes

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from similis.audit._canaries import FORMS, Canary, draw
from similis.audit._hunter import Hunter

# The same each time: likeness is a matter of chance, if of a small one (docs/audit.md says how small).
CANARIES = [draw(f"{form} {seed}", form, seed=seed) for seed, form in enumerate((*FORMS, *FORMS))]
HUNTER = Hunter(CANARIES)
CANARY = CANARIES[0]
NEVER_SENT = Image.fromarray(draw("other", seed=100).pixels)
Change = Callable[[bytes], bytes]
Keep = Callable[[Image.Image], bytes]


def encoded(image: Image.Image, form: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def saved(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]], *, pack: bool = False) -> bytes:
    buffer = io.BytesIO()
    if pack:
        np.savez_compressed(buffer, array=array)
    else:
        np.save(buffer, array)
    return buffer.getvalue()


def tensor(image: Image.Image) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    values = (np.asarray(image.resize((260, 260)), np.float32) - 127) / 128
    return np.ascontiguousarray(values.transpose(2, 0, 1)[np.newaxis])


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(CANARIES), st.floats(0.25, 0.9), st.binary(max_size=100), st.binary(max_size=100))
def test_any_64_bytes_are_found_wherever_they_lie(canary: Canary, share: float, before: bytes, after: bytes) -> None:
    start = int(share * (len(canary.data) - 64))
    found = HUNTER.search("place", before + canary.data[start : start + 64] + after)
    if canary.form in {"BMP", "TIFF", "PPM"}:  # bytes of these are pixels, too
        assert canary.name in {finding.canary for finding in found}
    else:
        assert (canary.name, "file bytes") in {(finding.canary, finding.form) for finding in found}


@pytest.mark.parametrize(
    ("change", "how"),
    [
        (base64.b64encode, "base64"),
        (base64.urlsafe_b64encode, "base64"),
        (base64.encodebytes, "base64"),
        (lambda data: b"x" + base64.b64encode(data)[5333:5999], "base64"),
        (lambda data: data.hex().encode(), "hexadecimal"),
        (lambda data: b"?" + data.hex().upper().encode()[11001:11400], "hexadecimal"),
        (lambda data: repr(data).encode(), "escaped"),
        (lambda data: json.dumps(data.decode("latin-1")).encode(), "escaped"),
        (lambda data: quote_from_bytes(data).encode(), "escaped"),
        (lambda data: data.decode("latin-1").encode(), "Latin-1"),
        (lambda data: str(list(data)).encode(), "decimal"),
        (gzip.compress, "compressed"),
        (zlib.compress, "compressed"),
        (lambda data: zlib.compress(data)[:4000], "compressed"),
        (bz2.compress, "compressed"),
        (lzma.compress, "compressed"),
        (lambda data: lzma.compress(data, lzma.FORMAT_ALONE), "compressed"),
        (base64.b32encode, "base32"),
        (lambda data: base64.b64encode(data).decode().encode("utf-16"), "UTF-16, base64"),
        (lambda data: data.hex().encode("utf-16-be"), "UTF-16, hexadecimal"),
        (lambda data: base64.b64encode(gzip.compress(data)), "base64, compressed"),
    ],
)  # fmt: skip
def test_texts_and_packed_streams_are_read(change: Change, how: str) -> None:
    found = HUNTER.search("place", b"some text " + change(CANARY.data) + b" and more")
    assert (CANARY.name, f"file bytes, {how}") in {(finding.canary, finding.form) for finding in found}


def test_a_bare_deflate_stream_is_read() -> None:
    found = HUNTER.search("place", zlib.compress(CANARY.data, wbits=-zlib.MAX_WBITS) + b" and more")
    assert (CANARY.name, "file bytes, compressed") in {(finding.canary, finding.form) for finding in found}


@pytest.mark.parametrize(
    ("keep", "form"),
    [
        (lambda image: encoded(image, "JPEG", quality=40), "JPEG image"),
        (lambda image: encoded(image.resize((48, 40)), "PNG"), "PNG image"),
        (lambda image: encoded(image.resize((64, 64)), "WEBP"), "WEBP image"),
        (lambda image: encoded(image.convert("L").resize((64, 64)), "JPEG"), "JPEG image"),
        (lambda image: encoded(image.crop((20, 10, 140, 110)).resize((80, 80)), "PNG"), "PNG image"),
        (lambda image: encoded(ImageEnhance.Brightness(image).enhance(0.7), "GIF"), "GIF image"),
        (lambda image: encoded(image.resize((96, 80)), "BMP"), "BMP image"),
        (lambda image: encoded(image.resize((96, 80)), "PPM"), "PPM image"),
        (lambda image: saved(np.asarray(image.resize((120, 100)))), "uint8 array"),
        (lambda image: saved(tensor(image)), "float32 array"),
        (lambda image: saved(tensor(image), pack=True), "float32 array, compressed"),
        (lambda image: tensor(image).astype(np.float16).tobytes(), "float16 raster 260×260×3"),
        (lambda image: image.resize((128, 128)).tobytes(), "uint8 raster 128×128×3"),
        (lambda image: image.convert("L").resize((100, 100)).tobytes(), "uint8 raster 100×100×1"),
        (lambda image: image.tobytes()[1000:20_000], "pixels, RGB"),
        (lambda image: np.asarray(image)[:, :, ::-1].tobytes()[1000:20_000], "pixels, BGR"),
        (lambda image: image.convert("RGBA").tobytes(), "pixels, RGBA"),
        (lambda image: (np.asarray(image, np.float32) / 255).tobytes()[:150_000], "pixels, floats to 1"),
        (lambda image: str(np.asarray(image).tolist()).encode(), "pixels, RGB, decimal"),
        (lambda image: str((np.asarray(image)[:9] / 255).tolist()).encode(), "pixels, RGB, decimal fractions"),
        (lambda image: str(tensor(image).tolist()).encode(), "float32 raster 260×260×3, decimal fractions"),
        (lambda image: image.convert("YCbCr").tobytes(), "pixels, YCbCr"),
        (lambda image: encoded(image, "AVIF"), "AVIF image"),
        (lambda image: encoded(image, "JPEG2000"), "JPEG2000 image"),
        (lambda image: encoded(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), "JPEG"), "JPEG image"),
        (lambda image: encoded(image.transpose(Image.Transpose.ROTATE_90).resize((64, 64)), "PNG"), "PNG image"),
        (lambda image: encoded(image.transpose(Image.Transpose.TRANSVERSE), "WEBP"), "WEBP image"),
        (lambda image: b"HEAD" * 4 + tensor(image).tobytes(), "float32 raster 260×260×3"),
        (lambda image: b"x" * 101 + tensor(image).astype(np.float16).tobytes(), "float16 raster 260×260×3"),
        (lambda image: pickle.dumps({"pixels": tensor(image)}), "float32 raster 260×260×3"),
        (lambda image: pickle.dumps(np.asarray(image.resize((224, 224)))), "uint8 raster 224×224×3"),
        (lambda image: bytes(100) + image.resize((224, 224)).tobytes(), "uint8 raster 224×224×3"),
        (lambda image: tensor(NEVER_SENT).tobytes() + tensor(image).tobytes(), "float32 raster 260×260×3"),
        (lambda image: tensor(image).tobytes() + tensor(NEVER_SENT).tobytes(), "float32 raster 260×260×3"),
    ],
)  # fmt: skip
def test_pixels_and_miniatures_are_recognised(keep: Keep, form: str) -> None:
    found = HUNTER.search("place", keep(Image.fromarray(CANARY.pixels)))
    assert (CANARY.name, form) in {(finding.canary, finding.form) for finding in found}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("keep", "kind"),
    [
        (lambda image: bytes(100) + image.resize((224, 224)).tobytes(), "uint8 raster 224×224×3"),
        (lambda image: b'{"side": 224}' * 9 + image.resize((224, 224)).tobytes(), "uint8 raster 224×224×3"),
        (lambda image: b"HEAD" * 4 + tensor(image).tobytes() + bytes(3000), "float32 raster 260×260×3"),
    ],
    ids=["behind zeros", "behind a text", "between"],
)  # fmt: skip
def test_numbers_amid_others_are_recognised_whatever_the_picture(keep: Keep, kind: str, form: str) -> None:
    """Some have surfaces of nothing but zeros, edges as sharp as can be, or rows that look like a text."""
    canary = next(each for each in CANARIES if each.form == form)
    found = HUNTER.search("place", keep(Image.fromarray(canary.pixels)))
    assert (canary.name, kind) in {(finding.canary, finding.form) for finding in found}


@pytest.mark.parametrize("canary", [each for each in CANARIES if each.form in {"JPEG", "PNG", "WEBP"}])
def test_metadata_alone_are_found(canary: Canary) -> None:
    found = HUNTER.search("place", b'{"270": "' + canary.mark[20:100] + b'"}')
    assert [(finding.canary, finding.form) for finding in found] == [(canary.name, "metadata")]


@pytest.mark.parametrize("form", FORMS)
def test_pictures_that_were_never_sent_are_not_found(form: str) -> None:
    other = draw("other", form, seed=101)
    assert HUNTER.search("place", other.data) == []
    assert HUNTER.search("place", base64.b64encode(other.data)) == []


def test_pixels_that_were_never_sent_and_other_bytes_are_not_found() -> None:
    kept = (
        encoded(NEVER_SENT.resize((64, 64)), "JPEG"),
        tensor(NEVER_SENT).tobytes(),
        b"head" + tensor(NEVER_SENT).tobytes() + NEVER_SENT.resize((224, 224)).tobytes(),
    )
    for data in (
        *kept,
        b"",
        b"short",
        np.random.default_rng(1).bytes(200_000),
        bytes(5000),
        b"a text and nothing else\n" * 500,
    ):
        assert HUNTER.search("place", data) == []
