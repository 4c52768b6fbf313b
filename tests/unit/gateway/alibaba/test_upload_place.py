"""Where each client is sent with its upload: the contract's tested matrix."""

import pytest

from similis.gateway.alibaba._errors import Refused
from similis.gateway.alibaba._upload_place import choose_place

PYTHON = "AlibabaCloud (Linux; x86_64) Python/3.11.7 Core/0.4.3 TeaDSL/2"
NODE = "AlibabaCloud (linux; x64) Node.js/v18.19.0 Core/1.0.1 TeaDSL/2"


def place(
    agent: str,
    host: str = "",
    *,
    scheme: str = "http",
    server: str = "127.0.0.1",
    upload_host: str | None = None,
    tls_port: int | None = None,
    **headers: str,
) -> str:
    """The address that the SDK makes of the answer, but for its slash."""
    given = {"user-agent": agent, "host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    chosen = choose_place(given, {"scheme": scheme, "server": (server, 8000)}, upload_host, tls_port)
    joined = f"{chosen.bucket}.{chosen.endpoint}"
    return joined if "://" in joined else f"https://{joined}"


@pytest.mark.parametrize("tls_port", [None, 8443])
@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "similis.example.com", "[::1]:8000"])
def test_python_over_plain_http_uploads_over_plain_http(host: str, tls_port: int | None) -> None:
    assert place(PYTHON, host, tls_port=tls_port) == f"http://{host}/_oss/b.e"


@pytest.mark.parametrize("host", ["openplatform.aliyuncs.com", "openplatform.aliyuncs.com:80", ""])
def test_a_call_meant_for_the_cloud_is_answered_with_the_address_it_came_in_by(host: str) -> None:
    assert place(PYTHON, host) == "http://127.0.0.1:8000/_oss/b.e"
    assert place(PYTHON, host, server="::1") == "http://[::1]:8000/_oss/b.e"
    assert place(NODE, host, tls_port=8443) == "https://127.0.0.1:8443"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1:8000", "https://127.0.0.1:8443"),
        ("similis.example.com:8000", "https://similis.example.com:8443"),
        ("similis.example.com", "https://similis.example.com:8443"),
        ("localhost:8000", "https://127.0.0.1:8443"),  # a name without a dot cannot be split
    ],
)
def test_others_are_sent_to_the_tls_port(host: str, expected: str) -> None:
    assert place(NODE, host, tls_port=8443) == expected


@pytest.mark.parametrize("agent", [PYTHON, NODE, ""])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_upload_host_that_is_set_serves_everyone(agent: str, scheme: str) -> None:
    chosen = place(agent, "127.0.0.1:8000", scheme=scheme, upload_host="img.example.com", tls_port=8443)
    assert chosen == "https://img.example.com"


@pytest.mark.parametrize("agent", [PYTHON, NODE])
def test_who_calls_over_tls_uploads_over_tls(agent: str) -> None:
    assert place(agent, "127.0.0.1:8443", scheme="https", tls_port=8443) == "https://127.0.0.1:8443"
    behind_a_proxy = place(agent, "similis.example.com", x_forwarded_proto="https")
    assert behind_a_proxy == "https://similis.example.com"


def test_without_tls_the_others_are_told_what_to_do() -> None:
    with pytest.raises(Refused, match="UnsupportedOperationType") as refused:
        place(NODE, "127.0.0.1:8000")
    assert "--tls-cert" in refused.value.what
    with pytest.raises(Refused):
        place(NODE, "[::1]:8000", server="::1", tls_port=8443)
