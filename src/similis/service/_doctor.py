"""What `similis doctor` looks at: the commonest faults of a set-up, each with what to do about it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib.util import find_spec

from similis.algorithm import ModelStore, needed_models
from similis.catalogue import Catalogue
from similis.domain import DataDirectoryLocked, SimilisError
from similis.engine import MilvusServer
from similis.service._app import App
from similis.service._check_machine import check_machine
from similis.service._check_places import check_places
from similis.service._finding import Finding, attempt
from similis.service._models import model_store
from similis.service._settings import Settings

_OLDEST_MILVUS = (2, 3)
_VERSION = re.compile(r"(\d+)\.(\d+)")


def examine(settings: Settings) -> list[Finding]:
    """Check program, machine, directories, keys, models, servers and data. Makes nothing that is not there."""
    return [
        _python(),
        *_extras(settings),
        *_models(settings),
        *check_places(settings),
        *check_machine(settings),
        *_milvus(settings),
        _data(settings),
    ]


def _python() -> Finding:
    found = ".".join(str(part) for part in sys.version_info[:3])
    return Finding("Python", sys.version_info >= (3, 11), found, "Use Python 3.11 or newer.")


def _extras(settings: Settings) -> Iterator[Finding]:
    """Whether the packages are there that settings need and that do not come with Similis by themselves."""
    for wanted, setting, package, extra in (
        (settings.catalogue, "SIMILIS_CATALOGUE", "psycopg", "postgresql"),
        (settings.milvus_uri, "SIMILIS_MILVUS_URI", "pymilvus", "milvus"),
        (settings.otlp_endpoint, "SIMILIS_OTLP_ENDPOINT", "opentelemetry", "telemetry"),
    ):
        if wanted is not None:
            there = find_spec(package) is not None
            found = f"{package} is there" if there else f"{setting} is set, but {package} is not installed"
            yield Finding(f"Extra {extra}", there, found, f"Run: pip install 'similis[{extra}]'.")


def _models(settings: Settings) -> Iterator[Finding]:
    try:
        store = model_store(settings)
        needed = needed_models(settings.subject_finder)
        wanted = [
            each.name for each in store.manifests()
            if each.name in needed or not each.optional or store.status(each.name).fetched
        ]  # fmt: skip
    except SimilisError as error:
        yield Finding("Models", False, error.message, error.hint)
        return
    for name in wanted:
        yield attempt(f"Model {name}", partial(_verified, store, name))


def _verified(store: ModelStore, name: str) -> str:
    return str(store.verify(name))


def _milvus(settings: Settings) -> Iterator[Finding]:
    if settings.milvus is None:
        return
    server, prefix = MilvusServer(settings.milvus), settings.milvus.prefix
    found = attempt("Milvus", lambda: f"{server.version()}, {len(server.collections(prefix))} collections {prefix}…")
    if found.good and _numbers(found.found) < _OLDEST_MILVUS:
        found = replace(found, good=False, to_do="Use Milvus 2.3 or newer.")
    server.close()
    yield found


def _numbers(text: str) -> tuple[int, ...]:
    """The version that a text begins with; of one that has none, such as that of a build, the newest."""
    begins = _VERSION.match(text)
    return tuple(int(part) for part in begins.groups()) if begins else (sys.maxsize,)


def _data(settings: Settings) -> Finding:
    return attempt("Data directory", lambda: _opened(settings))


def _opened(settings: Settings) -> str:
    if not Catalogue.exists(settings.catalogue_url):
        return f"{settings.data} will be made"
    try:
        with App.open(settings) as app:
            app.verify()
            return f"{settings.data}: {len(app.instances.list())} instances"
    except DataDirectoryLocked as error:
        return f"{error.message} That is fine while the service runs."
