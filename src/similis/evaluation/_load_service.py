"""The service that is loaded: one of its own, started as users start theirs, or a running one; and what it takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from similis.domain import Connection, InstanceSpec, InstanceType, Provider, Role, ServiceUnreachable
from similis.evaluation import _engine_steps as steps
from similis.evaluation._engine_data import source_of
from similis.evaluation._evaluate import scratch_settings
from similis.evaluation._load_calls import NAME
from similis.evaluation._searching import Progress
from similis.service import App, Settings

ROOT = "storage"
"""Directory that the connection of the same name leads to, beside the data directory; for what is imported."""

_SPARE = 100_000
_OWN = ("DATA", "KEYS", "CATALOGUE", "MASTER_KEY", "MASTER_KEY_COMMAND", "ENDPOINT", "KEY")


@dataclass(frozen=True, slots=True)
class Taken:
    """What a service has taken: seconds of a processor since it began, and memory now."""

    processor: float
    megabytes: float


@dataclass(frozen=True, slots=True)
class Service:
    """A running service, and the folder from which it can import, if it is one of ours."""

    endpoint: str
    key: str
    storage: Path | None = None

    def taken(self) -> Taken:
        """What it and the processes that it started have taken so far, by its own figures."""
        try:
            text = httpx.get(f"{self.endpoint}/metrics", timeout=30).raise_for_status().text
        except httpx.HTTPError as error:
            raise ServiceUnreachable(
                f"{self.endpoint} tells no figures: {error}.", "Open /metrics to this."
            ) from None
        found = {each.name: each.value for family in text_string_to_metric_families(text) for each in family.samples}
        nothing = float("nan")
        processor = found.get("process_cpu_seconds_total", nothing) + found.get(
            "similis_child_cpu_seconds_total", 0.0
        )
        memory = found.get("process_resident_memory_bytes", nothing)
        memory += found.get("similis_child_resident_memory_bytes", 0.0)
        return Taken(processor, memory / 2**20)


@contextmanager
def own_service(settings: Settings, count: int, work: Path | None, progress: Progress) -> Iterator[Service]:
    """A service on a temporary data directory with an instance of so many made up pictures, in a process of its own.

    Raises:
        ServiceUnreachable: it did not start.
        ReportFailed: nothing can be written into `work`.
    """
    with scratch_settings(
        settings.model_copy(update={"master_key": None, "master_key_command": None}), work
    ) as scratch:
        storage = scratch.data.parent / ROOT
        storage.mkdir()
        key = _filled(scratch, count, storage, progress)
        with _served(scratch) as endpoint:
            yield Service(endpoint, key, storage)


def _filled(settings: Settings, count: int, storage: Path, progress: Progress) -> str:
    """Make the instance; the access key of an administrator."""
    with App.open(settings) as app:
        pipeline = app.analyst.pipeline
        spec = InstanceSpec(NAME, InstanceType.GENERIC, capacity=count + _SPARE)
        app.bulk.create(spec, pipeline.model, pipeline.dimension)
        source = source_of("clustered", pipeline.dimension, count)
        steps.load(app, source, count, lambda rows: progress("filling", rows, count))
        app.connections.create(Connection(ROOT, Provider.FILE, root=str(storage)), operator=True)
        made = app.access.create(Role.ADMIN)
        return f"{made.key.id}:{made.secret}"


@contextmanager
def _served(settings: Settings) -> Iterator[str]:
    own = {"SIMILIS_DATA": str(settings.data), "SIMILIS_KEYS": str(settings.keys), "SIMILIS_LOG_LEVEL": "warning"}
    given = {name: value for name, value in os.environ.items() if name not in {f"SIMILIS_{each}" for each in _OWN}}
    command = [sys.executable, "-m", "similis", "serve", "--port", "0", "--json"]
    with subprocess.Popen(command, env={**given, **own}, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        try:
            yield _address(process)
        finally:
            process.terminate()
            process.wait()


def _address(process: subprocess.Popen[str]) -> str:
    lines = []
    for line in process.stdout or ():
        lines.append(line)
        if line.startswith("}"):
            return str(json.loads("".join(lines))["address"])
    raise ServiceUnreachable("The service did not start.", "See what it says; `similis doctor` checks the set-up.")
