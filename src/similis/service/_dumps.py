"""Keeps what is in memory – pictures, keys – out of files that a crash would leave, and no longer than it is used."""

from __future__ import annotations

import ctypes
import resource
import sys

_PR_SET_DUMPABLE = 4  # prctl(2)
_M_PERTURB = -6  # mallopt(3)
_PATTERN = 0xA5


def forbid_dumps() -> None:
    """Let this process leave no core dump, whatever its parent allowed; on Linux nobody but root may look into it.

    The limit alone does not hold where dumps go to a program (core(5)), and a new program begins without the second.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def wipe_freed_memory() -> None:
    """Let the C library, where that is glibc, overwrite what this process frees: no picture waits there for reuse."""
    library = ctypes.CDLL(None)
    if sys.platform == "linux" and hasattr(library, "mallopt"):
        library.mallopt(_M_PERTURB, _PATTERN)
