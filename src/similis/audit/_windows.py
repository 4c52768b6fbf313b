"""Finds every 64-byte window of known byte streams in anything, at the speed of one pass.

All windows of 32 bytes of the streams, at every offset, are hashed into one sorted table. Of what is searched only
each whole block of 32 bytes is looked up: 63 bytes in a row contain such a block wherever they lie. What the table
finds is compared byte by byte and extended to both sides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WINDOW = 64
"""So many bytes in a row are a finding."""

_BLOCK = 32
_WORD = 8
_FACTORS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], np.uint64)
_LEAST_DISTINCT = 10  # bytes of a block; emptier ones are found in anything
_VERIFIED = 4096  # hits of one search that are compared; a picture that is there has hits enough

Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Stream:
    """Bytes to look for.

    Attributes:
        owner: the canary that they are of.
        form: what they are: its file, its metadata, its pixels in some order.
        data: the bytes.
    """

    owner: str
    form: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Hit:
    """A run of bytes that is in both: where, how many, and of which stream."""

    offset: int
    length: int
    stream: Stream


class Windows:
    """An index of streams.

    Args:
        streams: to look for; of those that share bytes the first is named.
        common: beginnings of such streams that were never sent. What is in them too, such as headers of their format,
            is no trace of a picture and not looked for.
    """

    def __init__(self, streams: Sequence[Stream], common: Iterable[bytes] = ()) -> None:
        self._streams = streams
        hashes = [_all_hashes(stream.data) for stream in streams]
        owners = np.repeat(np.arange(len(streams), dtype=np.uint32), [len(each) for each in hashes])
        offsets = [np.arange(len(each), dtype=np.uint32) for each in hashes]
        together = np.concatenate([np.empty(0, np.uint64), *hashes])
        varied = np.concatenate([np.empty(0, np.bool_), *(_varied(each.data) for each in streams)])
        telling = np.flatnonzero(varied)
        order = telling[np.argsort(together[telling], kind="stable")]
        order = order[~_among(together[order], common)]
        self._hashes = together[order]
        self._owners = owners[order]
        self._offsets = np.concatenate([np.empty(0, np.uint32), *offsets])[order]

    def search(self, data: bytes | memoryview) -> list[Hit]:
        """The longest run of each stream that is in `data`, of 64 bytes or more."""
        best: dict[tuple[str, str], Hit] = {}
        for hit in self._hits(data):
            known = best.get((hit.stream.owner, hit.stream.form))
            if known is None or hit.length > known.length:
                best[hit.stream.owner, hit.stream.form] = hit
        return list(best.values())

    def _hits(self, data: bytes | memoryview) -> Iterator[Hit]:
        if not len(self._hashes) or len(data) < WINDOW:
            return
        blocks = np.frombuffer(data, "<u8", len(data) // _BLOCK * (_BLOCK // _WORD)).reshape(-1, _BLOCK // _WORD)
        sought = _hash(*blocks.T)
        found = np.minimum(np.searchsorted(self._hashes, sought), len(self._hashes) - 1)
        end = 0
        for block in np.flatnonzero(self._hashes[found] == sought)[:_VERIFIED]:
            at = int(block) * _BLOCK
            if at < end:
                continue
            stream, offset = self._streams[self._owners[found[block]]], int(self._offsets[found[block]])
            before, after = _common(data, at, stream.data, offset)
            if before + after >= WINDOW:
                end = at + after
                yield Hit(at - before, before + after, stream)


def _common(data: bytes | memoryview, at: int, other: bytes, offset: int) -> tuple[int, int]:
    """How many bytes are the same before these two places, and from them on."""
    ahead = min(len(data) - at, len(other) - offset)
    behind = min(at, offset)
    return (
        _alike(bytes(data[at - behind : at])[::-1], other[offset - behind : offset][::-1]),
        _alike(bytes(data[at : at + ahead]), other[offset : offset + ahead]),
    )


def _alike(one: bytes, other: bytes) -> int:
    """How many first bytes are the same."""
    differ = np.flatnonzero(np.frombuffer(one, np.uint8) != np.frombuffer(other, np.uint8))
    return int(differ[0]) if len(differ) else len(one)


def _hash(first: Words, second: Words, third: Words, fourth: Words) -> Words:
    mixed = first * _FACTORS[0] + second * _FACTORS[1] + third * _FACTORS[2] + fourth * _FACTORS[3]
    hashed: Words = mixed ^ (mixed >> np.uint64(29))
    return hashed


def _all_hashes(data: bytes) -> Words:
    """Of the blocks at every offset."""
    if len(data) < _BLOCK:
        return np.empty(0, np.uint64)
    bytes_ = np.frombuffer(data, np.uint8).astype(np.uint64)
    count = len(bytes_) - _WORD + 1
    words = np.zeros(count, np.uint64)
    for place in range(_WORD):
        words |= bytes_[place : place + count] << np.uint64(8 * place)
    last = len(data) - _BLOCK + 1
    return _hash(*(words[_WORD * part : _WORD * part + last] for part in range(4)))


def _among(hashes: Words, common: Iterable[bytes]) -> NDArray[np.bool_]:
    """Which of sorted hashes are also of blocks of `common`."""
    known = np.unique(np.concatenate([np.zeros(1, np.uint64), *map(_all_hashes, common)]))
    places = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    among: NDArray[np.bool_] = known[places] == hashes
    return among


def _varied(data: bytes) -> NDArray[np.bool_]:
    """Of the block at every offset, whether enough bytes in it differ from the one before."""
    if len(data) < _BLOCK:
        return np.empty(0, np.bool_)
    changes = np.concatenate([[0], np.cumsum(np.diff(np.frombuffer(data, np.uint8)) != 0)])
    inside: NDArray[np.bool_] = changes[_BLOCK - 1 :] - changes[: len(changes) - _BLOCK + 1] >= _LEAST_DISTINCT
    return inside
