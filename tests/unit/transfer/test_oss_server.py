"""The tests' OSS lets in what the official SDK signs, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest
from alibabacloud_oss_v2 import credentials, signer
from alibabacloud_oss_v2.types import HttpRequest, SigningContext
from tests.servers.oss_server import Account, OssServer, Request, signature

from similis.domain import Credentials

Alter = Callable[[dict[str, str]], object]


@pytest.fixture
def oss(oss_server: OssServer) -> OssServer:
    """Storage with one object."""
    oss_server.create_bucket("pictures")
    oss_server.put("pictures", "a/b ü.jpg", b"0123456789")
    return oss_server


def signed(oss: OssServer, method: str, path: str, name: str | None, keys: Credentials) -> dict[str, str]:
    """The headers that the SDK signs a request with."""
    request = HttpRequest(method, f"{oss.endpoint}{path}", headers={"x-oss-range-behavior": "standard"})
    signer.SignerV4().sign(
        SigningContext(
            product="oss",
            region=oss.region,
            bucket="pictures",
            key=name,
            request=request,
            credentials=credentials.StaticCredentialsProvider(
                keys.access_key_id, keys.access_key_secret, keys.security_token
            ).get_credentials(),
        )
    )
    return {name: value for name, value in request.headers.items() if value is not None}


def get(oss: OssServer, headers: dict[str, str], path: str = "/pictures/a/b%20%C3%BC.jpg") -> tuple[int, str]:
    answer = httpx.get(f"{oss.endpoint}{path}", headers=headers)
    return answer.status_code, answer.text


def test_what_the_sdk_signs_is_let_in(oss: OssServer) -> None:
    path = "/pictures/a/b%20%C3%BC.jpg"
    assert get(oss, signed(oss, "GET", path, "a/b ü.jpg", oss.credentials)) == (200, "0123456789")
    oss.accounts["temporary"] = Account("secret", "to+ken/=")
    temporary = Credentials("temporary", "secret", "to+ken/=")
    assert get(oss, signed(oss, "GET", path, "a/b ü.jpg", temporary))[0] == 200
    listing = "/pictures/?list-type=2&prefix=a%2F&max-keys=1"
    assert "b%20%C3%BC.jpg" in get(oss, signed(oss, "GET", listing, None, oss.credentials), listing)[1]


@pytest.mark.parametrize(
    "alter",
    [
        lambda headers: headers.update({"x-oss-range-behavior": "other"}),
        lambda headers: headers.update({"x-oss-more": "1"}),
        lambda headers: headers.update({"content-type": "text/plain"}),
        lambda headers: headers.update({"x-oss-content-sha256": "0" * 64}),
        lambda headers: headers.pop("x-oss-range-behavior"),
        lambda headers: headers.update({"Authorization": headers["Authorization"][:-64] + "0" * 64}),
    ],
)
def test_altered_headers_are_refused(oss: OssServer, alter: Alter) -> None:
    headers = signed(oss, "GET", "/pictures/a/b%20%C3%BC.jpg", "a/b ü.jpg", oss.credentials)
    alter(headers)
    status, body = get(oss, headers)
    assert status == 403
    assert "SignatureDoesNotMatch" in body


def test_another_path_query_or_method_is_refused(oss: OssServer) -> None:
    oss.put("pictures", "a/c.jpg", b"another")
    headers = signed(oss, "GET", "/pictures/a/b%20%C3%BC.jpg", "a/b ü.jpg", oss.credentials)
    assert "SignatureDoesNotMatch" in get(oss, headers, "/pictures/a/c.jpg")[1]
    assert "SignatureDoesNotMatch" in get(oss, headers, "/pictures/a/b%20%C3%BC.jpg?x=1")[1]
    assert httpx.head(f"{oss.endpoint}/pictures/a/b%20%C3%BC.jpg", headers=headers).status_code == 403


def test_nobody_and_the_wrong_secret_are_refused(oss: OssServer) -> None:
    wrong = Credentials(oss.credentials.access_key_id, "wrong")
    path = "/pictures/a/b%20%C3%BC.jpg"
    assert "SignatureDoesNotMatch" in get(oss, signed(oss, "GET", path, "a/b ü.jpg", wrong))[1]
    assert "InvalidAccessKeyId" in get(oss, signed(oss, "GET", path, "a/b ü.jpg", Credentials("x", "y")))[1]
    assert get(oss, {})[0] == 403


def test_one_signature_worked_out_by_hand() -> None:
    """Step by step with `printf` and `openssl dgst -sha256 -mac HMAC`, after the description in the documentation."""
    time = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {"x-oss-date": time, "x-oss-content-sha256": "UNSIGNED-PAYLOAD", "host": "not signed"}
    request = Request("GET", "/pictures/a%20b.jpg", "", headers)
    made = signature(request, "secret", ("20260102", "cn-shanghai"), time)
    assert made == "332027ffb2facbbf5f605ab8c3f40f22252643236aa2e1c49e2e98fce291a4a3"
