"""Files that are sent while they are read: bounded memory, off the event loop."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from fastapi.responses import StreamingResponse

from similis.domain import JsonObject

JSON_LINES = "application/x-ndjson"
_CHUNK = 64 * 1024


def download(lines: Iterable[bytes], file_name: str, media_type: str = JSON_LINES) -> StreamingResponse:
    """An answer that browsers save as a file. Lines are read by threads, as fast as the client takes them.

    What fails before the first bytes are there is raised here, while the answer can still say so.
    """
    chunks = _chunks(lines)
    first = next(chunks, b"")
    headers = {"content-disposition": f'attachment; filename="{file_name}"'}
    return StreamingResponse(_preceded(first, chunks), media_type=media_type, headers=headers)


def json_line(form: JsonObject) -> bytes:
    """An object as one line of such a file."""
    return json.dumps(form, ensure_ascii=False).encode() + b"\n"


def _preceded(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _chunks(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines in pieces worth the way to another thread and back."""
    held = bytearray()
    for line in lines:
        held += line
        if len(held) >= _CHUNK:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)
