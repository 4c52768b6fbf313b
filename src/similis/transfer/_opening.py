"""Opens the bucket of a connection, whatever its provider."""

from __future__ import annotations

from dataclasses import dataclass, field

from similis.domain import Connection, Credentials, InvalidInput, Provider, check_bucket
from similis.transfer._file_source import FileSource
from similis.transfer._s3_source import S3Source
from similis.transfer._source import Source


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """All that it takes to open a bucket, also in another process.

    Attributes:
        connection: the way.
        bucket: None takes that of the connection.
        credentials: None takes those of the environment.
    """

    connection: Connection
    bucket: str | None = None
    credentials: Credentials | None = field(default=None, repr=False)

    def open(self) -> Source:
        """Open it; see `open_source`."""
        return open_source(self.connection, self.bucket, self.credentials)


def open_source(connection: Connection, bucket: str | None, credentials: Credentials | None) -> Source:
    """Open a bucket; of `oss` and `s3` nothing has been asked yet.

    Args:
        connection: the way.
        bucket: None takes that of the connection.
        credentials: None takes those of the environment, as the libraries of the provider find them.

    Raises:
        InvalidInput: no bucket is named, or the connection is to another one.
        SourceFailed: what can be known without asking is wrong.
    """
    name = _bucket(connection, bucket)
    if connection.provider is Provider.FILE:
        return FileSource(connection.root or "", name)
    if name is None:
        raise InvalidInput(f"The connection {connection.name!r} names no bucket.", "Name the bucket to import from.")
    if connection.provider is Provider.S3:
        return S3Source(connection, name, credentials)
    from similis.transfer._oss_source import OssSource  # noqa: PLC0415 - loading the SDK takes a while

    return OssSource(connection, name, credentials)


def _bucket(connection: Connection, bucket: str | None) -> str | None:
    if bucket is not None:
        check_bucket(bucket, connection.provider)
    if None not in (bucket, connection.bucket) and bucket != connection.bucket:
        raise InvalidInput(
            f"The connection {connection.name!r} is to the bucket {connection.bucket!r} only.",
            f"Name that one or none, or make a connection to {bucket!r}.",
        )
    return bucket or connection.bucket
