"""Signatures of the wire protocol: which scheme a request uses, what it claims, and whether the claim is proven.

Pure functions of the request and the secret; who the keys belong to is the business of `_caller`.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Protocol

from similis.gateway.alibaba import _acs3, _roa, _rpc
from similis.gateway.alibaba._claim import Claim, Scheme, missing
from similis.gateway.alibaba._errors import WireError
from similis.gateway.alibaba._request import WireRequest

__all__ = ["Claim", "Scheme", "claim", "verify"]


class _Signing(Protocol):
    """What the module of each scheme does."""

    def recognises(self, request: WireRequest, /) -> bool: ...
    def read(self, request: WireRequest, /) -> Claim: ...
    def signed_text(self, request: WireRequest, claimed: Claim, /) -> str: ...
    def sign(self, text: str, secret: str, /) -> str: ...


_HEADER_SCHEMES: Mapping[Scheme, _Signing] = {Scheme.ACS3: _acs3, Scheme.ROA: _roa}
_SCHEMES: Mapping[Scheme, _Signing] = {**_HEADER_SCHEMES, Scheme.RPC: _rpc}
_MISMATCH = "Specified signature is not matched with our calculation."
_SHOWN = 1500
_PICTURE = "PicContent"  # in the query, small ones would be shown


def claim(request: WireRequest) -> Claim:
    """Find who a request says that it comes from.

    Raises:
        WireError: 400; it says nothing (MissingAccessKeyId), or parts of the proof are missing or malformed.
    """
    for scheme in _HEADER_SCHEMES.values():
        if scheme.recognises(request):
            return scheme.read(request)
    if token := request.headers.get("x-acs-bearer-token") or request.parameters.get("BearerToken"):
        return _read_bearer(token)
    if _rpc.recognises(request):
        return _rpc.read(request)
    raise missing("AccessKeyId")


def verify(claimed: Claim, request: WireRequest, secret: str) -> None:
    """Check a claim against the secret of its key, in a time that does not tell how much of it is right.

    Raises:
        WireError: 400 SignatureDoesNotMatch, InvalidBearerToken, or ContentMD5NotMatched for another body.
    """
    if claimed.scheme is Scheme.BEARER:
        _check_bearer(claimed, secret)
    else:
        _check_signature(claimed, request, secret)
    _check_body(request)


def _read_bearer(token: str) -> Claim:
    identity, _, rest = token.strip().partition(":")
    secret, _, security_token = rest.partition(":")
    return Claim(Scheme.BEARER, identity, secret, security_token=security_token or None)


def _check_bearer(claimed: Claim, secret: str) -> None:
    if not hmac.compare_digest(secret.encode(), claimed.signature.encode()):
        raise WireError(400, "InvalidBearerToken", "Specified bearer token is not valid.")


def _check_signature(claimed: Claim, request: WireRequest, secret: str) -> None:
    scheme = _SCHEMES[claimed.scheme]
    text = scheme.signed_text(request, claimed)
    expected = scheme.sign(text, secret)
    if not hmac.compare_digest(expected.encode(), claimed.signature.encode()):
        raise WireError(400, "SignatureDoesNotMatch", f"{_MISMATCH}{_shown(text, claimed)}")


def _check_body(request: WireRequest) -> None:
    if not _acs3.body_agrees(request):
        detail = "x-acs-content-sha256 is not the digest of the body."
        raise WireError(400, "SignatureDoesNotMatch", f"{_MISMATCH} {detail}")
    if not _roa.body_agrees(request):
        raise WireError(400, "ContentMD5NotMatched", "Specified Content-MD5 is not matched with our calculation.")


def _shown(text: str, claimed: Claim) -> str:
    """What was signed here, for the caller to compare; not where it carries a picture, and never a token."""
    if len(text) > _SHOWN or _PICTURE in text:
        return ""
    hidden = text.replace(claimed.security_token, "***") if claimed.security_token else text
    return f" server string to sign is:{hidden}"
