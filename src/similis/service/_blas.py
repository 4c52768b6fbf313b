"""The threads of the linear algebra library: our own keep the processors busy, and more would get in their way."""

from __future__ import annotations

import threading
from typing import ClassVar

from threadpoolctl import threadpool_limits


class OneBlasThread:
    """Keeps the library to one thread until `release`.

    The library has one figure for the whole process. So all that want this are counted, and whoever is the last to
    let go puts back what the first one found.
    """

    _lock: ClassVar = threading.Lock()
    _holders: ClassVar[set[OneBlasThread]] = set()
    _limits: ClassVar[threadpool_limits | None] = None

    def __init__(self) -> None:
        with self._lock:
            if not self._holders:
                OneBlasThread._limits = threadpool_limits(limits=1, user_api="blas")
            self._holders.add(self)

    def release(self) -> None:
        """Want it no longer; a second time does nothing."""
        with self._lock:
            self._holders.discard(self)
            if not self._holders and self._limits is not None:
                self._limits.restore_original_limits()
                OneBlasThread._limits = None
