"""Errors that the operator of a service can mend; the whole tree is drawn in `_errors`."""

from __future__ import annotations

from similis.domain._errors import SimilisError


class Unavailable(SimilisError):
    """The service cannot do its work; the operator can mend it."""

    code = "unavailable"


class DataDirectoryLocked(Unavailable):
    """Another process owns the data directory."""

    code = "data_directory_locked"


class DataDirectoryMissing(Unavailable):
    """There are no data where a command looks for them, and it is none that makes some."""

    code = "data_directory_missing"


class StorageFailed(Unavailable):
    """The catalogue cannot be opened, read or written."""

    code = "storage_failed"


class IndexUnavailable(Unavailable):
    """A server that searches vectors cannot be reached or used."""

    code = "index_unavailable"


class KeyringFailed(Unavailable):
    """The key directory is missing, unreadable, open to others or does not fit the data."""

    code = "keyring_failed"


class InvalidManifest(Unavailable):
    """A model's manifest cannot be used."""

    code = "invalid_manifest"


class ModelNotFetched(Unavailable):
    """A model file is not there yet, cannot be read, or could not be fetched."""

    code = "model_not_fetched"


class ModelDamaged(Unavailable):
    """A model file does not have the digest of its manifest."""

    code = "model_damaged"


class TermsNotAccepted(Unavailable):
    """The terms on which a model may be used were not accepted."""

    code = "terms_not_accepted"


class Overloaded(Unavailable):
    """There is more to do at once than can be; later it will do."""

    code = "overloaded"


class ReportFailed(Unavailable):
    """A report cannot be written where it was asked for."""

    code = "report_failed"


class SourceFailed(Unavailable):
    """The storage that pictures are imported from cannot be used."""

    code = "source_failed"


class SourceUnreachable(SourceFailed):
    """The storage does not answer, or something else answers than such a storage."""

    code = "source_unreachable"


class ClockSkewed(SourceFailed):
    """The storage refuses requests because its time and this machine's differ too much."""

    code = "clock_skewed"


class CredentialsRefused(SourceFailed):
    """The storage does not know the access key, or its secret or token is wrong."""

    code = "credentials_refused"


class SourceDenied(SourceFailed):
    """The storage knows who asks and denies it: a policy is missing or wrong."""

    code = "source_denied"


class RoleNotFound(SourceFailed):
    """There is no role of this ARN."""

    code = "role_not_found"


class RoleNotTrusted(SourceFailed):
    """The role does not trust the account whose access key assumes it."""

    code = "role_not_trusted"


class BucketNotFound(SourceFailed):
    """There is no bucket of that name."""

    code = "bucket_not_found"


class RegionMismatch(SourceFailed):
    """The bucket is in another region than the instance."""

    code = "region_mismatch"


class PathNotFound(SourceFailed):
    """There is nothing below the path in the bucket."""

    code = "path_not_found"


class MetaFileNotFound(SourceFailed):
    """There is no increment.meta in the path."""

    code = "meta_file_not_found"


class ObjectNotFound(SourceFailed):
    """There is no object of that name in the bucket."""

    code = "object_not_found"


class ServiceUnreachable(Unavailable):
    """A running service was addressed and did not answer as one."""

    code = "service_unreachable"
