"""Fixtures of the algorithm's tests: the fetched models that `make setup` leaves in the user's cache."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from similis.algorithm.models import ModelStore


@pytest.fixture(scope="session")
def models() -> ModelStore:
    """The models directory of this user; what is missing is fetched."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    store = ModelStore(Path(os.environ.get("SIMILIS_MODELS") or cache / "similis" / "models"))
    for name in ("efficientnet-lite2", "u2netp"):
        store.fetch(name)
    return store
