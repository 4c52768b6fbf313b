"""Takes an HTTP request apart into a `WireRequest`."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import TypeAlias
from urllib.parse import parse_qsl

from starlette.requests import Request

from similis.gateway.alibaba._errors import Refused
from similis.gateway.alibaba._request import WireRequest

Pairs: TypeAlias = tuple[tuple[str, str], ...]
# No action has more than twenty; strangers' bodies are read before their signatures can be checked.
_MAX_PAIRS = 256
_MAX_JSON_MARKS = 10_000


def head_of(request: Request) -> WireRequest:
    """The request without its parameters, which cost time to read."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return WireRequest(
        method=request.method,
        path=(request.scope.get("raw_path") or request.url.path.encode()).decode("latin-1"),
        query=(),
        headers=headers,
        body=b"",
        form=(),
        request_id=str(uuid.uuid4()).upper(),
    )


def with_parameters(head: WireRequest, query: bytes, body: bytes) -> WireRequest:
    """The whole request.

    Raises:
        Refused: `BadRequest` when query or body cannot be read.
    """
    try:
        pairs = _pairs(query)
    except ValueError:
        raise Refused("BadRequest", f"The query has more than {_MAX_PAIRS} parameters.") from None
    return replace(head, query=pairs, body=body, form=form_of(head.headers.get("content-type", ""), body))


def form_of(content_type: str, body: bytes) -> Pairs:
    """The decoded pairs of a form or of a flat JSON object; none for bodies of other types.

    Raises:
        Refused: `BadRequest` when the body is not what it is declared to be.
    """
    kind = content_type.partition(";")[0].strip().lower()
    try:
        if kind == "application/x-www-form-urlencoded":
            return _pairs(body)
        if kind == "application/json" and body.strip():
            return _json_pairs(body)
    except (ValueError, TypeError, RecursionError):
        raise Refused("BadRequest", f"The body is no {kind} that can be read.") from None
    return ()


def _pairs(text: bytes) -> Pairs:
    return tuple(parse_qsl(text.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MAX_PAIRS))


def _json_pairs(body: bytes) -> Pairs:
    if sum(map(body.count, (b",", b"[", b"{"))) > _MAX_JSON_MARKS:
        raise ValueError("too many values")
    values = json.loads(body)
    if not isinstance(values, dict):
        raise TypeError(type(values).__name__)
    return tuple((_text(name), _text(value)) for name, value in values.items() if value is not None)


def _text(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    text.encode()  # fails on half of a surrogate pair, which is no text
    return text
