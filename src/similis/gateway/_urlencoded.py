"""Url-encoded forms: what HTML forms without files and `curl -d` send."""

from __future__ import annotations

from urllib.parse import parse_qsl

from fastapi import Request

from similis.domain import InvalidInput
from similis.gateway._multipart import MAX_TEXT_BYTES, MAX_TEXTS, Part

MEDIA_TYPE = "application/x-www-form-urlencoded"


def is_urlencoded(request: Request) -> bool:
    """Whether a request declares its body as such a form."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == MEDIA_TYPE


async def read_fields(request: Request) -> list[Part]:
    """Read a url-encoded body into names and values.

    Raises:
        InvalidInput: it is not url-encoded, or has too many or too long fields.
    """
    content = await request.body()
    try:
        fields = parse_qsl(
            content.decode(), keep_blank_values=True, strict_parsing=bool(content), errors="strict",
            max_num_fields=MAX_TEXTS,
        )  # fmt: skip
    except ValueError:
        raise _unreadable(f"is malformed, not UTF-8 or has more than {MAX_TEXTS} fields") from None
    if any(len(value.encode()) > MAX_TEXT_BYTES for pair in fields for value in pair):
        raise _unreadable(f"has a field of more than {MAX_TEXT_BYTES:,} bytes")
    return list(fields)


def _unreadable(why: str) -> InvalidInput:
    return InvalidInput(f"The form {why}.", f"Send {MEDIA_TYPE} as name=value&name=value, or multipart/form-data.")
