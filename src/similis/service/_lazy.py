"""What takes long to load, and is not needed by all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

_Kind = TypeVar("_Kind")


class Lazy(Generic[_Kind]):
    """Something that is loaded once, when it is first needed; one lock each, so that nobody waits for another's.

    Args:
        load: makes it; where that fails, the next who needs it tries again.

    Attributes:
        there: it, None until it is loaded.
    """

    def __init__(self, load: Callable[[], _Kind]) -> None:
        self._load = load
        self._loading = threading.Lock()
        self.there: _Kind | None = None

    def get(self) -> _Kind:
        """Return it; who comes while it is being loaded waits for it."""
        if self.there is not None:
            return self.there
        with self._loading:
            if self.there is None:
                self.there = self._load()
            return self.there
