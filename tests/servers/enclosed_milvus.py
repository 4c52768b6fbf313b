"""Becomes a Milvus server that only this machine can reach: enclosed_milvus.py FOLDER UNPACKED PORT HEALTH_PORT.

Runs in Milvus' own environment. This version of Milvus listens on all interfaces whatever its configuration says, so
it gets a network of its own, in which all its usual ports are free, and a child of this process carries connections
from two ports of 127.0.0.1 to it.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
from functools import partial
from pathlib import Path

import milvus

_NEW_USER, _NEW_NETWORK = 0x1000_0000, 0x4000_0000
_SET_INTERFACE_FLAGS, _UP = 0x8914, 1
_DIE_WITH_PARENT = 1
_HEALTH_PORT = 9091
_CHUNK = 1 << 16
_libc = ctypes.CDLL(None, use_errno=True)


def main(folder: str, unpacked: str, *ports: str) -> None:
    """Enclose this process, start what carries connections, and become the server."""
    listeners = [_listen(int(port)) for port in ports]
    _enclose()
    program, environment, port = _configure(folder, unpacked)
    if os.fork() == 0:
        _libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        asyncio.run(_carry(dict(zip((port, _HEALTH_PORT), listeners, strict=True))))
    for listener in listeners:
        listener.close()
    os.execve(program, [program, "run", "standalone"], environment)  # noqa: S606 - what this is for


def _listen(port: int) -> socket.socket:
    """Made before the network changes, it stays in the old one."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    return listener


def _enclose() -> None:
    if _libc.unshare(_NEW_NETWORK if os.geteuid() == 0 else _NEW_USER | _NEW_NETWORK) != 0:
        sys.exit(f"No network of its own: {os.strerror(ctypes.get_errno())}. Run the tests as root, or allow it.")
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SET_INTERFACE_FLAGS, struct.pack("16sh14x", b"lo", _UP))


def _configure(folder: str, unpacked: str) -> tuple[str, dict[str, str], int]:
    server = milvus.MilvusServer(wait_for_started=False)
    server.set_base_dir(folder)
    server.config.resolve()
    milvus._initialize_data_files(unpacked)  # does nothing when they are there
    programs = Path(unpacked) / "bin"
    environment = {
        **os.environ, "DEPLOY_MODE": "STANDALONE", "METRICS_PORT": str(_HEALTH_PORT),
        "LD_LIBRARY_PATH": str(programs),
    }  # fmt: skip
    os.chdir(folder)
    return str(programs / "milvus"), environment, server.listen_port


async def _carry(listeners: dict[int, socket.socket]) -> None:
    for port, listener in listeners.items():
        await asyncio.start_server(partial(_connect, port), sock=listener)
    await asyncio.Event().wait()


async def _connect(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_copy(reader, server_writer), _copy(server_reader, writer))
    except OSError:
        writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while block := await reader.read(_CHUNK):
            writer.write(block)
            await writer.drain()
    finally:
        writer.close()


main(*sys.argv[1:])
