"""Processes that see pictures leave no core dumps."""

from __future__ import annotations

import ctypes
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from similis.algorithm import SubjectMode
from similis.service import Settings
from similis.service._processes import Models, ParallelAnalyst

_PR_GET_DUMPABLE = 3
_CRASH = """
import os, resource, signal
most = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (most, most))
from similis.service import forbid_dumps
forbid_dumps()
os.kill(os.getpid(), signal.SIGSEGV)
"""

_FREED = """
import ctypes
from similis.service import wipe_freed_memory
def is_left():
    picture = bytes(range(1, 251)) * 200
    keeper, address = bytes(50_000), id(picture)
    above = bytes(100)
    del picture
    return ctypes.string_at(address + 20_000, 250) in bytes(range(1, 251)) * 3
before = is_left()
wipe_freed_memory()
print(before, is_left())
"""


def dumpable() -> tuple[int, int]:
    """What the limit and the flag of this process are."""
    return resource.getrlimit(resource.RLIMIT_CORE)[0], ctypes.CDLL(None).prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0)


def test_a_crash_leaves_no_file(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", _CRASH], cwd=tmp_path, check=False)
    assert ran.returncode == -signal.SIGSEGV
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="the flag is Linux's")
def test_processes_of_imports_may_not_be_dumped() -> None:
    analyst = ParallelAnalyst(Models(Settings().models, SubjectMode.FAST), 1)
    try:
        assert analyst._all.submit(dumpable).result() == (0, 0)
    finally:
        analyst.close()


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="another C library")
def test_freed_memory_is_overwritten() -> None:
    told = subprocess.check_output([sys.executable, "-c", _FREED], text=True)
    assert told.split() == ["True", "False"]
