"""A decoder with faults: certain pictures do to its process what hostile ones would do through a hole in a codec."""

from __future__ import annotations

import ctypes
import math
import os
import resource
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from similis.algorithm import Orientation, PictureLimits, decode
from similis.domain import DamagedPicture
from similis.service._sandbox_worker import Pixels

CRASH, SPIN, WAIT, LIE, HOARD, LOOK_AROUND = b"crash", b"spin", b"wait", b"lie", b"hoard", b"look around"
ENDLESS = b"endless"
_ESCAPES: dict[bytes, Callable[[], object]] = {
    b"reads a file": lambda: Path("/etc/hostname").read_text("utf-8"),
    b"writes a file": lambda: Path("escaped").write_text("", "utf-8"),
    b"calls a host": socket.socket,
    b"starts a program": lambda: os.execv(sys.executable, [sys.executable, "-c", ""]),  # noqa: S606 - fails
    b"forks": os.fork,
    b"signals another process": lambda: os.kill(os.getppid(), 0),
    b"limits another process": lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CPU),
}
ESCAPES = tuple(_ESCAPES)


def decode_with_faults(data: bytes, limits: PictureLimits, orientation: Orientation) -> Pixels:
    """As `decode`, but for these pictures."""
    if data in _ESCAPES:
        _told(_ESCAPES[data])
    if data == LIE:
        return np.zeros((limits.max_side, limits.max_side, 4), np.uint8)
    if data == ENDLESS:
        return np.zeros((limits.min_side, limits.min_side, 3), np.uint8).view(_Endless)
    if fault := _FAULTS.get(data):
        fault()
    return decode(data, limits, orientation)


class _Endless(np.ndarray[Any, np.dtype[np.uint8]]):
    """Says of itself what no picture is."""

    shape = (math.inf, 1, 3)  # type: ignore[override] # that is the lie


def _told(escape: Callable[[], object]) -> None:
    """Tell how an escape ended, as the message of a refusal."""
    try:
        escape()
    except (OSError, MemoryError) as error:
        raise DamagedPicture(type(error).__name__) from None
    raise DamagedPicture("escaped")


def _spin() -> None:
    while True:
        pass


def _wait() -> None:
    lock = threading.Lock()
    while lock.acquire():
        pass


def _look_around() -> None:
    raise DamagedPicture(f"{dict(os.environ)}")


_FAULTS: dict[bytes, Callable[[], object]] = {
    CRASH: lambda: ctypes.string_at(0),
    SPIN: _spin,
    WAIT: _wait,
    HOARD: lambda: _told(lambda: np.ones(3 << 30, np.uint8)),
    LOOK_AROUND: _look_around,
}
