"""What `similis doctor` looks at: the commonest faults of a set-up, each with what to do about it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

from similis.algorithm import needed_models
from similis.catalogue import Catalogue
from similis.domain import DataDirectoryLocked, SimilisError
from similis.service._app import App
from similis.service._models import model_store
from similis.service._opening import check_place
from similis.service._settings import Settings

_LEAST_FREE = 1 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: whether it is good, what was found, and what to do where it is not."""

    check: str
    good: bool
    found: str
    to_do: str = ""

    def as_dict(self) -> dict[str, str | bool]:
        """The finding by field name."""
        return asdict(self)


def examine(settings: Settings) -> list[Finding]:
    """Check Python, models, directories, keys, space and catalogue. Makes nothing that is not there."""
    return [
        _python(),
        *_models(settings),
        _key_place(settings),
        *_import_roots(settings),
        _space(settings),
        _data(settings),
    ]


def _python() -> Finding:
    found = ".".join(str(part) for part in sys.version_info[:3])
    return Finding("Python", sys.version_info >= (3, 11), found, "Use Python 3.11 or newer.")


def _models(settings: Settings) -> Iterator[Finding]:
    try:
        store = model_store(settings)
    except SimilisError as error:
        yield Finding("Model manifests", False, error.message, error.hint)
        return
    for manifest in store.manifests():
        wanted = manifest.name in needed_models(settings.subject_finder) or not manifest.optional
        if not wanted and not store.status(manifest.name).fetched:
            continue
        yield _attempt(f"Model {manifest.name}", lambda name=manifest.name: str(store.verify(name)))  # type: ignore[misc] # bound now


def _key_place(settings: Settings) -> Finding:
    return _attempt("Key directory outside the data", lambda: check_place(settings))


def _import_roots(settings: Settings) -> Iterator[Finding]:
    for root in settings.import_roots:
        usable = root.is_dir() and os.access(root, os.R_OK | os.X_OK)
        found = str(root) if usable else f"{root} cannot be read"
        yield Finding("Directory to import from", usable, found, "Make it readable, or mend SIMILIS_IMPORT_ROOTS.")


def _space(settings: Settings) -> Finding:
    place = settings.data.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    return Finding(
        "Free disk space",
        free >= _LEAST_FREE,
        f"{free / 1e9:.1f} GB",
        "Free at least 1 GB, or move the data directory.",
    )


def _data(settings: Settings) -> Finding:
    return _attempt("Data directory", lambda: _opened(settings))


def _opened(settings: Settings) -> str:
    if not Catalogue.exists(settings.catalogue_url):
        return f"{settings.data} will be made"
    try:
        with App.open(settings) as app:
            app.verify()
            return f"{settings.data}: {len(app.instances.list())} instances"
    except DataDirectoryLocked as error:
        return f"{error.message} That is fine while the service runs."


def _attempt(check: str, action: Callable[[], str]) -> Finding:
    try:
        return Finding(check, True, action())
    except SimilisError as error:
        return Finding(check, False, error.message, error.hint)
