"""A real Milvus of the tests' own, which only this machine can reach."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import httpx
from tests.servers.processes import free_port, installed, start, wait_for

_PROGRAM = Path(__file__).with_name("enclosed_milvus.py")
_LATER = 1.0  # seconds after which a healthy server takes requests, as its own launcher waits


class MilvusServer:
    """One standalone server; it has the same address after `kill` and `start`.

    Attributes:
        folder: where its data, configuration and log are.
        uri: its address.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._environment = installed("milvus")
        self._port, self._health_port = free_port(), free_port()
        self._log = folder / "output.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.uri = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, and wait until it takes requests."""
        command = [self._environment / "bin/python", _PROGRAM, self.folder, self._environment / "server"]
        self._process = start(
            [*command, str(self._port), str(self._health_port)], self._log, environment=dict(os.environ)
        )
        assert wait_for(self._healthy, self._process, self._log), self._log.read_text(errors="replace")[-2000:]
        time.sleep(_LATER)

    def kill(self) -> None:
        """Kill it with SIGKILL, as a crash would; connections are refused afterwards."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def memory(self) -> int:
        """Bytes that it holds in memory."""
        assert self._process is not None
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def _healthy(self) -> bool:
        try:
            return (
                "OK" in httpx.get(f"http://127.0.0.1:{self._health_port}/healthz", timeout=10, trust_env=False).text
            )
        except httpx.HTTPError:
            return False
