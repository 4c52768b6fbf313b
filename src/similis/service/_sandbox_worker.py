"""What runs inside a sandbox: a process that decodes one picture after the other and can do nothing else.

Its answers are plain numbers and texts, never objects: whoever takes such a process over by a picture gains nothing
of the one that reads them.
"""

from __future__ import annotations

import ctypes
import io
import json
import os
import posix
import resource
import signal
import socket
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from itertools import count, takewhile
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from similis.algorithm import Decode, Orientation, PictureLimits, decode
from similis.domain import InvalidPicture
from similis.service._dumps import forbid_dumps, wipe_freed_memory
from similis.service._seccomp import can_confine, confine

Pixels: TypeAlias = NDArray[np.uint8]

_LENGTHS = struct.Struct("<II")
_ROOM = 1 << 30  # bytes to decode in; a picture of 4,096×4,096 takes half of it
_MOST_HEADER = 1 << 16
_MOST_BYTES = (1 << 32) - 1


def serve(channel: socket.socket, run: Decode) -> None:
    """Answer what comes by the channel until it is closed. The process is confined first, and never free again."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all; the parent ends this one
    forbid_dumps()
    wipe_freed_memory()
    _forget_environment()
    _load_decoders()
    _close_all_but(channel)
    _confine()
    send(channel, {})  # ready
    with suppress(EOFError):
        while True:
            header, data = receive(channel, _MOST_BYTES)
            _answer(channel, run, header, data.tobytes())
    os._exit(0)


def request(limits: PictureLimits, orientation: Orientation) -> Mapping[str, Any]:
    """What is sent before a picture."""
    return {"limits": asdict(limits), "orientation": orientation}


def send(channel: socket.socket, header: Mapping[str, Any], content: bytes | memoryview = b"") -> None:
    """Send a header and some bytes.

    Raises:
        OSError: the other side is gone, or does not take them in time.
    """
    text = json.dumps(header).encode()
    channel.sendall(_LENGTHS.pack(len(text), len(content)) + text)
    channel.sendall(content)


def receive(
    channel: socket.socket, most: int, wait: Callable[[], None] = lambda: None
) -> tuple[Mapping[str, Any], Pixels]:
    """Receive what `send` sent, with at most so many bytes.

    Args:
        channel: where it comes from.
        most: bytes of the content.
        wait: called before each wait, to set how long it may be.

    Raises:
        EOFError: the other side is gone.
        OSError: it is gone, or nothing comes in time.
        ValueError: it is nothing of the kind.
    """
    header, content = _LENGTHS.unpack(_exactly(channel, _LENGTHS.size, wait).tobytes())
    if header > _MOST_HEADER or content > most:
        raise ValueError("too long")
    values = json.loads(_exactly(channel, header, wait).tobytes())
    if not isinstance(values, dict):
        raise TypeError(type(values).__name__)
    return values, _exactly(channel, content, wait)


def _exactly(channel: socket.socket, size: int, wait: Callable[[], None]) -> Pixels:
    received = np.empty(size, np.uint8)
    rest = received.data
    while rest:
        wait()
        count = channel.recv_into(rest)
        if not count:
            raise EOFError
        rest = rest[count:]
    return received


def _answer(channel: socket.socket, run: Decode, header: Mapping[str, Any], data: bytes) -> None:
    limits = PictureLimits(**header["limits"])
    # A signal that nothing handles ends the process, also inside a decoder that never returns.
    signal.setitimer(signal.ITIMER_PROF, limits.seconds + 1)
    try:
        pixels = run(data, limits, Orientation(header["orientation"]))
    except InvalidPicture as error:
        send(channel, {"code": error.code, "message": error.message, "hint": error.hint})
    else:
        send(channel, {"shape": pixels.shape}, np.ascontiguousarray(pixels).data.cast("B"))
    signal.setitimer(signal.ITIMER_PROF, 0)


def _forget_environment() -> None:
    """Overwrite the variables of the environment, among which a key may be, and let none be left."""
    places = ctypes.POINTER(ctypes.c_void_p).in_dll(ctypes.CDLL(None), "environ")
    for place in takewhile(bool, (places[number] for number in count())):
        ctypes.memset(place, 0, len(ctypes.string_at(place)))
    os.environ.clear()
    posix.environ.clear()  # as it was when Python began


def _load_decoders() -> None:
    """Decode a picture of each kind: what Python loads only when it is used could not be loaded any more."""
    image = Image.linear_gradient("L").convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation
    for name in ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM"):
        for options in ({}, {"exif": exif}, {"compression": "tiff_lzw"}):
            with io.BytesIO() as file:
                image.save(file, name, **options)
                decode(file.getvalue(), PictureLimits(), Orientation.APPLY)


def _close_all_but(channel: socket.socket) -> None:
    """Close what was inherited, but for where errors are written."""
    os.closerange(3, channel.fileno())
    os.closerange(channel.fileno() + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _confine() -> None:
    """Take from this process all that decoding does not need."""
    taken = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    _limit(resource.RLIMIT_AS, taken + _ROOM)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NPROC, 0)
    _limit(resource.RLIMIT_NOFILE, 0)
    if can_confine():
        confine()


def _limit(what: int, most: int) -> None:
    hardest = resource.getrlimit(what)[1]
    most = most if hardest == resource.RLIM_INFINITY else min(most, hardest)
    resource.setrlimit(what, (most, most))
