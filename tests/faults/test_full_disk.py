"""The disk is full while a service runs: changes are refused, searches go on, and nothing acknowledged is lost."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Draw = Callable[..., bytes]
_ROOT = Path(__file__).parents[2]
_OWN_MOUNTS = ["unshare", "--map-root-user", "--mount"]


def _may_mount() -> bool:
    """Whether there can be a small file system of a process's own; not in every container."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*_OWN_MOUNTS, "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not _may_mount(), reason="no file system of its own can be mounted here")
def test_a_service_whose_disk_is_full_refuses_changes_until_there_is_room(tmp_path: Path, draw: Draw) -> None:
    pictures = [tmp_path / f"{number}.png" for number in range(3)]
    for number, picture in enumerate(pictures):
        picture.write_bytes(draw(number, size=120))
    (tmp_path / "disk").mkdir()
    command = [
        *_OWN_MOUNTS,
        sys.executable,
        "-m",
        "tests.faults.disk_child",
        str(tmp_path / "disk"),
        *map(str, pictures),
    ]
    ran = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False, timeout=500)
    assert ran.returncode == 0, ran.stderr
    saw = json.loads(ran.stdout)
    status, told = saw["refused"]
    assert (status, told["code"]) == (503, "storage_failed")
    assert "Free some space where the data directory is" in told["hint"]
    assert (saw["again"], saw["deleted"]) == (503, 503)
    assert (saw["searched"], saw["found"], saw["ready"]) == ([200, "before"], True, 200)
    assert (saw["after"], saw["lost"]) == (201, [])
    assert saw["count"] == len(saw["acknowledged"])
    assert saw["audit"] == 0
