"""The security headers of every answer, for browsers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def content_policy(picture_origins: Iterable[str] = ()) -> str:
    """The content security policy: everything from this service; pictures also from the shop's own origins."""
    pictures = " ".join(["'self'", "blob:", "data:", *picture_origins])
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src {pictures}; connect-src 'self'; "
        "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


SECURITY_HEADERS: Mapping[str, str] = {
    "content-security-policy": content_policy(),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",  # those who serve the shop's pictures do not learn who looks at them
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cache-control": "no-store",
}
"""What an answer has unless its route says otherwise."""
