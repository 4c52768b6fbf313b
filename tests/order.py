"""The order of tests that several processes share: the longest first, so that none is waited for at the end."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

import pytest


def longest_first(items: list[pytest.Item], usual: float) -> None:
    """Sort by files: first by the longest time that one of its tests may take, then by how many tests it has.

    Args:
        items: the tests, file by file.
        usual: seconds that a test may take that does not say so itself.
    """
    tests = Counter(item.path for item in items)
    allowed: dict[Path, float] = defaultdict(lambda: usual)
    for item in items:
        allowed[item.path] = max(allowed[item.path], _allowed(item))
    items.sort(key=lambda item: (-allowed[item.path], -tests[item.path]))


def _allowed(item: pytest.Item) -> float:
    """Seconds that a test asks for, which are more than the usual ones; 0 for one that does not ask."""
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0]) if marker and marker.args else 0.0
