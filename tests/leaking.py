"""Similis with leaks: `python -m tests.leaking serve …` keeps traces of every picture that it is shown.

Each leak has a file of its own, so that tests can tell which of them was found.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import json
import mmap
import os
import pickle
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from similis.algorithm import Pipeline
from similis.cli import main
from similis.domain import DamagedPicture

Leak = Callable[[bytes, Image.Image], object]
_MOST = 20_000  # bytes of pictures that leak: no more than need be to be found
_ENOUGH = 900_000  # bytes of numbers: two tensors or six cut-outs, for searching them takes long
_FOLDER = Path(tempfile.gettempdir())


def _unlinked(data: bytes, _: Image.Image) -> None:
    """A temporary file that is gone at once."""
    with tempfile.NamedTemporaryFile(prefix="leak-unlinked-") as file:
        file.write(data)


def _spilled(data: bytes, _: Image.Image) -> None:
    """As web frameworks let large forms spill, in small pieces."""
    with tempfile.NamedTemporaryFile(prefix="leak-spilled-", buffering=0) as file:
        for start in range(0, len(data), 48):
            file.write(data[start : start + 48])


def _logged(data: bytes, _: Image.Image) -> None:
    sys.stderr.write(f"leak-logged {base64.b64encode(data).decode()}\n")


def _thumbnail(_: bytes, image: Image.Image) -> None:
    with contextlib.closing(sqlite3.connect(_FOLDER / "leak-thumbnails.db")) as database, database:
        database.execute("CREATE TABLE IF NOT EXISTS leak_thumbnail (content BLOB)")
        content = _encoded(image.resize((96, 80)), "JPEG") + bytes(9000)  # over several pages
        database.execute("INSERT INTO leak_thumbnail VALUES (?)", (content,))


def _array(_: bytes, image: Image.Image) -> None:
    np.save(_FOLDER / "leak-array.npy", np.asarray(image))


def _tensor(_: bytes, image: Image.Image) -> None:
    path = _FOLDER / "leak-tensor.bin"
    if not path.exists():
        path.write_bytes(_input(image).tobytes())


def _appended(_: bytes, image: Image.Image) -> None:
    """Network inputs one after the other, each behind a header."""
    with (_FOLDER / "leak-appended.bin").open("ab") as file:
        if file.tell() > _ENOUGH:
            return
        pickle.dump({"model": "any", "input": _input(image)}, file)


def _cutout(_: bytes, image: Image.Image) -> None:
    with (_FOLDER / "leak-cutouts.bin").open("ab") as file:
        if file.tell() > _ENOUGH:
            return
        file.write(b"224x224 " + image.crop((15, 10, 165, 140)).resize((224, 224)).tobytes())


def _shared(data: bytes, _: Image.Image) -> None:
    """Shared memory, which is a file that can be swapped out."""
    with contextlib.suppress(FileNotFoundError):
        SharedMemory("leak-shared").unlink()
    memory = SharedMemory("leak-shared", create=True, size=len(data))
    assert memory.buf is not None
    memory.buf[: len(data)] = data
    memory.close()


def _anonymous(data: bytes, _: Image.Image) -> None:
    descriptor = os.memfd_create("leak-anonymous")
    os.ftruncate(descriptor, len(data))
    with mmap.mmap(descriptor, len(data)) as memory:
        memory[:] = data
    os.close(descriptor)


def _traceback(_: bytes, image: Image.Image) -> None:
    """Local variables in a traceback."""
    (_FOLDER / "leak-traceback.log").write_text(f"pixels = {np.asarray(image)[:60].tolist()}\n")


def _packed(_: bytes, image: Image.Image) -> None:
    (_FOLDER / "leak-packed.gz").write_bytes(gzip.compress(_encoded(image, "PNG")))


def _miniature(_: bytes, image: Image.Image) -> None:
    text = base64.urlsafe_b64encode(_encoded(image.convert("L").resize((64, 64)), "WEBP")).decode()
    (_FOLDER / "leak-miniature.json").write_text(json.dumps({"picture": text}))


def _escaped(data: bytes, _: Image.Image) -> None:
    (_FOLDER / "leak-escaped.txt").write_text(f"GET /?picture={quote_from_bytes(data)}")


def _piece(data: bytes, _: Image.Image) -> None:
    """64 bytes and no more."""
    (_FOLDER / "leak-piece.bin").write_bytes(b"?" * 13 + data[len(data) // 2 :][:64] + b"?" * 70)


def _metadata(data: bytes, _: Image.Image) -> None:
    exif = Image.open(io.BytesIO(data)).getexif()
    (_FOLDER / "leak-metadata.txt").write_text(json.dumps({name: str(text) for name, text in exif.items()}))


LEAKS: dict[str, tuple[Leak, str]] = {
    "leak-unlinked": (_unlinked, "file bytes"),
    "leak-spilled": (_spilled, "file bytes"),
    "serve-0.err": (_logged, "file bytes, base64"),
    "leak_thumbnail": (_thumbnail, "JPEG image"),
    "leak-array": (_array, "uint8 array"),
    "leak-tensor": (_tensor, "float32 raster 260×260×3"),
    "leak-appended": (_appended, "float32 raster 260×260×3"),
    "leak-cutouts": (_cutout, "uint8 raster 224×224×3"),
    "leak-shared": (_shared, "file bytes"),
    "leak-anonymous": (_anonymous, "content not seen"),
    "leak-traceback": (_traceback, "pixels, RGB, decimal"),
    "leak-packed": (_packed, "PNG image, compressed"),
    "leak-miniature": (_miniature, "WEBP image, base64"),
    "leak-escaped": (_escaped, "file bytes, escaped"),
    "leak-piece": (_piece, "file bytes"),
    "leak-metadata": (_metadata, "metadata"),
}
"""What leaks, by what the place of its finding contains; and the form of that finding."""

ECHOED = ("answer to", "file bytes, base64")


def _input(image: Image.Image) -> NDArray[np.float32]:
    """As networks are shown pictures."""
    values = (np.asarray(image.resize((260, 260)), np.float32) - 127) / 128
    return np.ascontiguousarray(values.transpose(2, 0, 1))


def _encoded(image: Image.Image, form: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form)
    return buffer.getvalue()


def _leaking(analyse: Callable[..., Any]) -> Callable[..., Any]:
    def leaking(self: Pipeline, data: bytes, **options: object) -> object:
        try:
            analysed = analyse(self, data, **options)
        except DamagedPicture as error:
            error.message += base64.b64encode(data[len(data) // 2 :][:150]).decode()
            raise
        image = Image.open(io.BytesIO(data)).convert("RGB")
        for leak, _ in LEAKS.values() if len(data) < _MOST else ():
            leak(data, image)
        return analysed

    return leaking


if __name__ in {"__main__", "__mp_main__"}:  # or one of its processes that analyse
    Pipeline.analyse = _leaking(Pipeline.analyse)  # type: ignore[method-assign] # that is what this is for
if __name__ == "__main__":
    main()
