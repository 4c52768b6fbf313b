"""Several files as one ZIP archive that is made while it is sent: in bounded memory, on no disk."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from zipfile import ZIP_DEFLATED, ZipFile

ZIP = "application/zip"
_CHUNK = 64 * 1024


class _Sink(io.RawIOBase):
    """Takes what an archive writes, to be given away from time to time."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override] # all that ZipFile gives is bytes
        self._held += data
        return len(data)

    def take(self, least: int = 1) -> Iterator[bytes]:
        """What was written, if it is so much at least."""
        if len(self._held) >= least:
            yield bytes(self._held)
            self._held.clear()


def zipped(files: Iterable[tuple[str, Iterable[bytes]]]) -> Iterator[bytes]:
    """Yield the bytes of an archive of files, each given by its name and its content in pieces."""
    sink = _Sink()
    with ZipFile(sink, "w", ZIP_DEFLATED) as archive:
        for name, pieces in files:
            with archive.open(name, "w", force_zip64=True) as member:
                for piece in pieces:
                    member.write(piece)
                    yield from sink.take(_CHUNK)
    yield from sink.take()
