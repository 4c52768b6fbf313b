"""What the cloud protocol calls the end of a task, and what was wrong with a line of increment.meta.

The contract names the codes of an import's end; where it is silent, they are those of OSS or of the single calls.
"""

from __future__ import annotations

from collections.abc import Mapping

from similis.domain import (
    BucketNotFound,
    ClockSkewed,
    ConnectionNotFound,
    CredentialsRefused,
    InstanceEmpty,
    InvalidArn,
    MetaFileNotFound,
    ObjectNotFound,
    PathNotFound,
    RegionMismatch,
    RoleNotFound,
    RoleNotTrusted,
    SimilisError,
    SourceChanged,
    SourceDenied,
    SourceFailed,
    SourceUnreachable,
    Task,
    TaskCancelled,
    TaskStatus,
    TooManyFailures,
    error_from_json,
)
from similis.gateway.alibaba._error_table import DOMAIN

TASK_CODES: Mapping[type[SimilisError], str] = {
    **DOMAIN,
    RegionMismatch: "RegionMismatch",
    RoleNotTrusted: "RoleInvalid",
    RoleNotFound: "InvalidArn",
    InvalidArn: "InvalidArn",
    SourceDenied: "AccessDenied",
    BucketNotFound: "NoSuchBucket",
    ConnectionNotFound: "NoSuchBucket",
    PathNotFound: "NoSuchPath",
    MetaFileNotFound: "MetaNotFound",
    SourceChanged: "MetaChanged",
    SourceUnreachable: "EndpointUnreachable",
    ClockSkewed: "RequestTimeTooSkewed",
    CredentialsRefused: "InvalidAccessKeyId",
    ObjectNotFound: "NoSuchKey",
    SourceFailed: "InternalOssError",
    TaskCancelled: "TaskCancelled",
    InstanceEmpty: "InstanceEmpty",
    TooManyFailures: "TooManyFailures",
}
"""The code of an error is that of its nearest ancestor in this table."""

_NO_ERROR = "0"


def code_of_task(task: Task) -> str:
    """The `Code` of a task: "0" while it goes on and when it has ended well."""
    if task.status is not TaskStatus.FAIL:
        return _NO_ERROR
    return code_named(task.code or SimilisError.code)


def code_named(code: str) -> str:
    """The protocol's code for a domain error that only its own code is known of."""
    kind = type(error_from_json({"code": code, "message": "", "hint": ""}))
    return next(TASK_CODES[each] for each in kind.__mro__ if each in TASK_CODES)
