"""Starting and killing a server that must not outlive the tests."""

from __future__ import annotations

import pwd
import random
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_SETPRIV = "/usr/bin/setpriv"  # of util-linux, which every Debian and Ubuntu has
_PORTS = range(20_000, 30_000)  # below those that systems give to outgoing connections


def installed(name: str) -> Path:
    """The environment of a server, which `make servers` made."""
    folder = ROOT / ".servers" / name
    assert (folder / "installed").exists(), f"{folder} is missing; run: make servers"
    return folder


def start(
    command: Sequence[str | Path], log: Path, *, environment: Mapping[str, str], user: str | None = None
) -> subprocess.Popen[bytes]:
    """Start a server, which the kernel kills when the calling thread ends: call it from the main one."""
    group, extra_groups = (None, None) if user is None else (pwd.getpwnam(user).pw_gid, ())
    with log.open("ab") as output:
        return subprocess.Popen(
            [_SETPRIV, "--pdeathsig", "KILL", *command],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, cwd=log.parent,
            user=user, group=group, extra_groups=extra_groups,
        )  # fmt: skip


def wait_for(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, seconds: float = 120) -> bool:
    """Wait until a server is ready; False when it ended instead.

    Raises:
        TimeoutError: it took too long.
    """
    end = time.monotonic() + seconds
    while process.poll() is None:
        if ready():
            return True
        if time.monotonic() > end:
            raise TimeoutError(log.read_text(errors="replace")[-2000:])
        time.sleep(0.05)
    return False


def free_port() -> int:
    """A port that nobody listens on, and that no outgoing connection will get."""
    while True:
        port = random.choice(_PORTS)  # noqa: S311 - nothing to guess
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) != 0:
                return port
