"""Buckets to import from, as directories; and imports that share the tests' loaded models."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from similis.domain import Connection, ImportSource, Instance, Provider, SearchOptions, Task
from similis.service import App
from similis.service._importing import MakeExtractor, extract
from similis.transfer import Addition, Extracted, LocalExtractor, Source, SourceDirectory, SourceSpec

Draw = Callable[..., bytes]
SOURCE = ImportSource("folder", "bucket", "/in")


def add_line(product_id: str, pic_name: str, **more: object) -> dict[str, Any]:
    """What adds a picture."""
    return {"OperationType": "ADD", "ProductId": product_id, "PicName": pic_name, **more}


def delete_line(product_id: str, **more: object) -> dict[str, Any]:
    """What deletes a product, or one of its pictures."""
    return {"OperationType": "DELETE", "ProductId": product_id, **more}


def write_bucket(root: Path, lines: Iterable[Mapping[str, Any] | str], pictures: Mapping[str, bytes]) -> None:
    """Write increment.meta and pictures where `SOURCE` says, below the root of a connection."""
    directory = root / "bucket" / "in"
    directory.mkdir(parents=True, exist_ok=True)
    for name, data in pictures.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(data)
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    (directory / "increment.meta").write_text(text + "\n", "utf-8")


def connect(app: App, root: Path) -> None:
    """Make the connection that `SOURCE` names."""
    app.connections.create(Connection("folder", Provider.FILE, root=str(root)), operator=True)


def in_this_process(app: App) -> MakeExtractor:
    """Extractors that need no processes of their own, which take seconds to start."""

    def made(_spec: SourceSpec, source: Source, directory: SourceDirectory, instance: Instance) -> LocalExtractor:
        def analyse(data: bytes, addition: Addition) -> Extracted:
            return extract(app.analyst, data, addition, instance)

        return LocalExtractor(source, directory, analyse)

    return made


def run_import(app: App, instance: str, source: ImportSource = SOURCE, *, rebuild: bool = False) -> Task:
    """Import, and give the task as it ended."""
    task = app.transfers.start_import(instance, source, rebuild=rebuild)
    return app.transfers.run(task.id, in_this_process(app))


def keys(app: App, name: str = "shop") -> set[tuple[str, str]]:
    """ProductId and PicName of all that an instance holds."""
    instance = app.instances.get(name)
    ids = app._catalogue.select_ids(instance, None, None).tolist()
    return set(app._catalogue.names(instance, ids).values())


def key_files(app: App) -> set[str]:
    """The uids of instances whose keys are on disk."""
    return {path.stem for path in (app.settings.key_directory / "instances").iterdir()}


def write_lines(root: Path, lines: list[dict[str, Any]], draw: Draw) -> None:
    """Lines about the pictures 0.jpg to 4.jpg."""
    write_bucket(root, lines, {f"{number}.jpg": draw(number) for number in range(5)})


def is_first(app: App, picture: bytes, product_id: str) -> bool:
    """Whether a picture finds itself in `shop`, as this product."""
    best = app.search.by_picture("shop", picture, SearchOptions()).matches[0]
    return (best.product_id, best.score) == (product_id, 1.0)


def finish(app: App, task: Task, seconds: float = 60) -> Task:
    """Wait for the threads of a service."""
    until = time.monotonic() + seconds
    while not (now := app.transfers.get(task.id)).done:
        assert time.monotonic() < until
        time.sleep(0.02)
    return now
