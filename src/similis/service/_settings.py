"""Settings: where data, keys and models are. Everything can be set by a `SIMILIS_…` environment variable."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from similis.algorithm import SubjectMode
from similis.catalogue import postgresql_url, sqlite_url
from similis.engine import MilvusConsistency, MilvusIndexType, MilvusSettings, Sizing
from similis.service._audit_log import AuditMode
from similis.service._decoding import Decoding
from similis.service._processes import Analysing

_HOST = r"(?:[a-z0-9_-]+\.)*[a-z0-9_-]+(?::[0-9]+)?"
_PICTURE_HOST = re.compile(rf"\*|(?:\*\.)?{_HOST}")


def _default_models() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "similis" / "models"


def _split_named_hosts(value: object) -> object:
    """Likewise, but every host named: what may lie in a private network must not be everything."""
    hosts = _split_hosts(value)
    if "*" in _each(hosts):
        raise ValueError("*: public hosts are called anyway; name those of a private network one by one")
    return hosts


def _split_whole_hosts(value: object) -> object:
    """Likewise, but no patterns: callers choose among these hosts, and a domain has more than one remembers."""
    hosts = _split_hosts(value)
    if wide := [host for host in _each(hosts) if host.startswith("*")]:
        raise ValueError(f"{', '.join(wide)}: name every host of a private network whole, such as images.lan:8080")
    return hosts


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


def _each(hosts: object) -> list[str]:
    """The hosts of any sequence, as programs give them; what else there is pydantic refuses."""
    return [host for host in hosts if isinstance(host, str)] if isinstance(hosts, Iterable) else []


def _split_paths(value: object) -> object:
    """Read `/a:/b` as two directories, as PATH is read."""
    return [part for part in value.split(os.pathsep) if part] if isinstance(value, str) else value


class LogForm(StrEnum):
    """For whom lines of the log are laid out."""

    HUMAN = "human"
    JSON = "json"


class LogLevel(StrEnum):
    """How grave lines of the log are."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Settings(BaseSettings):
    """How one Similis is set up.

    Attributes:
        data: the data directory: lock, indexes and, unless it is elsewhere, the catalogue; no keys, never a picture.
        catalogue: URL of a PostgreSQL database that keeps the catalogue, for all gateways that are given the same; by
            default it is a file in the data directory.
        keys: the key directory, outside the data directory; beside it by default (`<data>.keys`). Gateways that share
            a catalogue share this directory too.
        master_key: the master key in base64, instead of a file in the key directory.
        master_key_command: prints it, for a key service: run at each start, without a shell, for at most 30 seconds.
        models: where fetched models are cached; shared by all data directories.
        threads: pictures analysed at once; the number of processors by default.
        analysing: where a service analyses pictures: in `processes` of its own, one for each of `threads`, or
            `inside` it: that takes some 200 MB less for each, but under load all calls wait for one another.
        searchers: processes that search by name beside the service once several such searches come at once, each with
            a copy of the indexes; 1 by default, 0 where there is one processor. Of no use with `catalogue`.
        decoding: where pictures are decoded: `inside` the service, or in a `sandbox` of processes that can reach no
            file, no network and no other process; one that a picture kills or keeps too long is replaced.
        queue: how many pictures may wait for that; one more is answered with `queue_full`, and when to come again. By
            default 64 for each of `threads`, some five seconds' work: SDKs give up after ten.
        upload_host: public `name[:port]` to which SDKs upload over TLS; worked out from each call by default.
        picture_hosts: hosts from which pictures are fetched when a call names a URL; none by default. `*.domain`
            stands for all below a domain, `*` for all public hosts; with `:port` unless it is the scheme's own.
        private_picture_hosts: hosts from which pictures are fetched although they lie in a private network or are
            this machine; none by default. Each is named whole, as `name[:port]`.
        import_roots: directories below which a `file` connection made over the network may have its root; none by
            default. Whoever makes one on this machine, as its operator, may name any. With `:` between.
        callback_hosts: hosts besides public ones that may be told of the end of tasks, written as `picture_hosts`;
            they may lie in a private network.
        good_match: the score from which on a match is good, in all instances; by default what fits their features.
        subject_finder: how subjects are found: `fast`, or `precise` by a model of its own, which is slow.
        milvus_uri: the Milvus server that searches instances made with `--index milvus`; none by default.
        milvus_token: `user:password` or an API key, where that server asks for one.
        milvus_prefix: begins the names of collections; 1 to 20 letters, digits and `_`, beginning with a letter.
        milvus_consistency: `bounded`; or `strong`, which makes every search wait.
        milvus_index_type: of collections made from now on: `hnsw`, or `ivf_sq8` for a quarter of the memory.
        milvus_staleness: seconds after which what was written shows in bounded searches; more than the server's
            `common.gracefulTime`.
        milvus_timeout: seconds that a call to the server may take.
        region_needs_crop: whether Crop=false means the whole picture on the cloud protocol even with a Region.
        exact_below: so many pictures of an instance are compared one by one, in memory; with more of them its index
            is approximate and on disk.
        drain_seconds: how long the service still takes calls once it was told to end. `/readyz` says 503, so
            that load balancers call elsewhere; twice the time between their looks is enough.
        log: how lines of the service's log look: `human`, or `json`, one object a line; by default as the place needs
            that they go to, a terminal or not.
        log_level: the least grave lines of it: `debug`, `info`, `warning` or `error`. Each answered request is a line
            of `info`. By default `warning` on a terminal, else `info`.
        metrics_instances: whether `/metrics` names instances to whoever asks. Who shows an access key is told of the
            instances that it reaches in any case.
        otlp_endpoint: where traces go: base URL of a collector that takes OTLP over HTTP; none by default. The
            variables of OpenTelemetry, such as `OTEL_EXPORTER_OTLP_ENDPOINT`, do as well.
        audit: what the audit log tells: `all`, `changes` (not what only reads), or `off`.
        audit_days: how long its files are kept.
        audit_origin: whether it has the addresses of clients, which are personal data.
        recall: share of the true ten nearest that such an index is to find on average; more takes longer. It holds
            from the next segment on.
    """

    model_config = SettingsConfigDict(env_prefix="SIMILIS_", frozen=True)

    data: Path = Path("similis-data")
    catalogue: SecretStr | None = None
    keys: Path | None = None
    master_key: SecretStr | None = None
    master_key_command: str | None = None
    models: Path = Field(default_factory=_default_models)
    threads: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    analysing: Analysing = Analysing.PROCESSES
    searchers: int = Field(default_factory=lambda: min((os.cpu_count() or 1) - 1, 1), ge=0, le=64)
    decoding: Decoding = Decoding.INSIDE
    queue: int | None = Field(default=None, ge=0)
    upload_host: str | None = Field(default=None, pattern=r"^([a-zA-Z0-9_-]+\.)+[a-zA-Z0-9_-]+(:[0-9]+)?$")
    picture_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_hosts)] = ()
    private_picture_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_whole_hosts)] = ()
    import_roots: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_split_paths)] = ()
    callback_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_named_hosts)] = ()
    good_match: float | None = Field(default=None, ge=0, le=1)
    subject_finder: SubjectMode = SubjectMode.FAST
    milvus_uri: str | None = Field(default=None, pattern=r"^https?://[^@/]+$")
    milvus_token: SecretStr = SecretStr("")
    milvus_prefix: str = Field(default="similis", pattern=r"^[A-Za-z][A-Za-z0-9_]{0,19}$")
    milvus_consistency: MilvusConsistency = MilvusConsistency.BOUNDED
    milvus_index_type: MilvusIndexType = MilvusIndexType.HNSW
    milvus_staleness: float = Field(default=10.0, gt=0)
    milvus_timeout: float = Field(default=10.0, gt=0)
    region_needs_crop: bool = False
    exact_below: int = Field(default=50_000, ge=100)
    recall: float = Field(default=0.99, ge=0.5, le=0.999)
    drain_seconds: float = Field(default=0.0, ge=0, le=300)
    log: LogForm | None = None
    log_level: LogLevel | None = None
    metrics_instances: bool = False
    otlp_endpoint: str | None = Field(default=None, pattern=r"^https?://[^@/]+(/[^?#]*)?$")
    audit: AuditMode = AuditMode.ALL
    audit_days: int = Field(default=90, ge=1, le=36_500)
    audit_origin: bool = False

    @property
    def audit_directory(self) -> Path:
        """Where the files of the audit log are."""
        return self.data.absolute() / "audit"

    @property
    def index_directory(self) -> Path:
        """Where indexes on disk are."""
        return self.data.absolute() / "index"

    @property
    def sizing(self) -> Sizing:
        """When an index goes to disk."""
        return Sizing(self.exact_below, tail=self.exact_below * 2 // 5, recall=self.recall)

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
    def milvus(self) -> MilvusSettings | None:
        """How to use the Milvus server, None without one."""
        if self.milvus_uri is None:
            return None
        return MilvusSettings(
            self.milvus_uri,
            self.milvus_token.get_secret_value(),
            self.milvus_prefix,
            self.milvus_consistency,
            self.milvus_index_type,
            self.milvus_staleness,
            self.milvus_timeout,
        )

    @property
    def key_directory(self) -> Path:
        """Where the keys are."""
        return self.keys or self.data.absolute().with_name(self.data.absolute().name + ".keys")
