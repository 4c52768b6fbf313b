"""Every error that Similis raises on purpose; others are in `_conflicts`, `_quota` and `_unavailable`.

SimilisError
├── InvalidInput              the caller can mend it
│   ├── InvalidName           instance name
│   ├── InvalidKey            ProductId or PicName
│   ├── InvalidAttribute      integer, string or custom content
│   ├── InvalidCategory
│   ├── InvalidRegion
│   ├── InvalidSubject        of a picture, by its place
│   ├── InvalidFilter         says where
│   ├── InvalidPaging         num, start
│   ├── InvalidScore          min_score, good_match
│   ├── InvalidText           to search with
│   ├── InvalidLifetime       of a temporary access key
│   ├── InvalidArn            of a role to assume
│   ├── InvalidUrl            of a host that must not be called, or of no picture
│   ├── InvalidLabels         the CSV of `similis evaluate`
│   ├── RequestTooLarge       the whole HTTP body
│   ├── RequestTooSlow        to arrive
│   └── InvalidPicture
│       ├── UnsupportedFormat
│       ├── PictureTooLarge   bytes
│       ├── UnsupportedPixels sides
│       ├── IncorrectOrientation
│       └── DamagedPicture
├── NotFound
│   ├── InstanceNotFound
│   ├── PictureNotFound
│   ├── ModelNotFound
│   ├── KeyNotFound           access key
│   ├── ConnectionNotFound
│   └── TaskNotFound
├── AccessDenied
│   ├── NotAuthenticated
│   ├── PermissionDenied
│   └── CsrfFailed            a change by the console's cookie, but not from its page
├── TooManyRequests           a quota is used up for now
│   ├── InstanceThrottled
│   ├── KeyThrottled          access key
│   ├── SignInThrottled       at the console
│   └── QueueFull             too many pictures wait
├── Conflict
│   ├── InstanceExists
│   ├── CapacityReached
│   ├── CapacityTooSmall      for the pictures that there are
│   ├── PicturesUsedUp        of a day, by an access key
│   ├── DuplicatePicture      near-identical to a stored one, and told to refuse such
│   ├── NothingToTune         too few products with several pictures
│   ├── ConnectionExists
│   ├── TaskRunning           one at a time for each instance
│   ├── ExportNotReady        it has not ended, or not well
│   ├── InstanceEmpty         nothing to rebuild
│   ├── InstanceRebuilding    from storage: no changes meanwhile
│   ├── TaskCancelled
│   ├── TaskTaken             another process works on it now, or it has ended
│   ├── TooManyFailures       of a rebuild, to take the old one's place
│   ├── SourceChanged         increment.meta is another than the one that was begun
│   ├── FeatureModelMismatch  features of two models do not mix
│   └── NoTextEncoder         nothing here reads texts for an instance
└── Unavailable               the operator can mend it
    ├── DataDirectoryLocked
    ├── DataDirectoryMissing  of a command that makes none
    ├── StorageFailed
    ├── IndexUnavailable      a server that searches
    ├── KeyringFailed
    ├── InvalidManifest       of a model
    ├── ModelNotFetched
    ├── ModelDamaged
    ├── TermsNotAccepted      of a model
    ├── Overloaded            for now
    ├── ReportFailed          cannot be written
    ├── SourceFailed          storage that pictures are imported from
    │   ├── SourceUnreachable no answer, or none of such a storage
    │   ├── ClockSkewed       its time and ours differ too much
    │   ├── CredentialsRefused unknown key id, wrong secret, expired token
    │   ├── SourceDenied      no authorization policy, or not the right one
    │   ├── RoleNotFound
    │   ├── RoleNotTrusted    the role does not let us assume it
    │   ├── BucketNotFound
    │   ├── RegionMismatch    of bucket and instance
    │   ├── PathNotFound
    │   ├── MetaFileNotFound
    │   └── ObjectNotFound    a picture
    └── ServiceUnreachable
"""

from __future__ import annotations

from typing import ClassVar


