"""ROA HMAC-SHA1 1.0, the signature of the older path-style SDKs: covers path, query and the protocol's headers.

The body counts only through Content-MD5, where the SDK sends it; a nonce exists only in the newer of these SDKs.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from similis.gateway.alibaba._claim import HTTP_TIME, Claim, Scheme, malformed, missing, read_moment
from similis.gateway.alibaba._request import WireRequest

_PREFIX = "acs "
_AUTHORIZATION = re.compile(r"acs\s+([^:\s]+):([A-Za-z0-9+/]+=*)")
_METHOD = "x-acs-signature-method"
_COVERED = ("accept", "content-md5", "content-type", "date")


def recognises(request: WireRequest) -> bool:
    """Whether the request carries a signature of this scheme."""
    return request.headers.get("authorization", "").startswith(_PREFIX)


def read(request: WireRequest) -> Claim:
    """Read the claim.

    Raises:
        WireError: parts are missing or malformed.
    """
    headers = request.headers
    found = _AUTHORIZATION.fullmatch(headers["authorization"].strip())
    if found is None:
        raise malformed("Authorization must be acs ID:SIGNATURE.")
    if headers.get(_METHOD, "HMAC-SHA1") != "HMAC-SHA1":
        raise malformed(f"{_METHOD} must be HMAC-SHA1.")
    if not headers.get("date"):
        raise missing("date")
    _check_unambiguous(request)
    return Claim(
        Scheme.ROA,
        key_id=found[1],
        signature=found[2],
        moment=read_moment(headers["date"], HTTP_TIME),
        nonce=headers.get("x-acs-signature-nonce") or None,
        security_token=headers.get("x-acs-security-token") or None,
    )


def signed_text(request: WireRequest, _claimed: Claim) -> str:
    """Return the string to sign."""
    headers = request.headers
    own = [f"{name}:{headers[name]}" for name in sorted(headers) if name.startswith("x-acs-")]
    return "\n".join((request.method, *(headers.get(name, "") for name in _COVERED), *own, _resource(request)))


def sign(text: str, secret: str) -> str:
    """Return the signature of a string to sign, Base64."""
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), hashlib.sha1)).decode()


def body_agrees(request: WireRequest) -> bool:
    """Whether the body has the digest that the request declares, if it declares one."""
    declared = request.headers.get("content-md5")
    if not declared:
        return True
    digest = hashlib.md5(request.body, usedforsecurity=False).digest()
    return declared.strip() == base64.b64encode(digest).decode()


def _resource(request: WireRequest) -> str:
    if not request.query:
        return request.path
    return f"{request.path}?" + "&".join(
        f"{name}={value}" if value else name for name, value in sorted(request.query)
    )


def _check_unambiguous(request: WireRequest) -> None:
    # Values are signed without escapes: with these characters, another query would have the same signature.
    if any("&" in name + value or "=" in name for name, value in request.query):
        raise malformed("The query of this signature scheme cannot carry & in a value; send it in the body.")
