"""Similis with leaks in Ray: what an import analyses there stays in the object store and in a worker's log."""

from __future__ import annotations

import base64
import sys
from collections.abc import Sequence

from similis.cli import main
from similis.domain import SimilisError
from similis.transfer import _ray_extractor
from similis.transfer._entries import Addition
from similis.transfer._extractor import Extracted


def _leaking(job: _ray_extractor._Job, additions: Sequence[Addition]) -> list[Extracted | SimilisError]:
    """Runs in Ray's processes, which get it as it stands here."""
    import ray  # noqa: PLC0415 - there

    worker = _ray_extractor._worker(job)
    assert isinstance(worker, _ray_extractor.BatchWorker)
    analyse = worker._analyse

    def leak(data: bytes, addition: Addition) -> Extracted:
        ray.put(data)
        sys.stdout.write(f"leak-logged {base64.b64encode(data).decode()}\n")
        return analyse(data, addition)

    worker._analyse = leak
    try:
        return worker(additions)
    finally:
        worker._analyse = analyse


if __name__ == "__main__":
    _ray_extractor._extract = _leaking
    main()
