"""Whether the machine has what the service needs: memory, files, processors, a clock that is right."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

from similis.service._finding import Finding
from similis.service._processes import Analysing
from similis.service._settings import Settings

_BYTES_AT_LEAST = 512 << 20
_BYTES_A_PICTURE = {Analysing.INSIDE: 64 << 20, Analysing.PROCESSES: 224 << 20}  # of those analysed at once
_BYTES_A_SEARCHER = 128 << 20
_FILES_AT_LEAST = 2048
_AHEAD = 60.0  # seconds by which the time of a file may be in the future
_MEMORY = Path("/proc/meminfo")
_SWAPS = Path("/proc/swaps")
_CGROUP = Path("/sys/fs/cgroup")


def check_machine(settings: Settings) -> Iterator[Finding]:
    """Check memory, open files, processors, swap and clock."""
    yield _memory(settings)
    yield _files()
    yield _processors(settings.threads)
    yield _swap()
    yield _clock(settings)


def allow_files() -> None:
    """Let this process open as many files as the system allows: each client is one, and shells set less."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _memory(settings: Settings) -> Finding:
    searchers = 0 if settings.catalogue else settings.searchers
    needed = _BYTES_AT_LEAST + searchers * _BYTES_A_SEARCHER
    needed += settings.threads * _BYTES_A_PICTURE[settings.analysing]
    free = _free_memory()
    return Finding(
        "Free memory",
        free is None or free >= needed,
        "unknown" if free is None else f"{free / 1e6:,.0f} MB",
        f"Leave {needed / 1e6:,.0f} MB for the models, and more for large indexes; or lower SIMILIS_THREADS, or set "
        "SIMILIS_ANALYSING=inside.",
    )


def _free_memory() -> int | None:
    """Bytes that can be had, also under the limit of a container."""
    limits = [each for each in (_available(), _left_in_container()) if each is not None]
    return min(limits, default=None)


def _available() -> int | None:
    try:
        lines = dict(line.split(":") for line in _MEMORY.read_text().splitlines())
        return int(lines["MemAvailable"].split()[0]) << 10
    except (OSError, KeyError, ValueError):
        return None


def _left_in_container() -> int | None:
    try:
        most, used = ((_CGROUP / name).read_text().strip() for name in ("memory.max", "memory.current"))
        return None if most == "max" else int(most) - int(used)
    except (OSError, ValueError):
        return None


def _files() -> Finding:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    return Finding(
        "Open files",
        most >= _FILES_AT_LEAST,
        f"{most:,} at once",
        f"Allow {_FILES_AT_LEAST:,}: LimitNOFILE in a unit of systemd, --ulimit nofile of a container, or ulimit -n.",
    )


def _processors(threads: int) -> Finding:
    there = len(os.sched_getaffinity(0))
    return Finding(
        "Processors",
        threads <= there,
        f"{there} for {threads} pictures at once",
        f"Set SIMILIS_THREADS={there}: more of them only wait for each other.",
        grave=False,
    )


def _swap() -> Finding:
    """Whether memory, with pictures in it, can be written to a disk as it is."""
    try:
        devices = [Path(line.split()[0]) for line in _SWAPS.read_text().splitlines()[1:]]
    except OSError:
        devices = []
    clear = [str(each) for each in devices if not _is_safe(each)]
    return Finding(
        "Swap",
        not clear,
        f"{', '.join(clear)} is in use, and not known to be encrypted" if clear else "none in clear",
        "Switch it off (swapoff -a) or encrypt it: memory has pictures for the length of a request.",
        grave=False,
    )


def _is_safe(device: Path) -> bool:
    """Whether a swap is in memory, or encrypted by the device mapper."""
    if device.name.startswith("zram"):
        return True
    try:
        return Path(f"/sys/block/{device.resolve().name}/dm/uuid").read_text().startswith("CRYPT-")
    except OSError:
        return False


def _clock(settings: Settings) -> Finding:
    """Whether what was written last was written before now."""
    latest = max((_modified(path) for path in (settings.data / "catalogue.sqlite", *_logs(settings))), default=0.0)
    ahead = latest - time.time()
    return Finding(
        "Clock",
        ahead < _AHEAD,
        f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC"
        + (f", but the data were written {ahead / 3600:,.1f} hours later" if ahead >= _AHEAD else ""),
        "Set the clock right, and keep it so (systemd-timesyncd, chrony): signed calls are refused otherwise.",
    )


def _logs(settings: Settings) -> Iterator[Path]:
    yield from settings.audit_directory.glob("*.jsonl")


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
