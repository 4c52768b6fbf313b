"""Decodes pictures in processes that can do nothing else, so that a fault of a decoder is no way into this one."""

from __future__ import annotations

import math
import multiprocessing
import signal
import socket
import threading
import time
from collections.abc import Mapping
from typing import Any

from similis.algorithm import Decode, Orientation, PictureLimits, check_bytes, decode
from similis.domain import (
    DamagedPicture,
    IncorrectOrientation,
    InvalidPicture,
    PictureTooLarge,
    Unavailable,
    UnsupportedFormat,
    UnsupportedPixels,
)
from similis.service._sandbox_worker import Pixels, receive, request, send, serve

_REFUSALS: Mapping[str, type[InvalidPicture]] = {
    kind.code: kind
    for kind in (DamagedPicture, IncorrectOrientation, PictureTooLarge, UnsupportedFormat, UnsupportedPixels)
}
_START_SECONDS = 120.0
_PRELOADED = ["__main__", "similis.service._sandbox_worker"]


class Sandbox:
    """Decodes as `similis.algorithm.decode` does, bit by bit. Safe for threads; close it after use.

    A process that dies of a picture, or has to be killed, is replaced, and the picture refused as damaged.

    Args:
        count: processes that are kept; more are started while more pictures are decoded at once.
        patience: seconds after which a process is killed, however little of a processor it got in them.
        run: what they run.
    """

    def __init__(self, count: int, *, patience: float = 60.0, run: Decode = decode) -> None:
        self._count = count
        self._patience = patience
        self._run = run
        self._idle: list[_Worker] = []
        self._changing = threading.Lock()
        self._starting = threading.Lock()
        self._closed = False

    def decode(
        self, data: bytes, limits: PictureLimits = PictureLimits(), orientation: Orientation = Orientation.APPLY
    ) -> Pixels:
        """Decode a picture.

        Raises:
            InvalidPicture: one of its kinds.
            Unavailable: processes end as soon as they are started.
        """
        check_bytes(data, limits)
        for _ in range(2):  # a process may also have been killed by somebody else, as by Linux for want of memory
            worker = self._take()
            try:
                pixels = worker.decode(data, limits, orientation, self._patience)
            except InvalidPicture:
                self._give_back(worker)
                raise
            except TimeoutError:
                worker.end()
                raise _too_slow() from None
            except Exception:  # whatever a process that was taken over can make of its answer
                if worker.end() == -signal.SIGPROF:
                    raise _too_slow() from None
            except BaseException:
                worker.end()
                raise
            else:
                self._give_back(worker)
                return pixels
        raise DamagedPicture("The picture ended the process that decoded it.", "Save it anew with another program.")

    def start(self) -> None:
        """Start the first process now: the one that others are forked from takes a second.

        Raises:
            Unavailable: it ends as soon as it is started.
        """
        self._give_back(self._take())

    def close(self) -> None:
        """End the processes."""
        with self._changing:
            self._closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()

    def _take(self) -> _Worker:
        with self._changing:
            if self._closed:
                raise RuntimeError("the sandbox was closed")
            while self._idle:
                if (worker := self._idle.pop()).alive:
                    return worker
                worker.end()
        with self._starting:
            return _Worker(self._run)

    def _give_back(self, worker: _Worker) -> None:
        with self._changing:
            if not self._closed and len(self._idle) < self._count:
                self._idle.append(worker)
                return
        worker.end()


class _Worker:
    """One process, and the channel to it."""

    def __init__(self, run: Decode) -> None:
        # Forked from a process that has loaded the decoders and done nothing else: it is there in milliseconds.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_PRELOADED)
        self._channel, inner = socket.socketpair()
        self._process = context.Process(target=serve, args=(inner, run), name="decoding", daemon=True)
        try:
            with inner:
                self._process.start()
            self._channel.settimeout(_START_SECONDS)
            receive(self._channel, 0)
        except (OSError, EOFError, ValueError) as error:
            self.end()
            raise Unavailable(
                "The processes that decode pictures end as soon as they are started.",
                "See whether this machine is short of memory or of processes; nothing is lost meanwhile.",
            ) from error

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    def decode(self, data: bytes, limits: PictureLimits, orientation: Orientation, patience: float) -> Pixels:
        """Let the process decode a picture; whatever it answers is believed only as far as it can be a picture."""
        end = time.monotonic() + patience
        self._channel.settimeout(patience)
        send(self._channel, request(limits, orientation), data)
        header, content = receive(
            self._channel, 3 * limits.max_side**2, lambda: self._channel.settimeout(max(end - time.monotonic(), 1e-3))
        )
        if "code" in header:
            raise _REFUSALS[header["code"]](str(header["message"]), str(header["hint"]))
        return _picture(content, header, limits)

    def end(self) -> int | None:
        """End the process, and tell how it ended."""
        self._channel.close()
        if self._process.pid is None:  # it could not be started
            return None
        self._process.kill()
        self._process.join()
        return self._process.exitcode


def _picture(content: Pixels, header: Mapping[str, Any], limits: PictureLimits) -> Pixels:
    height, width, colours = (int(each) for each in header["shape"])
    sides = range(limits.min_side, limits.max_side + 1)
    if height not in sides or width not in sides or math.prod((height, width, colours)) != len(content):
        raise ValueError("no picture")
    pixels = content.reshape(height, width, 3)
    pixels.flags.writeable = False
    return pixels


def _too_slow() -> DamagedPicture:
    return DamagedPicture("The picture takes too long to decode.", "Save it again with another program.")
