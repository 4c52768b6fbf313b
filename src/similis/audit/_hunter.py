"""The hunter: knows all canaries and tells what of them is in given bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from similis.audit._canaries import Canary, Pixels, draw
from similis.audit._images import images
from similis.audit._looks import Looks
from similis.audit._views import View, views
from similis.audit._windows import Stream, Windows

_ROWS, _FLOAT_ROWS = 6, 2  # rows of pixels that are looked for: who keeps pixels keeps these, too
_SIDES = (128, 160, 260)  # what networks are shown
_GAP = 1.5
_HEAD = 4096  # bytes in which pictures of one format may be the same


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A trace of a canary.

    Attributes:
        place: where: a file, a table of a database, a traced write, an answer.
        offset: bytes before it there.
        canary: whose trace it is.
        form: what the trace is, such as `file bytes, base64`.
        detail: how long or how like.
    """

    place: str
    offset: int
    canary: str
    form: str
    detail: str

    def as_dict(self) -> dict[str, object]:
        """The finding as JSON can hold it."""
        return {name: getattr(self, name) for name in ("place", "offset", "canary", "form", "detail")}


class Hunter:
    """Searches bytes for traces of canaries; counts what it searched.

    Args:
        canaries: all that were sent or may have been.
    """

    def __init__(self, canaries: Sequence[Canary]) -> None:
        never_sent = [draw("decoy", form) for form in sorted({canary.form for canary in canaries}) for _ in range(2)]
        self._windows = Windows(
            [stream for canary in canaries for stream in _streams(canary)],
            [stream.data[:_HEAD] for decoy in never_sent for stream in _streams(decoy)],
        )
        self._looks = Looks(canaries)
        self.places = 0
        self.bytes = 0

    def search(self, place: str, data: bytes | memoryview) -> list[Finding]:
        """All traces in some bytes.

        Args:
            place: what to call them in findings.
            data: the bytes.
        """
        self.places += 1
        self.bytes += len(data)
        found: dict[tuple[str, str], Finding] = {}
        for view in views(data):
            for finding in (*self._exact(place, view), *self._seen(place, view)):
                found.setdefault((finding.canary, finding.form), finding)
        return list(found.values())

    def pieces(self, data: bytes) -> set[str]:
        """The canaries of which bytes or rows of pixels are in some memory, which counts as no place."""
        return {hit.stream.owner for hit in self._windows.search(data)}

    def _exact(self, place: str, view: View) -> Iterator[Finding]:
        for hit in self._windows.search(view.data):
            form = ", ".join((hit.stream.form, *view.how))
            offset = view.offset if view.how else hit.offset
            yield Finding(place, offset, hit.stream.owner, form, f"{hit.length} bytes in a row")

    def _seen(self, place: str, view: View) -> Iterator[Finding]:
        for offset, kind, image in images(view.data):
            if likeness := self._looks.find(image):
                form = ", ".join((kind, *view.how))
                at = view.offset if view.how else offset
                yield Finding(place, at, likeness.owner, form, f"correlation {likeness.score:.2f}")


def _streams(canary: Canary) -> Iterator[Stream]:
    """What to look for byte by byte: its metadata, its file, and rows of its pixels in the usual orders."""
    yield Stream(canary.name, "metadata", canary.mark)
    yield Stream(canary.name, "file bytes", canary.data)
    for name, values in (*_orders(canary.pixels), *_floats(canary.pixels)):
        yield Stream(canary.name, f"pixels, {name}", np.ascontiguousarray(values).tobytes())


def _orders(pixels: Pixels) -> Iterator[tuple[str, Pixels]]:
    rows = _some_rows(pixels, _ROWS)
    yield "RGB", rows
    yield "BGR", rows[:, :, ::-1]
    yield "RGBA", np.concatenate([rows, np.full((*rows.shape[:2], 1), 255, np.uint8)], axis=2)
    yield "YCbCr", np.asarray(Image.fromarray(rows).convert("YCbCr"))
    yield "planes", rows.transpose(2, 0, 1)
    yield "grey", _some_rows(np.asarray(Image.fromarray(pixels).convert("L")), _ROWS)
    for side in _SIDES:
        squashed = Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC, reducing_gap=_GAP)
        yield f"RGB at {side}", _some_rows(np.asarray(squashed), _FLOAT_ROWS)


def _floats(pixels: Pixels) -> Iterator[tuple[str, NDArray[np.float32]]]:
    rows = _some_rows(pixels, _FLOAT_ROWS).astype(np.float32)
    yield "floats", rows
    yield "floats to 1", rows / np.float32(255)
    yield "planes of floats to 1", rows.transpose(2, 0, 1) / np.float32(255)


def _some_rows(pixels: Pixels, count: int) -> Pixels:
    return pixels[np.linspace(0, len(pixels) - 1, count, dtype=int)]
