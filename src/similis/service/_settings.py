"""Settings: where data, keys and models are. Everything can be set by a `SIMILIS_…` environment variable."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


def _default_models() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "similis" / "models"


class Settings(BaseSettings):
    """How one Similis is set up.

    Attributes:
        data: the data directory: catalogue and lock, no keys and never a picture.
        keys: the key directory, outside the data directory; beside it by default (`<data>.keys`).
        models: where fetched models are cached; shared by all data directories.
        threads: pictures analysed at once; the number of processors by default.
    """

    model_config = SettingsConfigDict(env_prefix="SIMILIS_", frozen=True)

    data: Path = Path("similis-data")
    keys: Path | None = None
    models: Path = Field(default_factory=_default_models)
    threads: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)

    @property
    def key_directory(self) -> Path:
        """Where the keys are."""
        return self.keys or self.data.absolute().with_name(self.data.absolute().name + ".keys")
