"""The address by which a client reached this service, for links that it is given."""

from __future__ import annotations

import re
from collections.abc import Mapping

from starlette.types import Scope

_CLOUD = ".aliyuncs.com"
_HOST = re.compile(r"[A-Za-z0-9._-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?", re.ASCII)


def origin_of(scope: Scope, headers: Mapping[str, str]) -> str:
    """Scheme and host by which a client came, such as `https://img.example.com`.

    Args:
        scope: of the request.
        headers: of the request, by lower-case name.
    """
    scheme = "https" if is_secure(scope, headers) else "http"
    return f"{scheme}://{called_host(headers) or own_host(scope)}"


def is_secure(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Whether a client came by TLS, which a proxy before us may have ended."""
    return "https" in (scope["scheme"], headers.get("x-forwarded-proto"))


def called_host(headers: Mapping[str, str]) -> str | None:
    """The host the client called us by; None when it meant the cloud's and came by a proxy setting or its own DNS."""
    host = headers.get("host", "")
    return host if _HOST.fullmatch(host) and not host.partition(":")[0].endswith(_CLOUD) else None


def own_host(scope: Scope) -> str:
    """The address and port at which the request came in."""
    address, port = scope["server"]
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
