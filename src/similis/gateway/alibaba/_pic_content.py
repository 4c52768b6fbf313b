"""What a `PicContent` stands for: Base64, a picture uploaded a moment ago, or a picture at an allowed URL."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from similis.domain import UnsupportedFormat
from similis.gateway.alibaba._errors import Refused
from similis.gateway.alibaba._fetch import Fetcher
from similis.gateway.alibaba._upload_policy import KEY_PATTERN
from similis.gateway.alibaba._uploads import Uploads

PARAMETERS = ("PicContent", "PrimaryPicContent", "SecondaryPicContent")
_UPLOAD_URL = re.compile(rf"https?://\S*/({KEY_PATTERN})")
_LINE_BREAKS = re.compile(r"[\t\r\n]")


def resolve(value: str, uploads: Uploads, fetcher: Fetcher, caller: str = "") -> bytes:
    """The encoded picture that a parameter stands for. Blocks while it fetches: not for the event loop.

    A URL of our own upload flow is known by its key, whatever host the client came by, and never fetched; only the
    caller that was permitted the upload, by the id of its access key, can use it.

    Raises:
        Refused: `InvalidPicUrl` or `TimeoutForTransferImage`.
        UnsupportedFormat: it is neither a URL nor Base64.
        PictureTooLarge: what lies at the URL has too many bytes.
    """
    key = upload_key(value)
    if key is None:
        return fetcher.fetch(value) if "://" in value else decode(value)
    content = uploads.take(key, caller)
    if content is None:
        raise Refused(
            "InvalidPicUrl", "The upload was used before, is too old or never arrived: upload the picture again."
        )
    return content


def decode(text: str) -> bytes:
    """Decode Base64 as clients send it: padding may be missing, lines broken, and `+` turned to a space by a form.

    Raises:
        UnsupportedFormat: there is something else in it.
    """
    text = _LINE_BREAKS.sub("", text)
    text = text.replace(" ", "" if "+" in text else "+").rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise UnsupportedFormat(
            "The picture is neither Base64 nor a URL.",
            "Send the file's bytes in Base64, or use the SDK's advance call.",
        ) from None


def upload_key(value: str) -> str | None:
    """The key in a URL of our upload flow; None for anything else."""
    found = _UPLOAD_URL.fullmatch(value.strip())
    return found[1] if found else None


@contextmanager
def released(parameters: Mapping[str, str], uploads: Uploads) -> Iterator[None]:
    """Forget the uploads that a request names when its handling ends, failed or not, even before they were read."""
    try:
        yield
    finally:
        for name in PARAMETERS:
            if key := upload_key(parameters.get(name, "")):
                uploads.discard(key)
