"""A Ray cluster of the audit's own: one machine, all of whose files lie in the scratch directory."""

from __future__ import annotations

import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from similis.audit._serving import Runner, end
from similis.domain import Unavailable

_START_SECONDS = 120.0
_PAUSE = 0.1
_STORE_BYTES = 80 * 1024 * 1024  # the least that Ray takes
_STARTS = 3
_STORE = re.compile(r"rw-s .* (/dev/shm/plasma\w+)")


def is_installed() -> bool:
    """Whether there is a Ray to look into."""
    return find_spec("ray") is not None


class RayMachine:
    """A running Ray; its session, logs and object store are below `service/ray-N`, its workers have the audit's home.

    Attributes:
        address: of the cluster, `host:port`.
        variables: environment of whoever is to be let in.

    Raises:
        Unavailable: it does not start.
    """

    def __init__(self, runner: Runner) -> None:
        self.address = f"127.0.0.1:{_free_port()}"
        self.variables = {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_worker_niceness": "0",
        }
        started = (self._start(runner, number) for number in range(_STARTS))
        process = next((each for each in started if each is not None), None)
        if process is None:
            raise Unavailable("The Ray to audit did not start.", "See that memory and room for files are free.")
        self._process = process

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end(self._process, signal.SIGTERM)

    def processes(self) -> Iterator[int]:
        """All that it started, whatever session or group they are in."""
        parents = dict(_parents())
        return (each for each in parents if self._process.pid in _ancestors(each, parents))

    def object_stores(self) -> set[str]:
        """The files that its processes share objects by; they have no name any more, but the one that they had."""
        found: set[str] = set()
        for process in self.processes():
            with suppress(OSError):  # it has just ended
                found |= set(_STORE.findall(Path(f"/proc/{process}/maps").read_text()))
        return found

    def _start(self, runner: Runner, number: int) -> subprocess.Popen[bytes] | None:
        """Try to start it; Ray gives up after 30 seconds, in which a busy machine may not manage."""
        name = f"ray-{number}"
        folder = runner.scratch.service / name  # no deeper: a socket's path may have 107 bytes
        options = [
            "--head", "--block", "--node-ip-address=127.0.0.1", f"--port={self.address.rpartition(':')[2]}",
            f"--temp-dir={folder}", "--num-cpus=1",
            f"--object-store-memory={_STORE_BYTES}", "--include-dashboard=false",
        ]  # fmt: skip
        command = [sys.executable, "-m", "ray.scripts.scripts", "start", *options]
        process = runner.spawn(command, name, self.variables)
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until and process.poll() is None:
            if "Ray runtime started." in runner.printed(name):
                return process
            time.sleep(_PAUSE)
        end(process, signal.SIGKILL)
        return None


def _parents() -> Iterator[tuple[int, int]]:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            yield int(folder.name), int((folder / "stat").read_text().rpartition(")")[2].split()[1])


def _ancestors(process: int, parents: dict[int, int]) -> Iterator[int]:
    while process := parents.get(process, 0):
        yield process


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
