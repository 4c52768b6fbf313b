"""Endpoints that users give: with a scheme, and never one that only this machine itself should speak to."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from similis.domain import InvalidInput
from similis.transfer._addresses import is_for_this_machine_alone


def endpoint_url(endpoint: str) -> str:
    """The endpoint as a URL without a slash at its end; without a scheme it is reached by TLS."""
    url = endpoint.rstrip("/")
    return url if "://" in url else f"https://{url}"


def check_host(url: str) -> None:
    """Refuse a host that is, or has a name for, a link-local address or one where a cloud tells secrets.

    Private networks are allowed: many keep their storage at home. A name that cannot be resolved here is passed on;
    the client that uses it says so. A name whose address changes between this check and its use is not noticed.

    Raises:
        InvalidInput: the host is refused.
    """
    host = urlsplit(url).hostname
    if host is None or any(is_for_this_machine_alone(address) for address in _addresses(host)):
        raise InvalidInput(
            f"The endpoint {url!r} leads to an address that is not for storage.",
            "Give the endpoint of an object storage; link-local and metadata addresses are refused.",
        )


def _addresses(host: str) -> set[str]:
    try:
        found = socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        return set()
    return {str(address[0]).partition("%")[0] for *_, address in found}
