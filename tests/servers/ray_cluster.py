"""A Ray cluster of the tests' own: machines that are processes of this one, for who has their token."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tests.servers.processes import free_port, start, wait_for

_RAY = Path(sys.executable).with_name("ray")
_OPTIONS = "--block", "--num-cpus=1", f"--object-store-memory={80 * 1024 * 1024}"
_STARTS = 3  # Ray gives up after 30 seconds, which a busy machine may not manage


class RayCluster:
    """Machines of one processor each, the head first; a machine dies with the process that is its number."""

    def __init__(self, machines: int) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="similis-ray-"))  # the path of a socket must be short
        self._log = self._folder / "log"
        self.address = f"127.0.0.1:{free_port()}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("RAY_")},
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "RAY_worker_niceness": "0",
        }
        self._processes: list[subprocess.Popen[bytes]] = []
        head = [
            "--head", f"--port={self.address.rpartition(':')[2]}", f"--ray-client-server-port={free_port()}",
            "--include-dashboard=false",
        ]  # fmt: skip
        try:
            self._start(1, *head, f"--temp-dir={self._folder}")
            for number in range(2, machines + 1):
                self._start(number, f"--address={self.address}")
        except BaseException:
            self.stop()
            raise

    @property
    def machines(self) -> list[int]:
        """Numbers of the processes that started what a machine has."""
        return [process.pid for process in self._processes]

    def kill(self, machine: int) -> None:
        """Kill all that a machine has, as if its power were cut."""
        self._processes[machine].kill()
        self._processes[machine].wait()

    def stop(self) -> None:
        """End it and remove what it wrote."""
        for machine in reversed(range(len(self._processes))):
            self.kill(machine)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, number: int, *options: str) -> None:
        for _ in range(_STARTS):
            process = start([_RAY, "start", *options, *_OPTIONS], self._log, environment=self.environment)
            self._processes.append(process)
            if wait_for(lambda: self._alive() == number, process, self._log):
                return
            self._processes.remove(process)
        pytest.fail(self._log.read_text()[-2000:])

    def _alive(self) -> int:
        """How many machines there are."""
        text = self._log.read_text(errors="replace") if self._log.exists() else ""
        return text.count("Ray runtime started.")
