"""Unpacks compressed streams wherever they begin, be they cut off or torn."""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

_MOST_UNPACKED = 64 * 1024 * 1024
_LEAST_UNPACKED = 64
_STEP = 4096
_MOST_MEMORY = 256 * 1024 * 1024  # that a stream may ask for
_STREAMS = re.compile(
    rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]|PK\x03\x04|BZh[1-9]1AY&SY|\xfd7zXZ\0|\x5d\0\0[\0-\xff]{2}\xff{8}"
)
_ZIP_HEAD = 30


class _Unpacker(Protocol):
    def decompress(self, data: bytes, /) -> bytes: ...
    @property
    def eof(self) -> bool: ...


def unpacked(data: bytes | memoryview) -> Iterator[tuple[int, bytes]]:
    """What streams of gzip, zlib, zip, bzip2 and xz hold, and a bare deflate stream at the beginning."""
    for found in _STREAMS.finditer(data):
        make, start = _reader(found[0]), found.start()
        if found[0].startswith(b"PK"):
            head = bytes(data[start : start + _ZIP_HEAD])
            start += len(head) + sum(head[26:30:2]) + 256 * sum(head[27:30:2])
        content = _read(data, start, make())
        if len(content) >= _LEAST_UNPACKED:
            yield found.start(), content
    content = _read(data, 0, zlib.decompressobj(-zlib.MAX_WBITS))
    if len(content) >= _LEAST_UNPACKED:
        yield 0, content


def _reader(magic: bytes) -> Callable[[], _Unpacker]:
    if magic.startswith(b"PK"):
        return lambda: zlib.decompressobj(-zlib.MAX_WBITS)
    if magic.startswith(b"BZh"):
        return bz2.BZ2Decompressor
    if magic.startswith((b"\xfd", b"\x5d")):
        return lambda: lzma.LZMADecompressor(memlimit=_MOST_MEMORY)
    return lambda: zlib.decompressobj(zlib.MAX_WBITS | 32)


def _read(data: bytes | memoryview, start: int, unpacker: _Unpacker) -> bytes:
    """What can be unpacked."""
    content = bytearray()
    for at in range(start, len(data), _STEP):
        try:
            content += unpacker.decompress(bytes(data[at : at + _STEP]))
        except (zlib.error, lzma.LZMAError, OSError, EOFError):
            break
        if unpacker.eof or len(content) > _MOST_UNPACKED:
            break
    return bytes(content)
