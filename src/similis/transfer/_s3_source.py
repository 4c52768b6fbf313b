"""A bucket of anything that speaks S3, by the object store client obstore."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from similis.domain import Connection, Credentials, CredentialsRefused, SimilisError, SourceDenied
from similis.transfer._endpoint import check_host, endpoint_url
from similis.transfer._refusals import Place, reason
from similis.transfer._source import ObjectInfo

if TYPE_CHECKING:  # these are not there at run time
    from obstore import GetOptions
    from obstore.store import ClientConfig, RetryConfig, S3Config, S3Credential

_CONNECT, _READ, _WHOLE = timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=5)
_RETRIES: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(minutes=2)}
_STATUS = re.compile(r"Server returned non-2xx status code: ([0-9]{3})")
_UNREADABLE_RANGE = "416"
_CODE = re.compile(r"<Code>([A-Za-z.]+)</Code>")
_WHERE = re.compile(r"<(?:Region|Endpoint)>([A-Za-z0-9.-]+)<")
_OF_OTHER_REGIONS = {"AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect"}
_BARE_REDIRECT = "redirect without LOCATION"  # how AWS sends clients to the region of a bucket
_KEYS_OF_MACHINES = re.compile(r"performing [A-Z]+ http://(?:169\.254\.|\[fd00:ec2:)")
_END_OF_MESSAGE = "\n\nDebug source"


class S3Source:
    """A bucket that speaks S3: by paths, as nearly all such storage knows them, or by a host of its own."""

    def __init__(self, connection: Connection, bucket: str, credentials: Credentials | None) -> None:
        """Set up the client; nothing is asked yet.

        Raises:
            InvalidInput: the endpoint leads where none may.
        """
        self._region = connection.region
        self._url = endpoint_url(connection.endpoint_of(bucket) or _region_url(connection.region))
        self._bucket_url = self._url if connection.hosts_buckets else f"{self._url}/{bucket}"
        check_host(self._url)
        self._place = Place(connection, bucket, self._url)
        config: S3Config = {"endpoint": self._url, "virtual_hosted_style_request": connection.hosts_buckets}
        if connection.region:
            config["region"] = connection.region
        self._store = S3Store(
            bucket,
            config=config,
            client_options=_client_options(self._url),
            retry_config=_RETRIES,
            # Given this way nothing of the environment is mixed in, such as a session token.
            credential_provider=(lambda: _s3_credential(credentials)) if credentials else None,
        )

    def stat(self, name: str) -> ObjectInfo:
        """Look at an object."""
        try:
            found = obstore.head(self._store, name)
        except (BaseError, OSError, ValueError) as error:
            if _STATUS.search(str(error)) is None:
                raise self._failure(str(error), name) from None
            # The answer to HEAD has no body that says why; that to GET has. What it reads is dropped.
            with self._errors(name):
                found = obstore.get(self._store, name).meta
        if not (etag := found["e_tag"]):
            raise self._place.unreachable("it does not say which version (ETag) an object is")
        return ObjectInfo(found["size"], etag)

    def read(self, name: str, start: int = 0, length: int | None = None, etag: str | None = None) -> bytes:
        """Read an object or a part of it."""
        if length == 0:
            return b""
        options: GetOptions = {"range": {"offset": start} if length is None else (start, start + length)}
        if etag is not None:
            options["if_match"] = etag
        try:
            return bytes(obstore.get(self._store, name, options=options).bytes())
        except (BaseError, OSError, ValueError) as error:
            if (answer := _STATUS.search(str(error))) and answer[1] == _UNREADABLE_RANGE:  # nothing from `start` on
                return b""
            raise self._failure(str(error), name) from None

    def location(self) -> str | None:
        """The region by the header that AWS gives to everybody; else that of the connection, which was accepted."""
        with suppress(SourceDenied):
            self.holds("")
        try:
            answer = httpx.head(self._bucket_url, timeout=_CONNECT.total_seconds())
        except httpx.HTTPError:
            return self._region
        return answer.headers.get("x-amz-bucket-region") or self._region

    def holds(self, prefix: str) -> bool:
        """Whether there is any object below the prefix."""
        with self._errors():
            return any(obstore.list(self._store, prefix or None, chunk_size=1))

    def close(self) -> None:
        """The client's connections end with it."""

    @contextmanager
    def _errors(self, name: str | None = None) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError, ValueError) as error:
            raise self._failure(str(error), name) from None

    def _failure(self, text: str, name: str | None) -> SimilisError:
        """What the client's message is about; it is not shown, for storage repeats in it what was signed."""
        message = text.partition(_END_OF_MESSAGE)[0]
        if _KEYS_OF_MACHINES.search(message):  # the last place where the client looks for a key
            return CredentialsRefused(
                "There is no access key in the environment.",
                "Give the connection one, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for Similis.",
            )
        if answer := _STATUS.search(message):
            body = message[answer.end() :]
            code = found[1] if (found := _CODE.search(body)) else None
            where = f"it is {found[1]}" if code in _OF_OTHER_REGIONS and (found := _WHERE.search(body)) else None
            return self._place.refused(code, int(answer[1]), name, where)
        if _BARE_REDIRECT in message:
            return self._place.refused("PermanentRedirect", 301, name)
        if message.startswith("Could not parse path"):
            return self._place.refused("InvalidObjectName", 400, name)
        return self._place.unreachable(reason(text))


def _region_url(region: str | None) -> str:
    """AWS's own endpoint; regions in China have another domain."""
    name = region or "us-east-1"
    return f"https://s3.{name}.amazonaws.com" + (".cn" if name.startswith("cn-") else "")


def _client_options(url: str) -> ClientConfig:
    return {
        "allow_http": url.startswith("http://"),
        "connect_timeout": _CONNECT,
        "read_timeout": _READ,
        "timeout": _WHOLE,
    }


def _s3_credential(credentials: Credentials) -> S3Credential:
    return {
        "access_key_id": credentials.access_key_id,
        "secret_access_key": credentials.access_key_secret,
        "token": credentials.security_token,
        "expires_at": None,
    }
