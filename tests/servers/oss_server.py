"""An OSS of the tests' own, which checks signatures of version 4 as Alibaba Cloud describes them.

It computes each signature from what arrived, by the page "Include a V4 signature in the Authorization header" of the
OSS documentation, and shares no code with the SDK that signs. Its answers to HEAD do not say why they refuse.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from similis.domain import Connection, Credentials, Provider

HOST = "127.0.0.1"
SKEW = timedelta(minutes=15)
_ALGORITHM = "OSS4-HMAC-SHA256"
_READ = frozenset({"oss:GetObject", "oss:ListObjects", "oss:GetBucketLocation"})
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_CREDENTIAL = re.compile(
    r"OSS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)/oss/aliyun_v4_request,"
    r"\s*(?:AdditionalHeaders=(?P<additional>[^,]+),\s*)?Signature=(?P<signature>[0-9a-f]{64})"
)


class Refusal(Exception):
    """An answer that is an error of OSS."""

    def __init__(self, status: int, code: str, message: str = "", ec: str = "", endpoint: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.message, self.ec, self.endpoint = status, code, message, ec, endpoint


@dataclass
class Account:
    """An access key: its secret, the token it must come with, if any, and what it may do."""

    secret: str
    token: str | None = None
    expires: datetime | None = None
    allowed: frozenset[str] = _READ


@dataclass
class Stored:
    """An object and its version."""

    content: bytes
    etag: str


@dataclass
class Request:
    """What arrived, as far as a signature covers it."""

    method: str
    path: str
    query: str
    headers: dict[str, str]

    @property
    def bucket(self) -> str:
        return unquote(self.path).lstrip("/").partition("/")[0]

    @property
    def name(self) -> str:
        return unquote(self.path).lstrip("/").partition("/")[2]


def signature(request: Request, secret: str, scope: tuple[str, str], time: str, additional: str = "") -> str:
    """The signature that a request must have.

    Args:
        request: what arrived.
        secret: of the key that it names.
        scope: date and region that it names.
        time: of its header x-oss-date.
        additional: names of further signed headers, with semicolons.
    """
    names = set(additional.split(";")) - {""}
    signed = sorted(
        (name, value.strip())
        for name, value in request.headers.items()
        if name.startswith("x-oss-") or name in {"content-type", "content-md5"} or name in names
    )
    pairs = sorted(
        (quote(name, safe=""), quote(value, safe=""))
        for name, value in parse_qsl(request.query, keep_blank_values=True)
    )
    canonical = "\n".join(
        [
            request.method,
            quote(unquote(request.path), safe="/"),
            "&".join(f"{name}={value}" if value else name for name, value in pairs),
            "".join(f"{name}:{value}\n" for name, value in signed),
            ";".join(sorted(names)),
            request.headers.get("x-oss-content-sha256", "UNSIGNED-PAYLOAD"),
        ]
    )
    date, region = scope
    to_sign = "\n".join(
        [
            _ALGORITHM,
            time,
            f"{date}/{region}/oss/aliyun_v4_request",
            hashlib.sha256(canonical.encode()).hexdigest(),
        ]
    )
    key = b"aliyun_v4" + secret.encode()
    for part in (date, region, "oss", "aliyun_v4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, to_sign.encode(), "sha256").hexdigest()


@dataclass
class OssServer:
    """Buckets in memory, in threads of this process; other processes reach it by its endpoint.

    Attributes:
        region: of all buckets but those that are made in another.
        accounts: by access key id.
        ahead: how far its clock is ahead of this machine's.
        failures: what to do instead of answering, one for each request: a status, or None to break off the answer.
    """

    region: str = "cn-shanghai"
    accounts: dict[str, Account] = field(default_factory=dict)
    ahead: timedelta = timedelta()
    failures: list[int | None] = field(default_factory=list)
    credentials = Credentials("LTAIEXAMPLE", "secret-of-the-tests")

    def __post_init__(self) -> None:
        self.accounts[self.credentials.access_key_id] = Account(self.credentials.access_key_secret)
        self._buckets: dict[str, tuple[str, dict[str, Stored]]] = {}
        self._versions = itertools.count(1)
        self._http = ThreadingHTTPServer((HOST, 0), type("Handler", (_Handler,), {"oss": self}))
        self._http.daemon_threads = True

    @property
    def endpoint(self) -> str:
        """URL of the server; by an address, so clients put the bucket into the path."""
        return f"http://{HOST}:{self._http.server_port}"

    def start(self) -> None:
        """Start it."""
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """End it."""
        self._http.shutdown()
        self._http.server_close()

    def connection(self, **fields: Any) -> Connection:  # noqa: ANN401 - as the fields are
        """A connection to it."""
        standard = {"name": "oss", "provider": Provider.OSS, "endpoint": self.endpoint, "region": self.region}
        return Connection(**{**standard, **fields})

    def create_bucket(self, bucket: str, region: str | None = None) -> None:
        """Make an empty bucket."""
        self._buckets[bucket] = (region or self.region, {})

    def put(self, bucket: str, name: str, content: bytes) -> None:
        """Put an object, or replace it."""
        self._buckets[bucket][1][name] = Stored(content, f'"{next(self._versions):032X}"')

    def remove(self, bucket: str, name: str) -> None:
        """Remove an object."""
        del self._buckets[bucket][1][name]

    def now(self) -> datetime:
        """Its time."""
        return datetime.now(UTC) + self.ahead

    def admit(self, request: Request) -> Account:
        """Who asks, once it is certain.

        Raises:
            Refusal: nobody that is known, or not now.
        """
        claim = _CREDENTIAL.fullmatch(request.headers.get("authorization", ""))
        if claim is None:
            raise Refusal(403, "AccessDenied", "Anonymous access is forbidden for this operation.")
        account = self.accounts.get(claim["key"])
        if account is None:
            raise Refusal(403, "InvalidAccessKeyId", "The OSS Access Key Id you provided does not exist.")
        time = request.headers.get("x-oss-date", "")
        sent = datetime.strptime(time, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if abs(self.now() - sent) > SKEW or not time.startswith(claim["date"]):
            raise Refusal(403, "RequestTimeTooSkewed", "The difference between the times is too large.")
        if claim["region"] != self.region:
            raise Refusal(400, "InvalidArgument", "Invalid signing region in Authorization header.", "0002-00000226")
        scope = claim["date"], claim["region"]
        if signature(request, account.secret, scope, time, claim["additional"] or "") != claim["signature"]:
            raise Refusal(403, "SignatureDoesNotMatch", "The request signature we calculated does not match.")
        if account.token != request.headers.get("x-oss-security-token"):
            raise Refusal(403, "InvalidSecurityToken", "The security token you provided is invalid.")
        if account.expires is not None and account.expires < self.now():
            raise Refusal(403, "SecurityTokenExpired", "The security token you provided has expired.")
        return account

    def answer(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body.

        Raises:
            Refusal: it is an error.
        """
        account = self.admit(request)
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        action = (
            "oss:GetObject" if request.name else "oss:GetBucketLocation" if "location" in query else "oss:ListObjects"
        )
        objects = self._objects(request.bucket)
        if action not in account.allowed:
            raise Refusal(403, "AccessDenied", "You have no right to access this object because of bucket acl.")
        if request.name:
            return _object(objects, request)
        if "location" in query:
            body = f"<LocationConstraint>oss-{self.region}</LocationConstraint>"
        else:
            body = _listing(objects, request.bucket, query)
        return 200, {"Content-Type": "application/xml"}, f'<?xml version="1.0"?>{body}'.encode()

    def _objects(self, bucket: str) -> dict[str, Stored]:
        if bucket not in self._buckets:
            raise Refusal(404, "NoSuchBucket", "The specified bucket does not exist.")
        region, objects = self._buckets[bucket]
        if region != self.region:
            told = "The bucket you are attempting to access must be addressed using the specified endpoint."
            raise Refusal(403, "AccessDenied", told, endpoint=f"oss-{region}.aliyuncs.com")
        return objects