class SimilisError(Exception):
    """Base of all errors raised on purpose.

    Attributes:
        code: stable name of the error, the same on every surface.
        message: what was wrong.
        hint: what was expected and what to do about it.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InvalidInput(SimilisError):
    """The caller sent something that cannot be used."""

    code = "invalid_input"


class InvalidName(InvalidInput):
    """An instance name is empty, too long or has characters outside the allowed set."""

    code = "invalid_name"


class InvalidKey(InvalidInput):
    """A ProductId or PicName is empty or too long."""

    code = "invalid_key"


class InvalidAttribute(InvalidInput):
    """An integer or string attribute or the custom content is out of its limits."""

    code = "invalid_attribute"


class InvalidCategory(InvalidInput):
    """The category is none of the fourteen."""

    code = "invalid_category"


class InvalidRegion(InvalidInput):
    """The region is malformed, empty or outside the picture."""

    code = "invalid_region"


class InvalidSubject(InvalidInput):
    """The picture has no subject in this place."""

    code = "invalid_subject"


class InvalidFilter(InvalidInput):
    """The filter expression cannot be read."""

    code = "invalid_filter"


class InvalidPaging(InvalidInput):
    """`num` or `start` is out of range."""

    code = "invalid_paging"


class InvalidScore(InvalidInput):
    """`min_score` or `good_match` is out of range."""

    code = "invalid_score"


class InvalidText(InvalidInput):
    """The text to search with is empty or too long."""

    code = "invalid_text"


class InvalidLifetime(InvalidInput):
    """The lifetime of a temporary access key is out of range."""

    code = "invalid_lifetime"


class InvalidArn(InvalidInput):
    """The ARN of a role is malformed."""

    code = "invalid_arn"


class InvalidUrl(InvalidInput):
    """A URL is malformed, lacks what it must have, or leads to a host or address that must not be called."""

    code = "invalid_url"


class InvalidLabels(InvalidInput):
    """A labels file cannot be used."""

    code = "invalid_labels"


class RequestTooLarge(InvalidInput):
    """The body of an HTTP request has too many bytes."""

    code = "request_too_large"


class RequestTooSlow(InvalidInput):
    """The body of an HTTP request took too long to arrive."""

    code = "request_too_slow"


class InvalidPicture(InvalidInput):
    """The bytes are no picture that can be used."""

    code = "invalid_picture"


class UnsupportedFormat(InvalidPicture):
    """The bytes are in none of the allowed picture formats."""

    code = "unsupported_format"


class PictureTooLarge(InvalidPicture):
    """The encoded picture has too many bytes."""

    code = "picture_too_large"


class UnsupportedPixels(InvalidPicture):
    """Width or height is out of range."""

    code = "unsupported_pixels"


class IncorrectOrientation(InvalidPicture):
    """The picture carries an EXIF rotation and the caller asked to refuse those."""

    code = "incorrect_orientation"


class DamagedPicture(InvalidPicture):
    """The format is known but the data is truncated or broken."""

    code = "damaged_picture"


class NotFound(SimilisError):
    """What was asked for does not exist."""

    code = "not_found"


class InstanceNotFound(NotFound):
    """There is no instance of that name."""

    code = "instance_not_found"


class PictureNotFound(NotFound):
    """There is no picture with that key in the instance."""

    code = "picture_not_found"


class ModelNotFound(NotFound):
    """There is no model of that name."""

    code = "model_not_found"


class KeyNotFound(NotFound):
    """There is no access key with that id."""

    code = "key_not_found"


class ConnectionNotFound(NotFound):
    """There is no connection of that name."""

    code = "connection_not_found"


class TaskNotFound(NotFound):
    """There is no task of that number."""

    code = "task_not_found"


class AccessDenied(SimilisError):
    """The caller may not do this."""

    code = "access_denied"


class NotAuthenticated(AccessDenied):
    """The access key is missing, unknown, disabled or its secret is wrong."""

    code = "not_authenticated"


class PermissionDenied(AccessDenied):
    """The access key is good but its role or instances do not cover the request."""

    code = "permission_denied"


class CsrfFailed(AccessDenied):
    """A change came with the console's cookie, but not from its page."""

    code = "csrf_failed"
