"""Connections: where pictures to import lie, and how to get there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from similis.domain._errors import InvalidArn, InvalidInput, InvalidName

MAX_CONNECTION_NAME = 40
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,62}")
_DIRECTORY = re.compile(r"(?!\.{1,2}\Z)[^/\0\ud800-\udfff]{1,255}")
_ENDPOINT = re.compile(
    r"(https?://)?(?P<bucket>\{bucket\}\.)?([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?/?"
)
_BUCKET_PLACE = "{bucket}"
_REGION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_ROLE_ARN = re.compile(r"acs:ram::[0-9]{1,20}:role/[A-Za-z0-9.@_-]{1,64}")


class Provider(StrEnum):
    """What kind of storage a connection leads to."""

    OSS = "oss"
    S3 = "s3"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Connection:
    """A named way to storage, without its secrets.

    Attributes:
        name: 1–40 letters, digits, `_` or `-`.
        provider: Alibaba Cloud OSS, anything that speaks S3, or a directory of this machine.
        endpoint: of OSS or S3, with or without a scheme; None takes the region's own. With S3 its host may begin
            with `{bucket}.`, for storage that knows buckets by hosts of their own and not by paths.
        region: of the bucket, such as `cn-shanghai`; it becomes a part of host names.
        bucket: the only one that is reached; None leaves it to each import. With `file` it is a directory below
            `root`; None with neither takes `root` itself.
        root: absolute path of a directory, with `file` only.
        role_arn: of the Alibaba Cloud role to assume, with `oss` only.
        instances: which may import from it; none named means all.
        access_key_id: names the stored credentials; None takes those of the environment (`oss`, `s3`).
        created_at: when it was made.

    Raises:
        InvalidName: the name cannot be used.
        InvalidArn: the role's name is malformed.
        InvalidInput: a field is malformed, missing, or not one of this provider.
    """

    name: str
    provider: Provider
    endpoint: str | None = None
    region: str | None = None
    bucket: str | None = None
    root: str | None = None
    role_arn: str | None = None
    instances: tuple[str, ...] = ()
    access_key_id: str | None = None
    created_at: datetime | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InvalidName(
                f"The connection name {self.name[:60]!r} cannot be used.",
                f"Use 1 to {MAX_CONNECTION_NAME} letters, digits, '_' or '-', beginning with a letter or digit.",
            )
        self._check_bucket()
        if self.provider is Provider.FILE:
            self._check_file()
        else:
            self._check_cloud()

    @property
    def hosts_buckets(self) -> bool:
        """Whether each bucket has a host of its own."""
        return self.endpoint is not None and _BUCKET_PLACE in self.endpoint

    def endpoint_of(self, bucket: str) -> str | None:
        """The endpoint by which a bucket is reached; None is the region's own."""
        return self.endpoint and self.endpoint.replace(_BUCKET_PLACE, bucket)

    def _check_bucket(self) -> None:
        if self.bucket is not None:
            check_bucket(self.bucket, self.provider)

    def _check_file(self) -> None:
        if self.root is None or not self.root.startswith("/") or "\0" in self.root:
            raise InvalidInput("A file connection needs a root.", "Give the absolute path of a directory.")
        given = {"endpoint": self.endpoint, "role_arn": self.role_arn, "access_key_id": self.access_key_id}
        if unused := [name for name, value in given.items() if value is not None]:
            raise InvalidInput(f"A file connection has no {', '.join(unused)}.", "Leave it out.")

    def _check_cloud(self) -> None:
        if self.root is not None:
            raise InvalidInput(f"A connection to {self.provider} has no root.", "Leave it out.")
        self._check_endpoint()
        if self.region and not _REGION.fullmatch(self.region):
            raise InvalidInput(f"No region is named {self.region[:80]!r}.", "Give it as cn-shanghai or us-east-1.")
        if self.role_arn is None:
            return
        if self.provider is not Provider.OSS:
            raise InvalidInput("Only connections to oss assume roles.", "Leave out the role's ARN.")
        if not _ROLE_ARN.fullmatch(self.role_arn):
            raise InvalidArn(
                f"The role is {self.role_arn[:100]!r}.", "Give its ARN as acs:ram::<account number>:role/<name>."
            )

    def _check_endpoint(self) -> None:
        if self.endpoint is None:
            return
        found = _ENDPOINT.fullmatch(self.endpoint)
        if found is None or (found["bucket"] and self.provider is not Provider.S3):
            raise InvalidInput(
                f"The endpoint is {self.endpoint[:80]!r}.", "Give a host, or http(s)://host:port without a path."
            )


@dataclass(frozen=True, slots=True)
class Credentials:
    """What proves to the storage who asks; never shown, never logged."""

    access_key_id: str
    access_key_secret: str = field(repr=False)
    security_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class ConnectionCheck:
    """One step of looking whether an import could begin.

    Attributes:
        step: what was looked at, such as `bucket`.
        good: whether it was as it must be.
        code: of the error, None when it is good.
        message: what was found and, when it is not good, what to do.
    """

    step: str
    good: bool
    code: str | None
    message: str


def check_bucket(name: str, provider: Provider) -> str:
    """Return the name of a bucket once it is found right; with `file` it is that of one directory.

    Raises:
        InvalidInput: no bucket of this provider can have it.
    """
    if provider is Provider.FILE:
        pattern, hint = _DIRECTORY, "Name one directory right below the root."
    else:
        pattern, hint = _BUCKET, "Use 2 to 63 letters, digits, '.', '_' or '-'."
    if not pattern.fullmatch(name):
        raise InvalidInput(f"No bucket is named {name[:80]!r}.", hint)
    return name
