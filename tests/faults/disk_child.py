"""A service whose disk is full, and has room again; run by `test_full_disk.py` with a view of mounts of its own.

    unshare --map-root-user --mount python -m tests.faults.disk_child DIRECTORY PICTURE…

It says on its standard output what the user saw, as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.faults.served import INSTANCE, Served, served

_SIZE = "48m"
_BLOCK = bytes(4096)


def main(directory: Path, pictures: list[bytes]) -> dict[str, object]:
    mount = ["mount", "--types", "tmpfs", "--options", f"size={_SIZE}", "none", str(directory)]
    subprocess.run(mount, check=True)
    data, filler = directory / "data", directory / "filler"
    with served(data) as service:
        service.create()
        acknowledged = ["before"] if service.add("before", pictures[0]).status_code == 201 else []
        _fill(filler)
        full = _on_a_full_disk(service, pictures, acknowledged)
        filler.unlink()
        after = service.add("after", pictures[0])
        acknowledged += ["after"] if after.status_code == 201 else []
        lost = [product for product in acknowledged if not service.finds(product)]
    with served(data) as again:
        lost += [product for product in acknowledged if not again.finds(product)]
        count = again.client.get(INSTANCE).json()["picture_count"]
    return {
        **full,
        "after": after.status_code,
        "acknowledged": acknowledged,
        "lost": lost,
        "count": count,
        "audit": _verified(data),
    }


def _fill(filler: Path) -> None:
    """Write a file as large as it can be."""
    descriptor = os.open(filler, os.O_WRONLY | os.O_CREAT)
    try:
        while os.write(descriptor, _BLOCK):
            pass
    except OSError:  # No space left on device
        os.close(descriptor)


def _on_a_full_disk(service: Served, pictures: list[bytes], acknowledged: list[str]) -> dict[str, object]:
    """Add until that is refused, which takes a while: the database has room of its own. Then look at all else."""
    number = 0
    while (answer := service.add(f"p{number}", pictures[number % len(pictures)])).status_code == 201:
        acknowledged.append(f"p{number}")
        number += 1
    again = service.add("q", pictures[0])
    searched = service.client.post(f"{INSTANCE}/search", files={"file": pictures[0]})
    return {
        "refused": [answer.status_code, answer.json()],
        "again": again.status_code,
        "deleted": service.client.delete(f"{INSTANCE}/pictures?product_id=before").status_code,
        "searched": [searched.status_code, searched.json()["matches"][0]["product_id"]],
        "found": service.finds("before"),
        "ready": service.client.get("/readyz").status_code,
    }


def _verified(data: Path) -> int:
    command = [sys.executable, "-m", "similis", "audit", "log", "--verify", "--data", str(data)]
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    _directory, *_pictures = map(Path, sys.argv[1:])
    print(json.dumps(main(_directory, [each.read_bytes() for each in _pictures])))  # noqa: T201 - that is its purpose
