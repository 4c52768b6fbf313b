"""A bulk import that goes on while something else is measured."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from similis.domain import ServiceUnreachable, TaskStatus
from similis.evaluation._load_calls import NAME

_LINES = 100_000  # more than are imported meanwhile; what is left is cancelled
_PATIENCE = 120.0  # the processes of an import load their models first, each its own
_PAUSE = 0.2

Ask = Callable[..., dict[str, Any]]


@contextmanager
def importing_from(storage: Path, pictures: Sequence[bytes], ask: Ask) -> Iterator[Callable[[], int]]:
    """A block beside which pictures are imported, from its first line; gives what tells how many were so far.

    Args:
        storage: where the connection of the same name leads; pictures are written there.
        pictures: to import again and again.
        ask: makes a call to the service.

    Raises:
        ServiceUnreachable: no picture came in, or the import did not stop: nothing was measured beside one.
    """
    _write(storage, pictures)
    form = {"connection": storage.name, "path": "/"}
    task = ask("POST", f"/api/v1/instances/{NAME}/imports", form)["id"]

    def told() -> dict[str, Any]:
        return ask("GET", f"/api/v1/tasks/{task}")

    def ended() -> bool:
        return bool(told()["status"] != TaskStatus.PROCESSING)

    def imported() -> int:
        return int(told()["added"])

    try:
        _await(lambda: imported() > 0 or ended())
        if not imported():
            raise _none_beside(f"The import brought no picture in: {told()['message']}")
        yield imported
    finally:
        if not ended():
            ask("POST", f"/api/v1/tasks/{task}/cancel")
            _await(ended)


def _await(come: Callable[[], bool]) -> None:
    end = time.monotonic() + _PATIENCE
    while not come():
        if time.monotonic() > end:
            raise _none_beside(f"The import neither brought a picture in nor ended within {_PATIENCE:.0f} s.")
        time.sleep(_PAUSE)


def _none_beside(what: str) -> ServiceUnreachable:
    return ServiceUnreachable(what, "Give the service more memory and processors, or measure with --no-import.")


def _write(storage: Path, pictures: Sequence[bytes]) -> None:
    for number, picture in enumerate(pictures):
        (storage / f"{number}.jpg").write_bytes(picture)
    with (storage / "increment.meta").open("w", encoding="utf-8") as file:
        for line, number in zip(range(_LINES), itertools.cycle(range(len(pictures))), strict=False):
            file.write(json.dumps(_addition(line, f"{number}.jpg")) + "\n")


def _addition(line: int, name: str) -> dict[str, str]:
    return {"OperationType": "ADD", "ProductId": f"imported-{line}", "PicName": name}
