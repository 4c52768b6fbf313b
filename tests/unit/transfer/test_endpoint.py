"""Endpoints lead to storage, never to what tells a machine its secrets."""

from __future__ import annotations

import socket

import pytest

from similis.domain import InvalidInput
from similis.transfer._endpoint import check_host, endpoint_url


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("oss-cn-shanghai.aliyuncs.com", "https://oss-cn-shanghai.aliyuncs.com"),
        ("http://127.0.0.1:9000/", "http://127.0.0.1:9000"),
        ("[::1]:9000", "https://[::1]:9000"),
    ],
)
def test_without_a_scheme_it_is_tls(endpoint: str, url: str) -> None:
    assert endpoint_url(endpoint) == url


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.0.1:80",
        "100.100.100.200",
        "168.63.129.16",
        "2852039166",  # 169.254.169.254 as a number
        "0xa9.0xfe.0xa9.0xfe",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[::ffff:169.254.169.254]",
        "224.0.0.1",
        "",
    ],
)
def test_refused(host: str) -> None:
    with pytest.raises(InvalidInput, match="not for storage"):
        check_host(f"http://{host}")


@pytest.mark.parametrize("host", ["127.0.0.1", "192.168.1.10:9000", "10.0.0.1", "[::1]", "100.64.0.1", "8.8.8.8"])
def test_allowed(host: str) -> None:
    check_host(f"http://{host}")


def test_a_name_is_as_good_as_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object, **__: object) -> list[tuple[object, ...]]:
        addresses = [("8.8.8.8", 0), ("169.254.169.254", 0)]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(InvalidInput):
        check_host("https://storage.example.com")


def test_a_name_without_address_is_left_to_the_client() -> None:
    check_host("https://storage.invalid")
    check_host("https://" + "a" * 70 + ".invalid")
