"""What a storage answers when it refuses, as errors that say what to do: the codes of S3 and OSS in one table."""

from __future__ import annotations

from dataclasses import dataclass

from similis.domain import (
    BucketNotFound,
    ClockSkewed,
    Connection,
    CredentialsRefused,
    ObjectNotFound,
    Provider,
    RegionMismatch,
    SimilisError,
    SourceChanged,
    SourceDenied,
    SourceUnreachable,
)

_ERRORS: dict[str, type[SimilisError]] = {
    "AuthorizationHeaderMalformed": RegionMismatch,  # S3: signed for another region
    "ExpiredToken": CredentialsRefused,
    "IllegalLocationConstraintException": RegionMismatch,
    "InvalidAccessKeyId": CredentialsRefused,
    "InvalidBucketName": BucketNotFound,
    "InvalidObjectName": ObjectNotFound,
    "InvalidObjectState": ObjectNotFound,  # in an archive
    "InvalidSecurityToken": CredentialsRefused,
    "InvalidToken": CredentialsRefused,
    "KeyTooLongError": ObjectNotFound,
    "NoSuchBucket": BucketNotFound,
    "NoSuchKey": ObjectNotFound,
    "PermanentRedirect": RegionMismatch,
    "PreconditionFailed": SourceChanged,
    "RequestTimeTooSkewed": ClockSkewed,
    "SecurityTokenExpired": CredentialsRefused,
    "SignatureDoesNotMatch": CredentialsRefused,
    "TemporaryRedirect": RegionMismatch,
    "TokenRefreshRequired": CredentialsRefused,
}
_MESSAGES: dict[type[SimilisError], tuple[str, str]] = {
    BucketNotFound: (
        "There is no bucket {bucket!r}.",
        "Name a bucket that exists at the endpoint and in the region of this connection.",
    ),
    ClockSkewed: (
        "The storage refuses requests because the time of this machine is wrong.",
        "Compare `date -u` with a clock that is right and keep the machine's by NTP; 15 minutes are forgiven.",
    ),
    CredentialsRefused: (
        "The storage refuses the access key ({code}).",
        "Give the id and secret of a key that exists and is enabled; a temporary one needs its token, and expires.",
    ),
    ObjectNotFound: (
        "There is no object {name!r} in the bucket {bucket!r}.",
        "Put it there or correct its name; small and large letters differ.",
    ),
    RegionMismatch: (
        "The bucket {bucket!r} is in another region than this connection{where}.",
        "Make the connection with the bucket's own region and endpoint.",
    ),
    SourceChanged: ("The object {name!r} was changed.", "Leave it as it is while it is imported."),
    SourceDenied: (
        "{who} may not {what} ({code}).",
        "Attach a policy to it that allows {policy}; see also that no policy of the bucket denies it.",
    ),
    SourceUnreachable: (
        "The storage at {endpoint} cannot be used: it answered {code}.",
        "See that this is the endpoint of the storage, and whether it works.",
    ),
}
# How a client's own words for a failed connection read for people; the first that fits counts.
_REASONS = {
    "dns error": "its name cannot be resolved",
    "NameResolution": "its name cannot be resolved",
    "Failed to resolve": "its name cannot be resolved",
    "ConnectionRefused": "the connection is refused",
    "Connection refused": "the connection is refused",
    "WRONG_VERSION_NUMBER": "it does not speak TLS; an endpoint without it begins with http://",
    "record layer failure": "it does not speak TLS; an endpoint without it begins with http://",
    "InvalidContentType": "it does not speak TLS; an endpoint without it begins with http://",
    "ertificate": "its TLS certificate is not trusted",
    "timed out": "there is no answer in time",
    "kind: Timeout": "there is no answer in time",
    "kind: Connect": "no connection can be made",
    "IncompleteMessage": "the connection breaks off",
    "IncompleteRead": "the connection breaks off",
    "kind: Interrupted": "the connection breaks off",
    "Connection aborted": "the connection breaks off",
    "Connection broken": "the connection breaks off",
}
_ARCHIVED = ("The object {name!r} is in an archive.", "Restore it before it is imported.")
_POLICIES = {
    Provider.OSS: "oss:GetObject on acs:oss:*:*:{bucket}/* and oss:ListObjects on acs:oss:*:*:{bucket}",
    Provider.S3: "s3:GetObject on arn:aws:s3:::{bucket}/* and s3:ListBucket on arn:aws:s3:::{bucket}",
}
# Who may not list is not told whether an object is missing or only not for them.
_DENIED_OBJECT = "read the object {name!r} in the bucket {bucket!r}, or it does not exist"


@dataclass(frozen=True, slots=True)
class Place:
    """What is asked for.

    Attributes:
        connection: by which.
        bucket: in which.
        endpoint: of the storage, for people to read.
    """

    connection: Connection
    bucket: str
    endpoint: str

    def refused(
        self, code: str | None, status: int, name: str | None = None, where: str | None = None
    ) -> SimilisError:
        """The error for an answer.

        Args:
            code: that the storage gave; None: it gave none, as no storage does.
            status: of HTTP.
            name: of the object that was asked for; None: the bucket was.
            where: what the storage says of the bucket's region; given, the refusal is about that.
        """
        kind = _ERRORS.get(code or "") or (RegionMismatch if where else _kind(code, status))
        message, hint = _ARCHIVED if code == "InvalidObjectState" else _MESSAGES[kind]
        words = {
            "bucket": self.bucket,
            "code": code or f"HTTP status {status}, without a reason",
            "endpoint": self.endpoint,
            "name": name or "",
            "policy": _POLICIES[self.connection.provider].format(bucket=self.bucket),
            "what": (_DENIED_OBJECT if name else "list the bucket {bucket!r}").format(name=name, bucket=self.bucket),
            "where": f": {where}" if where else "",
            "who": f"The role {self.connection.role_arn}" if self.connection.role_arn else "The access key",
        }
        return kind(message.format(**words), hint.format(**words))

    def unreachable(self, reason: str) -> SourceUnreachable:
        """The error when there is no answer, or none of such a storage."""
        return SourceUnreachable(
            f"The storage at {self.endpoint} cannot be reached: {reason}.",
            "See that the endpoint is right, that the storage runs, and that this machine may reach it.",
        )


def reason(text: str) -> str:
    """Why there is no answer, from what a client says."""
    known = (said for words, said in _REASONS.items() if words in text)
    return next(known, "what answers there is no such storage")


def _kind(code: str | None, status: int) -> type[SimilisError]:
    if code is None:
        return SourceUnreachable
    return {401: CredentialsRefused, 403: SourceDenied, 412: SourceChanged}.get(status, SourceUnreachable)
