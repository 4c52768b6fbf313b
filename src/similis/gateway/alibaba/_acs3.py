"""ACS3-HMAC-SHA256, the signature of today's SDKs: covers path, query, named headers and the body's digest."""

from __future__ import annotations

import hashlib
import hmac
import re

from similis.gateway.alibaba._claim import ISO_TIME, Claim, Scheme, escaped, malformed, missing, read_moment
from similis.gateway.alibaba._request import WireRequest

_PREFIX = "ACS3-"
_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9A-Fa-f]+)"
)
_DIGEST = "x-acs-content-sha256"
_NEEDED = ("host", "x-acs-date", "x-acs-signature-nonce", _DIGEST)


def recognises(request: WireRequest) -> bool:
    """Whether the request carries a signature of this scheme."""
    return request.headers.get("authorization", "").startswith(_PREFIX)


def read(request: WireRequest) -> Claim:
    """Read the claim.

    Raises:
        WireError: parts are missing, malformed or not signed.
    """
    found = _AUTHORIZATION.fullmatch(request.headers["authorization"].strip())
    if found is None:
        raise malformed("Authorization must be ACS3-HMAC-SHA256 Credential=ID,SignedHeaders=a;b,Signature=hex.")
    headers = request.headers
    signed = tuple(found[2].lower().split(";"))
    _check_signed(request, signed)
    return Claim(
        Scheme.ACS3,
        key_id=found[1],
        signature=found[3].lower(),
        moment=read_moment(headers["x-acs-date"], ISO_TIME),
        nonce=headers["x-acs-signature-nonce"],
        security_token=headers.get("x-acs-security-token") or None,
        signed_headers=signed,
    )


def signed_text(request: WireRequest, claimed: Claim) -> str:
    """Return the canonical request."""
    lines = [f"{name}:{request.headers.get(name, '').strip()}\n" for name in claimed.signed_headers]
    return "\n".join(
        (
            request.method,
            request.path,
            "&".join(f"{escaped(name)}={escaped(value)}" for name, value in sorted(request.query)),
            "".join(lines),
            ";".join(claimed.signed_headers),
            hashlib.sha256(request.body).hexdigest(),
        )
    )


def sign(text: str, secret: str) -> str:
    """Return the signature of a canonical request, lower-case hexadecimal."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return hmac.new(secret.encode(), f"{Scheme.ACS3}\n{digest}".encode(), hashlib.sha256).hexdigest()


def body_agrees(request: WireRequest) -> bool:
    """Whether the body has the digest that the request declares, if it declares one."""
    declared = request.headers.get(_DIGEST)
    return declared is None or declared.strip().lower() == hashlib.sha256(request.body).hexdigest()


def _check_signed(request: WireRequest, signed: tuple[str, ...]) -> None:
    for name in _NEEDED:
        if not request.headers.get(name):
            raise missing(name)
    # Else a stranger could have one long header written out thousands of times before the signature is checked.
    if len(set(signed)) < len(signed):
        raise malformed("SignedHeaders must name each header once.")
    # The protocol's own headers decide what is done: one that is not signed could have been added on the way.
    present = {name for name in request.headers if name.startswith("x-acs-")}
    if loose := sorted({*_NEEDED, *present} - set(signed)):
        raise malformed(f"SignedHeaders must name {', '.join(loose)}.")
