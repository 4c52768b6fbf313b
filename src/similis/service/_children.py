"""What is the same for all processes that a service starts to work for it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import wait

from threadpoolctl import threadpool_limits

from similis.service._dumps import forbid_dumps, wipe_freed_memory


@contextmanager
def interrupts_kept_out() -> Iterator[None]:
    """Let processes that are started meanwhile not be ended by Ctrl-C, which goes to all; the parent ends them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def begin_child() -> None:
    """Be careful with memory, as the service is; keep to one processor; end when the service was killed."""
    forbid_dumps()
    wipe_freed_memory()
    # There is a process for each processor; more threads than that, for sums, would mostly wait for each other.
    threadpool_limits(limits=1, user_api="blas")
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    """End this process when the one that it works for was killed and cannot say so."""
    if (parent := multiprocessing.parent_process()) is not None:
        wait([parent.sentinel])
        os._exit(1)
