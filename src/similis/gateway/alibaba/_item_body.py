"""The `^` body of 2018-01-20: `key,start,end#key,start,end…^content`, each key naming a span of the content."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from similis.gateway.alibaba._errors import Refused

_ENTRY = re.compile(rb"([^,]*),([0-9]{1,8}),([0-9]{1,8})")
_UTF16_UNIT = 2


@dataclass(frozen=True, slots=True)
class ItemBody:
    """A body taken apart.

    Attributes:
        entries: content by key; pictures are keyed by the Base64 of their name.
    """

    entries: Mapping[str, bytes]

    @classmethod
    def parse(cls, body: bytes) -> ItemBody:
        """Take a body apart.

        Offsets count bytes when the greatest is the length of the content in bytes, as the Python SDK builds it, else
        UTF-16 units, as the Java SDK does.

        Raises:
            Refused: `NoCaretSeperator`, `EmptyMeta` or `InvalidMetaItem`.
        """
        meta, caret, content = body.partition(b"^")
        if not caret:
            raise Refused("NoCaretSeperator", "The body is key,start,end#…^content.")
        if not meta.strip():
            raise Refused("EmptyMeta", "Put key,start,end#… before the ^.")
        spans = [_span(entry) for entry in meta.split(b"#")]
        _check_spans(spans)
        cut = _cutter(content, max(end for _, _, end in spans))
        return cls({key: cut(start, end) for key, start, end in spans})

    def text(self, key: str) -> str:
        """An entry as text; empty when it is absent."""
        return self.entries.get(key, b"").decode("utf-8", "replace")

    def picture_names(self) -> dict[str, str]:
        """The pictures of `pic_list`: the name that the key of each entry stands for.

        Raises:
            Refused: `InvalidPicList`.
        """
        keys = [key for key in self.text("pic_list").split(",") if key]
        names = {key: _name(key) for key in keys}
        if len(names) < len(keys):
            raise Refused("InvalidPicList", "It names a picture twice.")
        return names


def _name(key: str) -> str:
    try:
        return base64.b64decode(key, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise Refused("InvalidPicList", f"{key[:40]!r} is not the Base64 of a name.") from None


def _span(entry: bytes) -> tuple[str, int, int]:
    match = _ENTRY.fullmatch(entry.strip())
    if match is None:
        raise Refused("InvalidMetaItem", f"{entry[:60]!r} is not key,start,end.")
    return match[1].decode("utf-8", "replace"), int(match[2]), int(match[3])


def _check_spans(spans: Sequence[tuple[str, int, int]]) -> None:
    """Spans that run forward and do not overlap can be cut out in the size of the content, however many they are."""
    position = 0
    for key, start, end in sorted(spans, key=lambda span: span[1:]):
        if not position <= start <= end:
            raise Refused("InvalidMetaItem", f"The entry {key[:40]!r}, {start} to {end}, overlaps another.")
        position = end


def _cutter(content: bytes, last: int) -> Callable[[int, int], bytes]:
    """Cuts spans out of the content, in the units that the offsets are in."""
    if last == len(content):
        return lambda start, end: content[start:end]
    try:
        units = content.decode("utf-8").encode("utf-16-le")
    except UnicodeDecodeError:
        units = b""
    if last * _UTF16_UNIT > len(units):
        raise Refused("InvalidMetaItem", f"An entry ends at {last}, behind the {len(content)} bytes of the content.")
    return lambda start, end: (
        units[start * _UTF16_UNIT : end * _UTF16_UNIT].decode("utf-16-le", "replace").encode("utf-8")
    )
