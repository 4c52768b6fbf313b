"""Multipart forms: any bytes are read or refused, the same however they arrive; what clients write is read back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from starlette.requests import Request
from starlette.types import Message

from similis.domain import InvalidInput
from similis.gateway._multipart import Part, read_parts

_BOUNDARY = b"edge"


def check(data: bytes) -> None:
    """Take bytes for a form, then for the values of one."""
    read = _read([data])
    for size in (1, 5):
        # What stands before the first boundary, which no client sends, the parser passes over only in one piece.
        same = _read([data[start : start + size] for start in range(0, len(data), size)]) == read
        assert same or not data.startswith(b"--" + _BOUNDARY)
    if read is not None:
        assert sum(len(value) for _, value in read) <= len(data)
    _check_written(data)


def seeds() -> Iterator[bytes]:
    """Forms as clients write them."""
    yield _written([("num", "3"), ("file", b"\x89PNG\r\n\x1a\n\x00")])
    yield _written([("product_id", "中"), ("file", b""), ("file", b"--edge")])


def _check_written(data: bytes) -> None:
    """Write a form of one text and two files as clients do, and read it."""
    first, _, second = data.partition(b"\x00")
    parts: list[Part] = [("text", first.decode("utf-8", "replace")), ("file", second), ("other", first)]
    if not any(_BOUNDARY in value for value in (first, second)):
        assert _read([_written(parts)]) == parts


def _written(parts: Sequence[Part]) -> bytes:
    form = b""
    for name, value in parts:
        kind = b"" if isinstance(value, str) else b'; filename="f"'
        content = value.encode() if isinstance(value, str) else value
        head = b'--%s\r\ncontent-disposition: form-data; name="%s"%s\r\n\r\n' % (_BOUNDARY, name.encode(), kind)
        form += head + content + b"\r\n"
    return form + b"--" + _BOUNDARY + b"--\r\n"


def _read(chunks: Sequence[bytes]) -> list[Part] | None:
    """What a form reads as; None when it is refused."""
    waiting: list[Message] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    waiting.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Message:
        return waiting.pop(0)

    headers = [(b"content-type", b"multipart/form-data; boundary=" + _BOUNDARY)]
    reading = read_parts(Request({"type": "http", "method": "POST", "headers": headers}, receive))
    try:
        reading.send(None)  # nothing in it waits: a loop of events for each form would take most of the time
    except StopIteration as done:
        parts: list[Part] = done.value
        return parts
    except InvalidInput as error:
        assert error.message
        assert error.hint
        return None
    raise AssertionError("it waits for something else than the form")
