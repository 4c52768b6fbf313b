"""Leaves a process nothing to ask of Linux but to compute, to have memory, and to use what is open already."""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
import sys
from collections.abc import Iterable
from typing import NamedTuple

_PR_SET_SECCOMP = 22  # prctl(2)
_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_MODE_FILTER = 2
_LOAD, _IF_EQUAL, _RETURN = 0x20, 0x15, 0x06  # instructions of linux/bpf_common.h
_NUMBER, _ARCHITECTURE = 0, 4  # places in struct seccomp_data
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM


class _Machine(NamedTuple):
    """How Linux names a kind of machine, and the numbers of calls on it."""

    audit_name: int
    calls: tuple[int, ...]


# read write close fstat lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask rt_sigreturn sched_yield mremap
# madvise setitimer getpid sendto recvfrom exit gettid futex restart_syscall clock_gettime exit_group getrandom
_MACHINES = {
    "x86_64": _Machine(
        0xC000003E,
        (0, 1, 3, 5, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 28, 38, 39, 44, 45, 60, 186, 202, 219, 228, 231, 318),
    ),
    "aarch64": _Machine(
        0xC00000B7,
        (63, 64, 57, 80, 62, 222, 226, 215, 214, 134, 135, 139, 124, 216, 233, 103, 172, 206, 207, 93, 178, 98, 128,
         113, 94, 278),
    ),
}  # fmt: skip


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def can_confine() -> bool:
    """Whether this machine is of a kind whose calls are known here."""
    return sys.platform == "linux" and platform.machine() in _MACHINES


def confine() -> None:
    """Let every other call of this process fail from now on: no file, no socket, no program, no other process.

    Raises:
        OSError: Linux refuses.
    """
    machine = _MACHINES[platform.machine()]
    instructions = b"".join(_filter(machine.audit_name, machine.calls))
    program = _Program(len(instructions) // 8, instructions)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(program))


def _filter(audit_name: int, calls: Iterable[int]) -> list[bytes]:
    """What Linux runs at each call: it answers whether the call is one of these."""
    numbers = list(calls)
    return [
        _instruction(_LOAD, _ARCHITECTURE),
        _instruction(_IF_EQUAL, audit_name, otherwise=len(numbers) + 1),
        _instruction(_LOAD, _NUMBER),
        *(_instruction(_IF_EQUAL, number, then=len(numbers) - place) for place, number in enumerate(numbers)),
        _instruction(_RETURN, _REFUSE),
        _instruction(_RETURN, _ALLOW),
    ]


def _instruction(code: int, operand: int, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("=HBBI", code, then, otherwise, operand)


def _prctl(option: int, *given: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    words = [ctypes.c_ulong(each) for each in (*given, 0, 0, 0, 0)][:4]
    if library.prctl(option, *words) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
