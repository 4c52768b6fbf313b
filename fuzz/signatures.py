"""Signatures: any request is read or refused, and signed is what the protocol's description plainly says.

The input is an HTTP/1.1 request: what the HTTP library makes of it is what the gateway gets.
"""

from __future__ import annotations

import dataclasses
import hashlib
from urllib.parse import quote

from starlette.requests import Request

from similis.gateway.alibaba import _acs3, _roa, _rpc
from similis.gateway.alibaba._claim import Claim, Scheme
from similis.gateway.alibaba._errors import Refused, WireError
from similis.gateway.alibaba._reading import head_of, with_parameters
from similis.gateway.alibaba._request import WireRequest
from similis.gateway.alibaba._signatures import claim, verify

_SECRET = "a-secret"  # noqa: S105 - opens nothing
_SCHEMES = {Scheme.ACS3: _acs3, Scheme.ROA: _roa, Scheme.RPC: _rpc}


def check(data: bytes) -> None:
    """Read the claim of a request, check it, and sign the request as its owner would."""
    try:
        request = _read(data)
        claimed = claim(request)
    except (Refused, WireError):
        return
    _check_refused(claimed, request)
    if claimed.scheme is not Scheme.BEARER:
        scheme = _SCHEMES[claimed.scheme]
        text = scheme.signed_text(request, claimed)
        assert text == _PLAIN[claimed.scheme](request, claimed)
        _check_owner(dataclasses.replace(claimed, signature=scheme.sign(text, _SECRET)), request)


def _check_refused(claimed: Claim, request: WireRequest) -> None:
    """What a stranger claims is refused, with an answer that does not tell a token."""
    try:
        verify(claimed, request, _SECRET)
    except WireError as error:
        assert error.status == 400
        assert len(error.message) < 3000
    else:
        assert claimed.scheme is Scheme.BEARER
        assert claimed.signature == _SECRET


def _check_owner(claimed: Claim, request: WireRequest) -> None:
    """What the owner signs is good, unless it names another body; in no case does it go with another query."""
    good = _acs3.body_agrees(request) and _roa.body_agrees(request)
    try:
        verify(claimed, request, _SECRET)
        assert good
    except WireError:
        assert not good
    try:
        verify(claimed, dataclasses.replace(request, query=(*request.query, ("Another", "one"))), _SECRET)
    except WireError:
        return
    raise AssertionError("a parameter could be added to a signed request")


def _read(data: bytes) -> WireRequest:
    """What the gateway makes of a request: its line, its headers, an empty line and its body."""
    head, _, body = data.replace(b"\r\n", b"\n").partition(b"\n\n")
    line, *headers = head.split(b"\n")
    method, _, target = line.decode("latin-1").partition(" ")
    path, _, query = target.partition(" ")[0].partition("?")
    pairs = [header.partition(b":") for header in headers]
    scope = {
        "type": "http", "method": method.upper(), "path": path, "raw_path": path.encode("latin-1"),
        "headers": [(name.strip().lower(), value.strip()) for name, _, value in pairs],
    }  # fmt: skip
    return with_parameters(head_of(Request(scope)), query.encode("latin-1"), body)


def _quoted(text: str) -> str:
    return quote(text, safe="-._~")


def _plain_acs3(request: WireRequest, claimed: Claim) -> str:
    query = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(request.query))
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in claimed.signed_headers)
    digest = hashlib.sha256(request.body).hexdigest()
    return "\n".join((request.method, request.path, query, headers, ";".join(claimed.signed_headers), digest))


def _plain_roa(request: WireRequest, _claimed: Claim) -> str:
    headers = request.headers
    first = [request.method, *(headers.get(name, "") for name in ("accept", "content-md5", "content-type", "date"))]
    own = [f"{name}:{value}" for name, value in sorted(headers.items()) if name.startswith("x-acs-")]
    query = "&".join(name + (f"={value}" if value else "") for name, value in sorted(request.query))
    return "\n".join([*first, *own, request.path + (f"?{query}" if request.query else "")])


def _plain_rpc(request: WireRequest, _claimed: Claim) -> str:
    pairs = sorted({pair for pair in (*request.query, *request.form) if pair[0] != "Signature"})
    return f"{request.method}&%2F&" + _quoted("&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs))


_PLAIN = {Scheme.ACS3: _plain_acs3, Scheme.ROA: _plain_roa, Scheme.RPC: _plain_rpc}
