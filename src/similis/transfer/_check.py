"""Looks, step by step, whether an import could begin."""

from __future__ import annotations

from contextlib import closing

from similis.domain import DEFAULT_REGION, Connection, ConnectionCheck, Credentials, RegionMismatch, SimilisError
from similis.transfer._meta_file import find_meta
from similis.transfer._opening import open_source
from similis.transfer._source import Source
from similis.transfer._source_directory import SourceDirectory


def check_region(source: Source, region: str | None) -> None:
    """See that a bucket is in the region of an instance; one that is just `local` may import from everywhere.

    Raises:
        RegionMismatch: it is in another one.
        SourceFailed: storage cannot be asked.
    """
    if region is None or region == DEFAULT_REGION:
        return
    found = source.location()
    if found is not None and found != region:
        raise RegionMismatch(
            f"The bucket is in the region {found}, the instance in {region}.",
            "Import from a bucket of the instance's region, or make an instance in the bucket's.",
        )


def check_source(
    connection: Connection, bucket: str | None, credentials: Credentials | None, path: str | None, region: str | None
) -> list[ConnectionCheck]:
    """All steps in order, up to the first that is not good."""
    try:
        with closing(open_source(connection, bucket, credentials)) as source:
            check_region(source, region)
            if path is not None:
                find_meta(source, SourceDirectory(path))
    except SimilisError as error:
        return [ConnectionCheck("source", good=False, code=error.code, message=f"{error.message} {error.hint}")]
    return [ConnectionCheck("source", good=True, code=None, message="All is well.")]
