"""Multipart bodies, taken apart in memory: no temporary file is ever made, whatever the size of a part."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from similis.domain import InvalidInput

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

# It warns of every malformed form with bytes of it; the caller gets an error anyway.
logging.getLogger("python_multipart").setLevel(logging.ERROR)

Part: TypeAlias = tuple[str, str | bytes]
BeforeFile: TypeAlias = Callable[[Sequence[Part]], object]
MAX_TEXTS = 32
MAX_TEXT_BYTES = 64 * 1024
_MAX_FILES = 2
_MAX_HEADER_BYTES = 8 * 1024


async def read_parts(request: Request, before_file: BeforeFile = lambda _: None) -> list[Part]:
    """Read a multipart body into names and values: parts with a file name as bytes, others as text.

    Args:
        request: whose body it is.
        before_file: called with the parts so far before a file is read; what it raises ends the reading.

    Raises:
        InvalidInput: it is no multipart form, is cut off, or has too many or too long parts.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise InvalidInput("The body is not a form.", "Send content-type: multipart/form-data, with its boundary.")
    collector = _Collector(before_file)
    try:
        parser = MultipartParser(boundary, collector.callbacks())
        async for chunk in request.stream():
            parser.write(chunk)
    except FormParserError:
        raise _unreadable("is malformed") from None
    if not collector.complete:
        raise _unreadable("is cut off")
    return collector.parts


class _Collector:
    """Gathers the parts while the parser calls back, and stops it as soon as a limit is passed."""

    def __init__(self, before_file: BeforeFile) -> None:
        self.parts: list[Part] = []
        self._before_file = before_file
        self.complete = False
        self._header_name = bytearray()
        self._header_text = bytearray()
        self._disposition = b""
        self._name = b""
        self._is_file = False
        self._content = bytearray()

    def callbacks(self) -> MultipartCallbacks:
        """What the parser calls."""
        return {
            "on_part_begin": self._part_begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
            "on_end": self._end,
        }

    def _part_begin(self) -> None:
        self._disposition = b""
        self._content = bytearray()

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]
        self._limit(len(self._header_name), _MAX_HEADER_BYTES, "a header")

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_text += data[start:end]
        self._limit(len(self._header_text), _MAX_HEADER_BYTES, "a header")

    def _header_end(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = bytes(self._header_text)
        self._header_name.clear()
        self._header_text.clear()

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        if b"name" not in options:
            raise _unreadable("has a part without a name")
        self._name = options[b"name"]
        self._is_file = b"filename" in options
        same = sum(isinstance(value, bytes) == self._is_file for _, value in self.parts) + 1
        kind, most = ("files", _MAX_FILES) if self._is_file else ("fields", MAX_TEXTS)
        if same > most:
            raise _unreadable(f"has more than {most} {kind}")
        if self._is_file:
            self._before_file(self.parts)

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._content += data[start:end]
        if not self._is_file:
            self._limit(len(self._content), MAX_TEXT_BYTES, "a field")

    def _part_end(self) -> None:
        value = bytes(self._content) if self._is_file else _decode(self._content)
        self.parts.append((_decode(self._name), value))

    def _end(self) -> None:
        self.complete = True

    @staticmethod
    def _limit(size: int, most: int, what: str) -> None:
        if size > most:
            raise _unreadable(f"has {what} of more than {most:,} bytes")


def _decode(text: bytes | bytearray) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise _unreadable("has a field that is not UTF-8") from None


def _unreadable(why: str) -> InvalidInput:
    return InvalidInput(f"The form {why}.", "Send multipart/form-data in UTF-8 with at most two files.")
