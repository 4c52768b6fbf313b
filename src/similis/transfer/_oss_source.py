"""A bucket of Alibaba Cloud OSS, by its own SDK: signatures of version 4, roles, and errors with their codes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from urllib.parse import urlsplit

import alibabacloud_oss_v2 as oss
from alibabacloud_oss_v2 import exceptions, transport

from similis.domain import Connection, Credentials, InvalidInput, SimilisError, SourceDenied
from similis.transfer._endpoint import check_host, endpoint_url
from similis.transfer._refusals import Place, reason
from similis.transfer._role import credentials_of
from similis.transfer._source import ObjectInfo

_ATTEMPTS = 4
_CONNECT_SECONDS, _READ_SECONDS = 5, 30
_CONNECTIONS = 32
_BLOCK = 1 << 18
_PARTIAL = 206
_UNREADABLE_RANGE = 416
_REGION_OF_ENDPOINT = re.compile(r"oss-([a-z]+(?:-[a-z0-9]+)+?)(?:-internal)?\.aliyuncs\.com")
_WRONG_SIGNING_REGION = "0002-00000226"  # Alibaba's number for it; the code that comes with it is of many errors
_NO_ERROR_OF_OSS = "BadErrorResponse"  # the SDK's own code


class OssSource:
    """A bucket of Alibaba Cloud OSS."""

    def __init__(self, connection: Connection, bucket: str, credentials: Credentials | None) -> None:
        """Set up the client; nothing is asked yet.

        Raises:
            InvalidInput: the region is not known, or the endpoint leads where none may.
        """
        self._bucket = bucket
        self._region = _region(connection)
        url = endpoint_url(connection.endpoint or f"oss-{self._region}.aliyuncs.com")
        check_host(url)
        check_host(
            f"https://{bucket}.{urlsplit(url).hostname}"
        )  # which is what the SDK calls unless it is an address
        self._place = Place(connection, bucket, url)
        keys = credentials_of(connection, credentials)
        self._http = transport.RequestsHttpClient(
            connect_timeout=_CONNECT_SECONDS, readwrite_timeout=_READ_SECONDS, max_connections=_CONNECTIONS
        )
        self._http.open()  # here, for several threads at once would open it several times
        self._client = oss.Client(
            oss.Config(
                region=self._region,
                endpoint=url,
                credentials_provider=oss.credentials.CredentialsProviderFunc(lambda: _for_sdk(keys())),
                retry_max_attempts=_ATTEMPTS,
                http_client=self._http,
            )
        )

    def stat(self, name: str) -> ObjectInfo:
        """Look at an object."""
        with self._errors(name):
            try:
                found = self._client.head_object(oss.HeadObjectRequest(self._bucket, name))
            except exceptions.OperationError as error:
                if getattr(error.unwrap(), "code", None) == _NO_ERROR_OF_OSS:
                    self._read(name, 0, 1, None)  # an answer to HEAD need not say why; one to GET must
                raise
        if not found.etag or found.content_length is None:
            raise self._place.unreachable("what answers there is no OSS")
        return ObjectInfo(found.content_length, found.etag)

    def read(self, name: str, start: int = 0, length: int | None = None, etag: str | None = None) -> bytes:
        """Read an object or a part of it."""
        if length == 0:
            return b""
        with self._errors(name):
            for _ in range(_ATTEMPTS - 1):
                with suppress(OSError):  # once an answer has begun the SDK does not ask for it again
                    return self._read(name, start, length, etag)
            return self._read(name, start, length, etag)

    def location(self) -> str | None:
        """The region; that of the connection when the key may not ask, for OSS serves no bucket of another one."""
        try:
            with self._errors():
                found = self._client.get_bucket_location(oss.GetBucketLocationRequest(self._bucket))
        except SourceDenied:
            return self._region
        return (found.location or "").removeprefix("oss-") or self._region

    def holds(self, prefix: str) -> bool:
        """Whether there is any object below the prefix."""
        with self._errors():
            found = self._client.list_objects_v2(oss.ListObjectsV2Request(self._bucket, prefix=prefix, max_keys=1))
        return bool(found.contents)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _read(self, name: str, start: int, length: int | None, etag: str | None) -> bytes:
        end = "" if length is None else start + length - 1
        request = oss.GetObjectRequest(
            self._bucket, name, if_match=etag, range_header=f"bytes={start}-{end}", range_behavior="standard"
        )
        try:
            answer = self._client.get_object(request)
        except exceptions.OperationError as error:
            if getattr(error.unwrap(), "status_code", None) == _UNREADABLE_RANGE:  # nothing from `start` on
                return b""
            raise
        with closing(answer.body):
            if answer.status_code != _PARTIAL and start:
                raise self._place.unreachable("what answers there does not know ranges")
            return _collected(answer.body.iter_bytes(block_size=_BLOCK), length)

    @contextmanager
    def _errors(self, name: str | None = None) -> Iterator[None]:
        try:
            yield
        except exceptions.OperationError as error:
            raise self._failure(error.unwrap(), name) from None
        except (exceptions.BaseError, OSError) as error:
            raise self._failure(error, name) from None

    def _failure(self, error: Exception, name: str | None) -> SimilisError:
        """What the SDK's error is about; its text is not shown, for OSS repeats in it what was signed."""
        match error:
            case exceptions.ServiceError(ec=ec) if ec == _WRONG_SIGNING_REGION:
                return self._place.refused(error.code, error.status_code, name, f"it is not {self._region}")
            case exceptions.ServiceError():
                code = None if error.code == _NO_ERROR_OF_OSS else error.code
                endpoint = (error.error_fileds or {}).get("Endpoint")
                where = f"its endpoint is {endpoint}" if endpoint and code == "AccessDenied" else None
                return self._place.refused(code, error.status_code, name, where)
            case exceptions.BucketNameInvalidError():
                return self._place.refused("InvalidBucketName", 400)
            case exceptions.ObjectNameInvalidError():
                return self._place.refused("InvalidObjectName", 400, name)
            case exceptions.CredentialsFetchError() if isinstance(cause := error.kwargs.get("error"), SimilisError):
                return cause
        return self._place.unreachable(reason(str(error)))


def _region(connection: Connection) -> str:
    if connection.region:
        return connection.region.removeprefix("oss-")
    if found := _REGION_OF_ENDPOINT.search(connection.endpoint or ""):
        return found[1]
    raise InvalidInput(
        f"The connection {connection.name!r} has no region.",
        "OSS needs it, such as cn-shanghai.",
    )


def _for_sdk(keys: Credentials) -> oss.credentials.Credentials:
    return oss.credentials.Credentials(keys.access_key_id, keys.access_key_secret, keys.security_token)


def _collected(blocks: Iterator[bytes], length: int | None) -> bytes:
    """At most `length` bytes, whatever a server sends."""
    content = bytearray()
    for block in blocks:
        content += block
        if length is not None and len(content) >= length:
            del content[length:]
            break
    return bytes(content)
