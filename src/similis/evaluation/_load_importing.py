"""A bulk import that goes on while something else is measured."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from similis.domain import TaskStatus
from similis.evaluation._load_calls import NAME

_LINES = 100_000  # more than are imported meanwhile; what is left is cancelled
_PATIENCE = 60.0
_PAUSE = 0.2

Ask = Callable[..., dict[str, Any]]


@contextmanager
def importing_from(storage: Path, pictures: Sequence[bytes], ask: Ask) -> Iterator[Callable[[], int]]:
    """A block beside which pictures are imported, from its first line; gives what tells how many were so far.

    Args:
        storage: where the connection of the same name leads; pictures are written there.
        pictures: to import again and again.
        ask: makes a call to the service.
    """
    _write(storage, pictures)
    form = {"connection": storage.name, "path": "/"}
    task = ask("POST", f"/api/v1/instances/{NAME}/imports", form)["id"]

    def told() -> dict[str, Any]:
        return ask("GET", f"/api/v1/tasks/{task}")

    def imported() -> int:
        return int(told()["added"])

    try:
        _await(lambda: imported() > 0)  # the processes load their models first
        yield imported
    finally:
        ask("POST", f"/api/v1/tasks/{task}/cancel")
        _await(lambda: told()["status"] != TaskStatus.PROCESSING)


def _await(come: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not come() and time.monotonic() < end:
        time.sleep(_PAUSE)


def _write(storage: Path, pictures: Sequence[bytes]) -> None:
    for number, picture in enumerate(pictures):
        (storage / f"{number}.jpg").write_bytes(picture)
    with (storage / "increment.meta").open("w", encoding="utf-8") as file:
        for line, number in zip(range(_LINES), itertools.cycle(range(len(pictures))), strict=False):
            file.write(json.dumps(_addition(line, f"{number}.jpg")) + "\n")


def _addition(line: int, name: str) -> dict[str, str]:
    return {"OperationType": "ADD", "ProductId": f"imported-{line}", "PicName": name}
