"""Which network addresses are safe to call for strangers: public ones, and nothing that leads back inside."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator

# Transition mechanisms carry an IPv4 address inside, which may be a private one; RFC 3056, 3068, 4380, 6890.
_REFUSED = tuple(
    map(ipaddress.ip_network, ("192.88.99.0/24", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
)
# In these an IPv4 address is the last 32 bits: IPv4-mapped and -compatible, NAT64 (RFC 6052, 8215).
_HOLDING_IPV4 = tuple(map(ipaddress.ip_network, ("::ffff:0:0/96", "::/96", "64:ff9b::/96", "64:ff9b:1::/48")))
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_NETWORKS_OF_USERS = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"))
)
METADATA = frozenset(
    map(ipaddress.ip_address, ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"))
)
"""Where clouds tell their machines secrets, besides link-local addresses."""


def is_public(address: str) -> bool:
    """Whether an IP address is a unicast one of the public Internet; all forms of IPv4 inside IPv6 are not."""
    ip = ipaddress.ip_address(address)
    if ip in METADATA or any(ip in network for network in _REFUSED) or ip.is_multicast or not ip.is_global:
        return False
    return not ip.is_reserved if ip.version == 4 else ip in _GLOBAL_UNICAST  # noqa: PLR2004 - the version's name


def is_private(address: str) -> bool:
    """Whether an IP address is of a user's own network or machine; link-local ones and metadata services are not."""
    ip = ipaddress.ip_address(address)
    return ip not in METADATA and any(ip in network for network in _NETWORKS_OF_USERS)


def is_for_this_machine_alone(address: str) -> bool:
    """Whether an IP address is link-local, multicast or a metadata service, by itself or by an IPv4 address inside.

    Nobody's storage is there, not even in a private network.
    """
    ip = ipaddress.ip_address(address)
    return any(each.is_link_local or each.is_multicast or each in METADATA for each in (ip, *_inside(ip)))


def _inside(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> Iterator[ipaddress.IPv4Address]:
    """The IPv4 address that packets to an IPv6 address may end up at."""
    if isinstance(ip, ipaddress.IPv6Address):
        if any(ip in network for network in _HOLDING_IPV4):
            yield ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if ip.sixtofour is not None:
            yield ip.sixtofour


def system_resolver(host: str, port: int) -> list[str]:
    """The addresses of a host, in the order to try them.

    Raises:
        OSError: it has none.
    """
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
