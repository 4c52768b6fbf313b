"""A signer written apart from the service, with urllib's escapes, as the SDKs have it."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote

from similis.gateway.alibaba._request import WireRequest

SECRET = "the secret"
FORM = "application/x-www-form-urlencoded"

Pairs = tuple[tuple[str, str], ...]


def request(
    method: str = "POST",
    path: str = "/",
    query: Pairs = (),
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    form: Pairs = (),
) -> WireRequest:
    return WireRequest(method, path, query, headers or {}, body, form, "ID")


def changed(before: WireRequest, **fields: object) -> WireRequest:
    names = ("method", "path", "query", "headers", "body", "form")
    return request(**{**{name: getattr(before, name) for name in names}, **fields})


def sign_acs3(plain: WireRequest) -> WireRequest:
    own = {
        "host": "shop.example",
        "x-acs-date": "2026-11-23T20:57:11Z",
        "x-acs-signature-nonce": "n-1",
        "x-acs-content-sha256": hashlib.sha256(plain.body).hexdigest(),
        **plain.headers,
    }
    names = ";".join(sorted(own))
    lines = "".join(f"{name}:{own[name].strip()}\n" for name in sorted(own))
    query = "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(plain.query))
    canonical = f"{plain.method}\n{plain.path}\n{query}\n{lines}\n{names}\n{hashlib.sha256(plain.body).hexdigest()}"
    text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    signature = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()
    proof = f"ACS3-HMAC-SHA256 Credential=AK,SignedHeaders={names},Signature={signature}"
    return changed(plain, headers={**own, "authorization": proof})


def sign_rpc(plain: WireRequest) -> WireRequest:
    own = {
        "AccessKeyId": "AK",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": "n-1",
        "Timestamp": "2026-11-23T20:57:11Z",
        **dict(plain.query),
    }
    covered = {**own, **dict(plain.form)}
    joined = "&".join(f"{quote(name, safe='~')}={quote(covered[name], safe='~')}" for name in sorted(covered))
    text = f"{plain.method}&%2F&{quote(joined, safe='~')}"
    digest = hmac.new(f"{SECRET}&".encode(), text.encode(), hashlib.sha1).digest()
    return changed(plain, query=(*own.items(), ("Signature", base64.b64encode(digest).decode())))


def sign_roa(plain: WireRequest) -> WireRequest:
    own = {
        "accept": "application/json",
        "content-md5": base64.b64encode(hashlib.md5(plain.body, usedforsecurity=False).digest()).decode(),
        "content-type": FORM,
        "date": "Mon, 23 Nov 2026 21:01:27 GMT",
        **plain.headers,
    }
    text = f"{plain.method}\n"
    text += "".join(f"{own[name]}\n" for name in ("accept", "content-md5", "content-type", "date"))
    text += "".join(f"{name}:{own[name]}\n" for name in sorted(own) if name.startswith("x-acs-"))
    text += plain.path
    if plain.query:
        text += "?" + "&".join(f"{name}={value}" if value else name for name, value in sorted(plain.query))
    digest = hmac.new(SECRET.encode(), text.encode(), hashlib.sha1).digest()
    proof = f"acs AK:{base64.b64encode(digest).decode()}"
    return changed(plain, headers={**own, "authorization": proof})
