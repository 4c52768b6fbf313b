"""How many pictures a second one process can take in from others that fetch and analyse them.

    python benchmarks/driver.py [--n 20000] [--engine local|ray] [--catalogue URL] [--json FILE]

A real import from increment.meta to commits, but the features are drawn at random instead of being seen in pictures:
at once in this process (`local`), or by processes of a Ray of this machine, to which and from which everything goes
as in earnest (`ray`). What is left is what the process that writes has to do: read lines, send batches, key features,
commit. Its own processor time tells how many others it could feed on a machine that has more processors than this.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import SecretStr

from similis.domain import Category, Connection, ImportSource, Instance, InstanceSpec, InstanceType, Provider, Region
from similis.service import App, Settings
from similis.transfer import (
    Addition,
    Extracted,
    Extractor,
    RayExtractor,
    Source,
    SourceDirectory,
    SourceSpec,
    Worker,
)

_WINDOW = 256


def main() -> None:
    """Measure, print, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=20_000)
    parser.add_argument("--engine", choices=("local", "ray"), default="local")
    parser.add_argument("--catalogue", help="PostgreSQL URL of an empty database, instead of a file")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    figures = measure(options.n, options.engine, options.catalogue)
    print(json.dumps(figures, indent=2))
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")


def measure(count: int, engine: str, catalogue: str | None) -> dict[str, Any]:
    """Import so many lines, and tell how long that took."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "root"
        root.mkdir()
        lines = (json.dumps(_line(number)) + "\n" for number in range(count))
        (root / "increment.meta").write_text("".join(lines), "utf-8")
        settings = Settings(data=Path(name) / "data", catalogue=None if catalogue is None else SecretStr(catalogue))
        with App.open(settings) as app:
            app.instances.create(InstanceSpec("g", InstanceType.GENERIC, capacity=count))
            app.connections.create(Connection("c", Provider.FILE, root=str(root)), operator=True)
            task = app.transfers.start_import("g", ImportSource("c", None, "/"))
            begun, worked = time.perf_counter(), time.process_time()
            task = app.transfers.run(task.id, _on_ray if engine == "ray" else _at_once)
            seconds, own = time.perf_counter() - begun, time.process_time() - worked
    if task.counts.added != count:
        raise SystemExit(f"{task.counts} {task.message}")
    return {
        "engine": engine,
        "catalogue": "file" if catalogue is None else "PostgreSQL",
        "pictures": count,
        "seconds": round(seconds, 1),
        "pictures_per_second": round(count / seconds),
        "processor_ms_per_picture": round(1000 * own / count, 3),
    }


def _line(number: int) -> dict[str, object]:
    return {"OperationType": "ADD", "ProductId": f"p{number // 4}", "PicName": f"{number}.jpg", "IntAttr": number}


@dataclass(frozen=True)
class MakeDrawing:
    """Makes workers that draw features."""

    dimension: int

    def __call__(self) -> Worker:
        """Make one."""
        return lambda additions: [self.drawn(addition) for addition in additions]

    def drawn(self, addition: Addition) -> Extracted:
        """Features for a picture, of unit length."""
        vector = np.random.default_rng(len(addition.key.pic_name)).normal(size=self.dimension)
        return Extracted(Category.OTHER, Region(0, 8, 0, 8), (vector / np.linalg.norm(vector)).astype(np.float32))


class AtOnce:
    """Has all features at once."""

    window = _WINDOW

    def __init__(self, drawing: MakeDrawing) -> None:
        self._drawing = drawing

    def submit(self, addition: Addition) -> Future[Extracted]:
        """Begin and end with one picture."""
        future: Future[Extracted] = Future()
        future.set_result(self._drawing.drawn(addition))
        return future

    def close(self) -> None:
        """Do nothing."""


def _at_once(_spec: SourceSpec, _source: Source, _directory: SourceDirectory, instance: Instance) -> Extractor:
    return AtOnce(MakeDrawing(instance.dimension))


def _on_ray(_spec: SourceSpec, _source: Source, _directory: SourceDirectory, instance: Instance) -> Extractor:
    return RayExtractor(MakeDrawing(instance.dimension))


if __name__ == "__main__":
    main()
