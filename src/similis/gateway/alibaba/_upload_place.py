"""Where a client is told to upload to: the `Bucket` and `Endpoint` that SDKs join to `https://{Bucket}.{Endpoint}/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import Scope

from similis.gateway._origin import called_host, is_secure, own_host
from similis.gateway.alibaba._errors import Refused

PLAIN_PATH = "/_oss"


@dataclass(frozen=True, slots=True)
class UploadPlace:
    """An answer's `Bucket` and `Endpoint`."""

    bucket: str
    endpoint: str


def choose_place(
    headers: Mapping[str, str], scope: Scope, upload_host: str | None, tls_port: int | None
) -> UploadPlace:
    """Choose the host that the caller can upload to.

    Python SDKs keep a scheme that stands inside the host, and so can upload over plain HTTP where they call over it.
    All others insist on TLS.

    Args:
        headers: of the call, by lower-case name.
        scope: of the call, for its scheme and the address it came in by.
        upload_host: the public `name[:port]` for uploads over TLS, when the operator set one: it serves everyone.
        tls_port: the port on which this process listens for TLS, if it does.

    Raises:
        Refused: the caller needs TLS and there is none.
    """
    secure = is_secure(scope, headers)
    if upload_host is None and not secure and "Python/" in headers.get("user-agent", ""):
        return UploadPlace(f"http://{called_host(headers) or own_host(scope)}{PLAIN_PATH}/b", "e")
    for host in (upload_host, called_host(headers) if secure else None, *_own_hosts(headers, scope, tls_port)):
        name, dot, rest = (host or "").partition(".")
        if name and dot and rest:
            return UploadPlace(name, rest)
    raise Refused(
        "UnsupportedOperationType",
        "This SDK uploads over TLS only: start the service with --tls-cert and --tls-key or set SIMILIS_UPLOAD_HOST, "
        "or send the picture in Base64 as PicContent.",
    )


def _own_hosts(headers: Mapping[str, str], scope: Scope, tls_port: int | None) -> list[str]:
    if tls_port is None:
        return []
    called = (called_host(headers) or "").partition(":")[0]
    return [f"{called}:{tls_port}", f"{scope['server'][0]}:{tls_port}"]
