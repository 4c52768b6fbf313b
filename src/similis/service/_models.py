"""The cache of model files, without opening a data directory."""

from __future__ import annotations

from similis.algorithm import ModelStore
from similis.service._settings import Settings


def model_store(settings: Settings) -> ModelStore:
    """The models directory of these settings."""
    return ModelStore(settings.models)
