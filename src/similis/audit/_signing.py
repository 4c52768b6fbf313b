"""Signs calls of the cloud protocol, as its SDKs do: all three schemes, as little of them as the audit needs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

FORM = "application/x-www-form-urlencoded"


def acs3(
    identity: str,
    secret: str,
    host: str,
    action: str,
    version: str,
    body: bytes,
    query: Mapping[str, str],
    more: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Headers of a POST to `/` signed by ACS3-HMAC-SHA256, with more of them where they shall be signed, too."""
    digest = hashlib.sha256(body).hexdigest()
    own = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": digest,
        "x-acs-date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": secrets.token_hex(16),
        "x-acs-version": version,
        **(more or {}),
    }
    names = ";".join(sorted(own))
    lines = "".join(f"{name}:{own[name]}\n" for name in sorted(own))
    canonical = f"POST\n/\n{_joined(query)}\n{lines}\n{names}\n{digest}"
    text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    proof = f"ACS3-HMAC-SHA256 Credential={identity},SignedHeaders={names},Signature={signature}"
    return own | {"authorization": proof, "content-type": FORM}


def rpc(identity: str, secret: str, method: str, query: Mapping[str, str], form: Mapping[str, str]) -> dict[str, str]:
    """The whole query of a call signed by RPC HMAC-SHA1; the form's fields are covered, too."""
    own = {
        "AccessKeyId": identity,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": secrets.token_hex(16),
        "Timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        **query,
    }
    text = f"{method}&%2F&{_escaped(_joined(own | dict(form)))}"
    digest = hmac.digest(f"{secret}&".encode(), text.encode(), hashlib.sha1)
    return own | {"Signature": base64.b64encode(digest).decode()}


def roa(
    identity: str, secret: str, path: str, body: bytes, content_type: str, query: Mapping[str, str]
) -> dict[str, str]:
    """Headers of a POST signed by ROA HMAC-SHA1."""
    own = {
        "accept": "application/json",
        "content-md5": base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode(),
        "content-type": content_type,
        "date": f"{datetime.now(UTC):%a, %d %b %Y %H:%M:%S} GMT",
        "x-acs-signature-nonce": secrets.token_hex(16),
    }
    lines = "".join(f"{own[name]}\n" for name in ("accept", "content-md5", "content-type", "date"))
    asked = "?" + "&".join(f"{name}={query[name]}" for name in sorted(query)) if query else ""
    text = f"POST\n{lines}x-acs-signature-nonce:{own['x-acs-signature-nonce']}\n{path}{asked}"
    digest = hmac.digest(secret.encode(), text.encode(), hashlib.sha1)
    return own | {"authorization": f"acs {identity}:{base64.b64encode(digest).decode()}"}


def _joined(pairs: Mapping[str, str]) -> str:
    return "&".join(f"{_escaped(name)}={_escaped(pairs[name])}" for name in sorted(pairs))


def _escaped(text: str) -> str:
    return quote(text, safe="~")
