"""Settings: where data, keys and models are. Everything can be set by a `SIMILIS_…` environment variable."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from similis.algorithm import SubjectMode
from similis.catalogue import postgresql_url, sqlite_url

_HOST = r"(?:[a-z0-9_-]+\.)*[a-z0-9_-]+(?::[0-9]+)?"
_PICTURE_HOST = re.compile(rf"\*|(?:\*\.)?{_HOST}")


def _default_models() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "similis" / "models"


def _split_hosts(value: object) -> object:
    """Read `a.example, *.b.example` as two hosts; pydantic would expect JSON in the variable."""
    if not isinstance(value, str):
        return value
    hosts = [host.strip().lower() for host in value.split(",") if host.strip()]
    if wrong := [host for host in hosts if not _PICTURE_HOST.fullmatch(host)]:
        raise ValueError(
            f"{', '.join(wrong)}: give host names with commas between, such as img.example.com,*.cdn.example"
        )
    return hosts


class Settings(BaseSettings):
    """How one Similis is set up.

    Attributes:
        data: the data directory: lock, indexes and, unless it is elsewhere, the catalogue; no keys, never a picture.
        catalogue: URL of a PostgreSQL database that keeps the catalogue, for all gateways that are given the same; by
            default it is a file in the data directory.
        keys: the key directory, outside the data directory; beside it by default (`<data>.keys`). Gateways that share
            a catalogue share this directory too.
        models: where fetched models are cached; shared by all data directories.
        threads: pictures analysed at once; the number of processors by default.
        upload_host: public `name[:port]` to which SDKs upload over TLS; worked out from each call by default.
        picture_hosts: hosts from which pictures are fetched when a call names a URL; none by default. `*.domain`
            stands for all below a domain, `*` for all public hosts; with `:port` unless it is the scheme's own.
        good_match: the score from which on a match is good, in all instances; by default what fits their features.
        subject_finder: how subjects are found: `fast`, or `precise` by a model of its own, which is slow.
        region_needs_crop: whether Crop=false means the whole picture on the cloud protocol even with a Region.
    """

    model_config = SettingsConfigDict(env_prefix="SIMILIS_", frozen=True)

    data: Path = Path("similis-data")
    catalogue: SecretStr | None = None
    keys: Path | None = None
    models: Path = Field(default_factory=_default_models)
    threads: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    upload_host: str | None = Field(default=None, pattern=r"^([a-zA-Z0-9_-]+\.)+[a-zA-Z0-9_-]+(:[0-9]+)?$")
    picture_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_hosts)] = ()
    good_match: float | None = Field(default=None, ge=0, le=1)
    subject_finder: SubjectMode = SubjectMode.FAST
    region_needs_crop: bool = False

    @property
    def catalogue_url(self) -> str:
        """The catalogue's database; there may be a password inside.

        Raises:
            InvalidInput: `catalogue` is no URL of a PostgreSQL database.
        """
        if self.catalogue is None:
            return sqlite_url(self.data.absolute() / "catalogue.sqlite")
        return postgresql_url(self.catalogue.get_secret_value())

    @property
    def key_directory(self) -> Path:
        """Where the keys are."""
        return self.keys or self.data.absolute().with_name(self.data.absolute().name + ".keys")
