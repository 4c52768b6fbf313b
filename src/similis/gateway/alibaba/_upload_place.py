"""Where a client is told to upload to: the `Bucket` and `Endpoint` that SDKs join to `https://{Bucket}.{Endpoint}/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import Scope

from similis.gateway.alibaba._errors import Refused

PLAIN_PATH = "/_oss"
_CLOUD = ".aliyuncs.com"


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
    secure = "https" in (scope["scheme"], headers.get("x-forwarded-proto"))
    if upload_host is None and not secure and "Python/" in headers.get("user-agent", ""):
        return UploadPlace(f"http://{_called_host(headers) or _joined(*scope['server'])}{PLAIN_PATH}/b", "e")
    for host in (upload_host, _called_host(headers) if secure else None, *_own_hosts(headers, scope, tls_port)):
        name, dot, rest = (host or "").partition(".")
        if name and dot and rest:
            return UploadPlace(name, rest)
    raise Refused(
        "UnsupportedOperationType",
        "This SDK uploads over TLS only: start the service with --tls-cert and --tls-key or set SIMILIS_UPLOAD_HOST, "
        "or send the picture in Base64 as PicContent.",
    )


def _called_host(headers: Mapping[str, str]) -> str | None:
    """The host the client called us by; None when it meant the cloud's and came by a proxy setting or its own DNS."""
    host = headers.get("host", "")
    return host if host and not host.partition(":")[0].endswith(_CLOUD) else None


def _own_hosts(headers: Mapping[str, str], scope: Scope, tls_port: int | None) -> list[str]:
    if tls_port is None:
        return []
    called = (_called_host(headers) or "").partition(":")[0]
    return [f"{called}:{tls_port}", f"{scope['server'][0]}:{tls_port}"]


def _joined(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
