"""Where a shop shows its own pictures: a URL with placeholders. Similis itself never calls it, only browsers do."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from similis.domain._errors import InvalidUrl

MAX_PICTURE_URL = 1_000
PICTURE_URL_FIELDS = ("product_id", "pic_name", "custom_content")
_LABEL = r"[A-Za-z0-9-]{1,63}"
_BEGIN = re.compile(rf"https?://(?P<host>(?:{_LABEL}\.)*{_LABEL})(?::(?P<port>[0-9]{{1,5}}))?(?=[/?#]|$)", re.ASCII)
_MOST_HOST, _MOST_PORT = 253, 65_535  # as DNS and TCP have it
_PORTS = {"http": 80, "https": 443}
_USER = re.compile(r"https?://[^/?#]*@")
_WRITTEN = re.compile(r"[!#-;=?-\[\]_a-z{}~]+", re.ASCII)  # what a URL is written in, and braces
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_EXAMPLE = "Give one such as https://shop.example/p/{product_id}/{pic_name}, or none."


def check_picture_url(template: str) -> str:
    """Return a picture URL once it is found right.

    Raises:
        InvalidUrl: it is too long, no `http` or `https` URL, has credentials, no placeholder, or one of another name.
    """
    if len(template) > MAX_PICTURE_URL:
        raise InvalidUrl(
            f"The picture URL has {len(template):,} characters.", f"Give one of at most {MAX_PICTURE_URL:,}."
        )
    if not _WRITTEN.fullmatch(template):
        raise InvalidUrl("The picture URL is empty or has characters that no URL has.", f"Encode them. {_EXAMPLE}")
    if _USER.match(template):
        raise InvalidUrl("The picture URL has credentials in it.", "Every browser would see them. Leave them out.")
    begin = _BEGIN.match(template)
    if begin is None or len(begin["host"]) > _MOST_HOST or not 1 <= int(begin["port"] or 1) <= _MOST_PORT:
        raise InvalidUrl("The picture URL does not begin with http:// or https:// and the name of a host.", _EXAMPLE)
    _check_placeholders(template)
    return template


def picture_origin(template: str) -> str:
    """Scheme, host and port, as browsers write them, of a picture URL that was found right."""
    parts = urlsplit(template.lower())
    default = parts.port in {None, _PORTS[parts.scheme]}
    return f"{parts.scheme}://{parts.hostname}" + ("" if default else f":{parts.port}")


def _check_placeholders(template: str) -> None:
    there = ", ".join(f"{{{name}}}" for name in PICTURE_URL_FIELDS)
    names = _PLACEHOLDER.findall(template)
    if unknown := [name for name in names if name not in PICTURE_URL_FIELDS]:
        raise InvalidUrl(f"The picture URL has an unknown placeholder {{{unknown[0][:40]}}}.", f"There are {there}.")
    if "{" in (rest := _PLACEHOLDER.sub("", template)) or "}" in rest:
        raise InvalidUrl("The picture URL has a brace without its other half.", f"Placeholders are {there}.")
    if not names:
        raise InvalidUrl("The picture URL has no placeholder: all pictures would be the same.", f"There are {there}.")
