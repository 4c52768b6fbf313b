"""Uploaded pictures on their way to the call that uses them: in memory only, bounded in number, bytes and age."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

MAX_COUNT = 256
MAX_BYTES = 128 * 1024 * 1024
MAX_AGE_SECONDS = 300.0
_SHARES = 4


class UploadsFull(Exception):
    """As many uploads wait for their calls as may, of all or of this owner."""


@dataclass(frozen=True, slots=True)
class _Upload:
    content: bytes
    expires_at: float
    owner: str


class Uploads:
    """A store of encoded pictures by key, each good for one use, by its owner. May be used from several threads.

    An owner, which is an access key, can take up a quarter of it: others always find room.
    Orphans, which no call ever asks for, are dropped by a timer as they come of age.
    """

    def __init__(
        self,
        max_count: int = MAX_COUNT,
        max_bytes: int = MAX_BYTES,
        max_age: float = MAX_AGE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_count = max_count
        self._max_bytes = max_bytes
        self._max_age = max_age
        self._clock = clock
        self._lock = threading.Lock()
        self._uploads: dict[str, _Upload] = {}
        self._bytes = 0
        self._timer: threading.Timer | None = None

    def __len__(self) -> int:
        with self._lock:
            self._drop_expired()
            return len(self._uploads)

    def put(self, key: str, content: bytes, owner: str = "") -> None:
        """Keep a picture; one of the same key is replaced.

        Raises:
            UploadsFull: it does not fit; nothing was changed but what had expired.
        """
        with self._lock:
            self._drop_expired()
            replaced = self._uploads.get(key)
            count = len(self._uploads) + (replaced is None)
            size = self._bytes + len(content) - (len(replaced.content) if replaced else 0)
            if count > self._max_count or size > self._max_bytes or (owner and self._has_its_share(owner, content)):
                raise UploadsFull
            self._drop(key)
            self._uploads[key] = _Upload(content, self._clock() + self._max_age, owner)
            self._bytes += len(content)
            self._watch(self._max_age)

    def take(self, key: str, owner: str = "") -> bytes | None:
        """Return a picture and forget it; None when the owner has none, it was taken before, or is too old."""
        with self._lock:
            self._drop_expired()
            found = self._uploads.get(key)
            if found is None or found.owner != owner:
                return None
            self._drop(key)
            return found.content

    def discard(self, key: str) -> None:
        """Forget a picture, if it is there."""
        with self._lock:
            self._drop(key)

    def _has_its_share(self, owner: str, content: bytes) -> bool:
        sizes = [len(each.content) for each in self._uploads.values() if each.owner == owner]
        return len(sizes) >= self._max_count // _SHARES or sum(sizes) + len(content) > self._max_bytes // _SHARES

    def _drop(self, key: str) -> _Upload | None:
        upload = self._uploads.pop(key, None)
        if upload:
            self._bytes -= len(upload.content)
        return upload

    def _drop_expired(self) -> None:
        now = self._clock()
        for key, upload in list(self._uploads.items()):  # oldest first: all live equally long
            if upload.expires_at > now:
                break
            self._drop(key)

    def _watch(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = threading.Timer(seconds, self._sweep)
            self._timer.daemon = True
            self._timer.start()

    def _sweep(self) -> None:
        with self._lock:
            self._timer = None
            self._drop_expired()
            if self._uploads:
                oldest = next(iter(self._uploads.values()))
                self._watch(max(0.0, oldest.expires_at - self._clock()))