def _object(objects: dict[str, Stored], request: Request) -> tuple[int, dict[str, str], bytes]:
    stored = objects.get(request.name)
    if stored is None:
        raise Refusal(404, "NoSuchKey", "The specified key does not exist.")
    wanted = request.headers.get("if-match")
    if wanted not in {None, stored.etag}:
        raise Refusal(412, "PreconditionFailed", "At least one of the pre-conditions did not hold.")
    size = len(stored.content)
    headers = {"ETag": stored.etag, "Content-Type": "application/octet-stream", "x-oss-object-type": "Normal"}
    span = _RANGE.fullmatch(request.headers.get("range", ""))
    if span is None:
        return 200, headers, stored.content
    first, last = int(span[1]), int(span[2] or size)
    if first >= size:
        if request.headers.get("x-oss-range-behavior") == "standard":
            raise Refusal(416, "InvalidRange", "The requested range cannot be satisfied.")
        return 200, headers, stored.content  # as OSS does when it is not told to follow the standard
    part = stored.content[first : last + 1]
    return 206, {**headers, "Content-Range": f"bytes {first}-{first + len(part) - 1}/{size}"}, part


def _listing(objects: dict[str, Stored], bucket: str, query: dict[str, str]) -> str:
    most = int(query.get("max-keys", "100"))
    names = sorted(name for name in objects if name.startswith(query.get("prefix", "")))
    contents = "".join(
        f"<Contents><Key>{quote(name)}</Key><ETag>{escape(objects[name].etag)}</ETag>"
        f"<Size>{len(objects[name].content)}</Size></Contents>"
        for name in names[:most]
    )
    return (
        f"<ListBucketResult><Name>{bucket}</Name><MaxKeys>{most}</MaxKeys><EncodingType>url</EncodingType>"
        f"<IsTruncated>{str(len(names) > most).lower()}</IsTruncated><KeyCount>{len(names[:most])}</KeyCount>"
        f"{contents}</ListBucketResult>"
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    oss: OssServer

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        failure = self.oss.failures.pop(0) if self.oss.failures else 200
        try:
            if failure not in {200, None}:
                status, more, body = _error(Refusal(failure or 500, "InternalError", "Please try again later."))
            else:
                status, more, body = self.oss.answer(Request(self.command, url.path, url.query, headers))
        except Refusal as refusal:
            status, more, body = _error(refusal)
        self._send(status, more, body, whole=failure is not None)

    do_HEAD = do_GET  # noqa: N815 - the name it must have

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def _send(self, status: int, headers: dict[str, str], body: bytes, *, whole: bool) -> None:
        self.send_response_only(status)
        self.send_header("Date", format_datetime(self.oss.now(), usegmt=True))
        self.send_header("x-oss-request-id", "5C3D9175B6FC201293AD0000")
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body if whole else body[: len(body) // 2])
        self.close_connection = not whole


def _error(refusal: Refusal) -> tuple[int, dict[str, str], bytes]:
    def parts() -> Iterator[str]:
        yield f"<Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>"
        yield "<RequestId>5C3D9175B6FC201293AD0000</RequestId>"
        if refusal.ec:
            yield f"<EC>{refusal.ec}</EC>"
        if refusal.endpoint:
            yield f"<Endpoint>{refusal.endpoint}</Endpoint>"

    body = f'<?xml version="1.0" encoding="UTF-8"?><Error>{"".join(parts())}</Error>'.encode()
    return refusal.status, {"Content-Type": "application/xml"}, body
