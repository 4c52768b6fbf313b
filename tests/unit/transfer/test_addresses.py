"""Only unicast addresses of the public Internet may be called, and a user's own networks where that is said."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from similis.transfer._addresses import is_private, is_public, system_resolver

PRIVATE = [
    "0.0.0.0",  # noqa: S104 - nothing listens there
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "100::1",
    "2001:db8::1",
    "2001::1",
    "3fff::1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_and_special_addresses_are_refused(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_inside_an_ipv6_one_is_refused_whatever_it_is(inner: ipaddress.IPv4Address) -> None:
    number = int(inner)
    forms = [0xFFFF << 32 | number, number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80]
    assert not any(is_public(str(ipaddress.IPv6Address(form))) for form in forms)


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2001:4860:4860::8888", "2a00:1450::1"])
def test_public_addresses_are_taken(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("host", ["127.1", "0x7f.1", "0177.0.0.1", "2130706433", "::ffff:127.0.0.1", "localhost"])
def test_other_spellings_of_this_machine_resolve_to_refused_addresses(host: str) -> None:
    assert not any(map(is_public, system_resolver(host, 80)))


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "::1", "fd12:3456::1"])
def test_addresses_of_a_user_s_own_network(address: str) -> None:
    assert is_private(address)
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "fd20:ce::254", "100.100.100.200",
        "0.0.0.0",  # noqa: S104 - nothing listens there
        "::ffff:127.0.0.1", "224.0.0.1", "ff02::1", "255.255.255.255", "93.184.216.34",
    ],
)  # fmt: skip
def test_metadata_services_and_the_like_are_nobody_s_own_network(address: str) -> None:
    assert not is_private(address)
