"""RPC HMAC-SHA1 1.0, signature version 2 of the SDKs: covers all parameters, those of a form body included."""

from __future__ import annotations

import base64
import hashlib
import hmac

from similis.gateway.alibaba._claim import ISO_TIME, Claim, Scheme, escaped, malformed, missing, read_moment
from similis.gateway.alibaba._request import WireRequest

_SIGNATURE = "Signature"
_FIXED = {"SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0"}
# Requests have some 30; sorting and escaping a million of them would be work done for a stranger.
_MAX_PARAMETERS = 500
_NEEDED = ("AccessKeyId", _SIGNATURE, *_FIXED, "SignatureNonce", "Timestamp")


def recognises(request: WireRequest) -> bool:
    """Whether the request carries a signature of this scheme, or began to."""
    return not request.parameters.keys().isdisjoint(_NEEDED)


def read(request: WireRequest) -> Claim:
    """Read the claim.

    Raises:
        WireError: parts are missing or malformed.
    """
    parameters = request.parameters
    for name in _NEEDED:
        if not parameters.get(name):
            raise missing(name)
    for name, value in _FIXED.items():
        if parameters[name] != value:
            raise malformed(f"{name} must be {value}.")
    if len(request.query) + len(request.form) > _MAX_PARAMETERS:
        raise malformed(f"A signed request may have {_MAX_PARAMETERS} parameters.")
    if request.path != "/":  # the signature does not cover the path
        raise malformed("A signature in the parameters goes with the path / only.")
    return Claim(
        Scheme.RPC,
        key_id=parameters["AccessKeyId"],
        signature=parameters[_SIGNATURE],
        moment=read_moment(parameters["Timestamp"], ISO_TIME),
        nonce=parameters["SignatureNonce"],
        security_token=parameters.get("SecurityToken") or None,
    )


def signed_text(request: WireRequest, _claimed: Claim) -> str:
    """Return the string to sign."""
    # Two values of one name both count, so that none can be slipped in beside the one that was signed.
    pairs = sorted({(name, value) for name, value in (*request.query, *request.form) if name != _SIGNATURE})
    joined = "&".join(f"{escaped(name)}={escaped(value)}" for name, value in pairs)
    return f"{request.method}&%2F&{escaped(joined)}"


def sign(text: str, secret: str) -> str:
    """Return the signature of a string to sign, Base64."""
    return base64.b64encode(hmac.digest(f"{secret}&".encode(), text.encode(), hashlib.sha1)).decode()
