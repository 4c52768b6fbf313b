"""Processes that answer searches by name beside the service, where several are asked for at once.

One interpreter runs one thread at a time: reading calls and writing answers leaves it half of its time for searches.
So the service reads and writes, and other processes search, each with its own copy of the indexes.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import pickle
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import SimpleQueue

from similis.domain import SearchResult, tell_stage
from similis.service._children import interrupts_kept_out
from similis.service._searcher import Asked, Told, run
from similis.service._settings import Settings

log = logging.getLogger(__name__)

_LINES = 4  # to each process, so that it finds the next search when it has told what the one before has found
_PATIENCE = struct.pack("@ll", 10, 0)  # seconds and microseconds, as SO_RCVTIMEO and SO_SNDTIMEO take them
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # seconds before a process that died is started anew


class Searchers:
    """So many processes, started when two searches by name are first under way at once; close it after use.

    A service that few call keeps the memory that they would take. Where none of them can answer – not started yet,
    died, behind –, the caller searches itself.

    Args:
        settings: where everything is; None needs no processes.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._processes = [] if settings is None else [_Process(settings) for _ in range(settings.searchers)]
        self._free: SimpleQueue[_Line] = SimpleQueue()
        self._counting = threading.Lock()
        self._under_way = 0
        self._started = False

    @contextmanager
    def several(self) -> Iterator[bool]:
        """A block with a search by name; tells whether to ask here first."""
        with self._counting:
            self._under_way += 1
        try:
            with self._counting:
                if self._processes and not self._started and self._under_way > 1:
                    self._start()
            yield self._started
        finally:
            with self._counting:
                self._under_way -= 1

    def ask(self, asked: Asked) -> SearchResult | None:
        """What one of the processes found; None where the caller has to search itself."""
        line = self._free.get()
        try:
            answer = line.ask(pickle.dumps(asked))
        finally:
            self._free.put(line)
        if answer is None:
            return None
        told: Told = pickle.loads(answer)  # noqa: S301 - of a process of our own
        for name, seconds in told.stages:  # whoever watches is not in that process
            tell_stage(name, seconds)
        return told.result

    def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.close()

    def _start(self) -> None:
        for lines in zip(*(process.lines for process in self._processes), strict=True):  # each process in turn
            for line in lines:
                self._free.put(line)
        self._started = True
        for process in self._processes:
            process.start()


class _Line:
    """A way to a process, for one search at a time; leads nowhere while there is no process."""

    def __init__(self) -> None:
        self._open: tuple[Connection, BaseProcess] | None = None

    def open(self, connection: Connection, process: BaseProcess) -> None:
        """Lead to a process that can be asked."""
        _be_patient(connection)
        self._open = connection, process

    def shut(self) -> None:
        """Lead nowhere. The connection is closed with its last user, whose reads another file must not get."""
        self._open = None

    def ask(self, data: bytes) -> bytes | None:
        """What the process answers; None where there is none. One that does not answer is ended."""
        if (opened := self._open) is None:
            return None
        connection, process = opened
        try:
            connection.send_bytes(data)
            return connection.recv_bytes()
        except BaseException as error:
            # An answer that comes late must not go to whoever asks next.
            if self._open is opened:
                self._open = None
            process.kill()
            if isinstance(error, (OSError, EOFError)):
                return None
            raise


class _Process:
    """A process that is started anew when it has died, and the lines to it."""

    def __init__(self, settings: Settings) -> None:
        self.lines = [_Line() for _ in range(_LINES)]
        self._settings = settings
        self._running: BaseProcess | None = None
        self._changing = threading.Lock()
        self._closed = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="searchers", daemon=True)

    def start(self) -> None:
        """Have it started; lines lead to it once it can be asked."""
        try:
            self._keeper.start()
        except RuntimeError:
            log.warning("There is no thread left to start a process that searches.")

    def close(self) -> None:
        """End it, for good."""
        with self._changing:
            self._closed.set()
            if self._running is not None:
                self._running.kill()  # it only reads
        if self._keeper.is_alive():
            self._keeper.join()

    def _keep(self) -> None:
        pause = _FIRST_PAUSE
        while not self._closed.is_set():
            begun = time.monotonic()
            try:
                self._live()
            except OSError as error:
                log.warning("A process that searches cannot be started: %s.", error.strerror)
            pause = _FIRST_PAUSE if time.monotonic() - begun > _LONGEST_PAUSE else min(2 * pause, _LONGEST_PAUSE)
            self._closed.wait(pause)

    def _live(self) -> None:
        """Start the process and be back when it has ended."""
        context = multiprocessing.get_context("spawn")  # a fork would copy locks as they are at that moment
        pairs = [context.Pipe() for _ in self.lines]
        theirs = [end for _, end in pairs]
        process = context.Process(target=run, args=(self._settings, theirs), name="searcher", daemon=True)
        with self._changing:
            if self._closed.is_set():
                return
            with interrupts_kept_out():
                process.start()
            self._running = process
        for end in theirs:
            end.close()
        try:
            for line, (connection, _) in zip(self.lines, pairs, strict=True):
                connection.recv_bytes()
                line.open(connection, process)
        except (OSError, EOFError):  # it has died, or cannot be used
            process.kill()
        process.join()
        for line in self.lines:
            line.shut()
        if not self._closed.is_set():
            log.warning("A process that searches has ended (exit code %s); another is started.", process.exitcode)


def _be_patient(connection: Connection) -> None:
    with socket.socket(fileno=os.dup(connection.fileno())) as end:
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            end.setsockopt(socket.SOL_SOCKET, option, _PATIENCE)
