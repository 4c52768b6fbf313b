"""Looks, step by step, whether an import could begin, and says what to do where it could not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from similis.domain import (
    DEFAULT_REGION,
    Connection,
    ConnectionCheck,
    Credentials,
    MetaFileNotFound,
    RegionMismatch,
    SimilisError,
)
from similis.transfer._meta_file import find_meta
from similis.transfer._opening import open_source
from similis.transfer._source import Source
from similis.transfer._source_directory import META_FILE, SourceDirectory


def check_region(source: Source, region: str | None) -> None:
    """See that a bucket is in the region of an instance; one that is just `local` may import from everywhere.

    Raises:
        RegionMismatch: it is in another one.
        SourceFailed: storage cannot be asked.
    """
    if region is not None and region != DEFAULT_REGION:
        _compare(source.location(), region)


def check_source(
    connection: Connection, bucket: str | None, credentials: Credentials | None, path: str | None, region: str | None
) -> list[ConnectionCheck]:
    """All that an import needs, in order, up to the first that is not good.

    Args:
        connection: the way.
        bucket: None takes that of the connection.
        credentials: None takes those of the environment.
        path: directory of increment.meta; None does not look for it.
        region: of the instance; None or `local` does not compare.
    """
    inspection = _Inspection(connection, bucket, credentials, path, region)
    checks = []
    try:
        for step, look in inspection.steps().items():
            checks.append(_checked(step, look))
            if not checks[-1].good:
                break
    finally:
        inspection.close()
    return checks


def _checked(step: str, look: Callable[[], str]) -> ConnectionCheck:
    try:
        return ConnectionCheck(step, good=True, code=None, message=look())
    except SimilisError as error:
        return ConnectionCheck(step, good=False, code=error.code, message=f"{error.message} {error.hint}".strip())


def _compare(location: str | None, region: str) -> None:
    if location is not None and location != region:
        raise RegionMismatch(
            f"The bucket is in the region {location}, the instance in {region}.",
            "Import from a bucket of the instance's region, or make an instance in the bucket's.",
        )


@dataclass(slots=True)
class _Inspection:
    connection: Connection
    bucket: str | None
    credentials: Credentials | None
    path: str | None
    region: str | None
    _source: Source | None = field(default=None, init=False)
    _location: str | None = field(default=None, init=False)

    def steps(self) -> dict[str, Callable[[], str]]:
        steps = {"connection": self._open}
        if self.connection.role_arn is not None:
            steps["role"] = self._assume_role
        steps["bucket"] = self._look_at_bucket
        if self.region not in {None, DEFAULT_REGION}:
            steps["region"] = self._compare_regions
        if self.path is not None:
            steps |= {"path": self._look_at_path, META_FILE: self._read_meta}
        return steps

    def close(self) -> None:
        if self._source is not None:
            self._source.close()

    def _open(self) -> str:
        self._source = open_source(self.connection, self.bucket, self.credentials)
        return "The connection can be used."

    def _assume_role(self) -> str:
        from similis.transfer._role import credentials_of  # noqa: PLC0415 - loading the library takes a while

        credentials_of(self.connection, self.credentials)()
        return f"The role {self.connection.role_arn} can be assumed."

    def _look_at_bucket(self) -> str:
        self._location = self._opened().location()
        return f"The bucket is there, in {self._location}." if self._location else "The bucket is there."

    def _compare_regions(self) -> str:
        _compare(self._location, self.region or DEFAULT_REGION)
        return "Bucket and instance are in the same region."

    def _look_at_path(self) -> str:
        directory = self._directory()
        with suppress(MetaFileNotFound):  # that is the next step
            find_meta(self._opened(), directory)
        return f"There are objects below {directory.path!r}."

    def _read_meta(self) -> str:
        directory = self._directory()
        info = find_meta(self._opened(), directory)
        self._opened().read(directory.meta_file, 0, 1, info.etag)
        return f"{META_FILE} has {info.size:,} bytes and can be read."

    def _directory(self) -> SourceDirectory:
        return SourceDirectory(self.path or "/")

    def _opened(self) -> Source:
        assert self._source is not None, "steps go in order"  # noqa: S101 - so that types are known
        return self._source
