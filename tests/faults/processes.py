"""The processes that a service has started to work for it."""

from __future__ import annotations

from pathlib import Path


def children(service: int) -> list[int]:
    """Ids of the processes that a process started by Python's `multiprocessing`."""
    status = (each for each in Path("/proc").glob("[0-9]*/stat"))
    pids = [int(each.parent.name) for each in status if _parent(each) == service]
    return [each for each in pids if "spawn_main" in (Path("/proc") / str(each) / "cmdline").read_text("utf-8")]


def _parent(stat: Path) -> int:
    try:
        return int(stat.read_text("utf-8").rpartition(")")[2].split()[1])
    except OSError:  # it has just ended
        return 0
