"""Every failure of an import from storage is told by its own code, with a sentence that says what to do."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.servers.answering_server import AnsweringServer, s3_error
from tests.servers.oss_server import Account, OssServer
from tests.servers.s3_server import S3Server
from tests.servers.sts_server import StsServer

from similis.domain import Connection, ConnectionCheck, Credentials, Provider, RegionMismatch
from similis.transfer import SourceSpec, check_region, check_source

ROLE = "acs:ram::1234567890123456:role/similis"
CLOSED = "http://127.0.0.1:9"  # the port of a service that nobody has


def failure(checks: list[ConnectionCheck]) -> tuple[str, str | None, str]:
    """Step, code and message of the only check that is not good, which is the last."""
    assert [check.good for check in checks] == [True] * (len(checks) - 1) + [False]
    last = checks[-1]
    assert last.message.endswith(".")
    return last.step, last.code, last.message


@pytest.fixture
def oss(oss_server: OssServer) -> OssServer:
    """Storage with the bucket `pictures` to import from."""
    oss_server.create_bucket("pictures")
    oss_server.put("pictures", "shop/increment.meta", b"{}")
    oss_server.put("pictures", "other/a.jpg", b"a")
    return oss_server


@pytest.fixture
def s3(s3_server: S3Server) -> S3Server:
    """Storage with the bucket `pictures` to import from."""
    s3_server.create_bucket("pictures")
    s3_server.put("pictures", "shop/increment.meta", b"{}")
    s3_server.put("pictures", "other/a.jpg", b"a")
    return s3_server


@pytest.fixture
def sts(oss: OssServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StsServer]:
    """A token service that lets the key of `oss` assume ROLE; who got a key of it may use the storage."""
    server = StsServer(tmp_path)
    server.secrets[oss.credentials.access_key_id] = oss.credentials.access_key_secret
    server.trusts[ROLE] = {oss.credentials.access_key_id}
    server.start()
    for variable in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(server.authority))
    monkeypatch.setattr(socket, "getaddrinfo", server.resolves(socket.getaddrinfo))
    monkeypatch.setattr("Tea.core.TeaCore._sessions", {})  # it would go on to trust the authority of another test
    yield server
    server.stop()


@pytest.mark.parametrize(
    ("fields", "bucket", "path", "region", "step", "code", "told"),
    [
        (
            {},
            "pictures",
            "/shop",
            "cn-beijing",
            "region",
            "region_mismatch",
            "cn-shanghai, the instance in cn-beijing",
        ),
        ({"region": "cn-beijing"}, "pictures", "/shop", None, "bucket", "region_mismatch", "it is not cn-beijing"),
        ({}, "far", "/shop", None, "bucket", "region_mismatch", "oss-eu-central-1.aliyuncs.com"),
        ({}, "missing", "/shop", None, "bucket", "bucket_not_found", "no bucket 'missing'"),
        ({}, "Missing", "/shop", None, "bucket", "bucket_not_found", "no bucket 'Missing'"),
        ({}, "pictures", "/shoes", None, "path", "path_not_found", "'/shoes'"),
        ({}, "pictures", "/other", None, "increment.meta", "meta_file_not_found", "'/other'"),
        ({}, "pictures", "other", None, "path", "invalid_input", "/a/b"),
        ({"endpoint": CLOSED}, "pictures", "/shop", None, "bucket", "source_unreachable", "refused"),
        ({"endpoint": "http://oss.invalid"}, "pictures", "/", None, "bucket", "source_unreachable", "resolved"),
        ({"endpoint": "http://169.254.169.254"}, "pictures", "/", None, "connection", "invalid_input", "metadata"),
        ({"endpoint": "http://[fe80::1]"}, "pictures", "/", None, "connection", "invalid_input", "link-local"),
        ({"region": None}, "pictures", "/", None, "connection", "invalid_input", "cn-shanghai"),
        ({}, None, "/shop", None, "connection", "invalid_input", "names no bucket"),
        ({"bucket": "pictures"}, "others", "/shop", None, "connection", "invalid_input", "'pictures' only"),
    ],
)
def test_oss(
    oss: OssServer,
    fields: dict[str, str],
    bucket: str,
    path: str,
    region: str | None,
    step: str,
    code: str,
    told: str,
) -> None:
    oss.create_bucket("far", "eu-central-1")
    found = failure(check_source(oss.connection(**fields), bucket, oss.credentials, path, region))
    assert found[:2] == (step, code)
    assert told in found[2]


def test_oss_without_tls_where_it_is_expected(oss: OssServer) -> None:
    connection = oss.connection(endpoint=oss.endpoint.removeprefix("http://"))
    step, code, message = failure(check_source(connection, "pictures", oss.credentials, "/shop", None))
    assert (step, code) == ("bucket", "source_unreachable")
    assert "does not speak TLS" in message


@pytest.mark.parametrize("hours", [1, -1])
def test_oss_with_another_time(oss: OssServer, hours: int) -> None:
    oss.ahead = timedelta(hours=hours)
    step, code, message = failure(check_source(oss.connection(), "pictures", oss.credentials, "/shop", None))
    assert (step, code) == ("bucket", "clock_skewed")
    assert "`date -u`" in message


@pytest.mark.parametrize(
    ("credentials", "told"),
    [
        (Credentials("unknown", "secret"), "InvalidAccessKeyId"),
        (Credentials("LTAIEXAMPLE", "wrong"), "SignatureDoesNotMatch"),
        (Credentials("temporary", "secret", "wrong"), "InvalidSecurityToken"),
        (Credentials("temporary", "secret", "token"), "SecurityTokenExpired"),
    ],
)
def test_oss_with_a_key_that_is_refused(oss: OssServer, credentials: Credentials, told: str) -> None:
    expired = datetime.now(UTC) - timedelta(minutes=1)
    oss.accounts["temporary"] = Account("secret", "token", expired)
    step, code, message = failure(check_source(oss.connection(), "pictures", credentials, "/shop", None))
    assert (step, code) == ("bucket", "credentials_refused")
    assert told in message
    assert "secret" not in message.replace("id and secret", "")


@pytest.mark.parametrize("allowed", [(), ("oss:ListObjects",), ("oss:ListObjects", "oss:GetBucketLocation")])
def test_oss_without_a_policy_to_read(oss: OssServer, allowed: tuple[str, ...]) -> None:
    oss.accounts["limited"] = Account("secret", allowed=frozenset(allowed))
    spec = (oss.connection(), "pictures", Credentials("limited", "secret"))
    step, code, message = failure(check_source(*spec, "/shop", "cn-shanghai"))
    assert (step, code) == ("path", "source_denied")
    assert "oss:GetObject on acs:oss:*:*:pictures/*" in message
    assert "oss:ListObjects on acs:oss:*:*:pictures" in message


def test_oss_with_no_more_than_it_takes(oss: OssServer) -> None:
    oss.accounts["limited"] = Account("secret", allowed=frozenset({"oss:GetObject"}))
    spec = (oss.connection(), "pictures", Credentials("limited", "secret"))
    assert all(check.good for check in check_source(*spec, "/shop", "cn-shanghai"))
    assert failure(check_source(*spec, "/shoes", None))[:2] == ("increment.meta", "meta_file_not_found")


@pytest.mark.parametrize(
    ("role", "key", "secret", "hours", "code", "told"),
    [
        (ROLE, "LTAIEXAMPLE", "secret-of-the-tests", 0, None, ""),
        (ROLE, "stranger", "secret", 0, "role_not_trusted", "trust policy"),
        ("acs:ram::1234567890123456:role/unknown", "stranger", "secret", 0, "role_not_found", "role/unknown"),
        ("acs:ram::0:role/similis", "stranger", "secret", 0, "invalid_arn", "acs:ram::<account number>:role/<name>"),
        (ROLE, "stranger", "wrong", 0, "credentials_refused", "SignatureDoesNotMatch"),
        (ROLE, "unknown", "secret", 0, "credentials_refused", "InvalidAccessKeyId.NotFound"),
        (ROLE, "stranger", "secret", 1, "clock_skewed", "`date -u`"),
    ],
)
def test_oss_by_a_role(
    oss: OssServer, sts: StsServer, role: str, key: str, secret: str, hours: int, code: str | None, told: str
) -> None:
    sts.secrets["stranger"] = "secret"
    sts.ahead = timedelta(hours=hours)
    oss.accounts = IssuedAccounts(sts)
    checks = check_source(oss.connection(role_arn=role), "pictures", Credentials(key, secret), "/shop", None)
    if code is None:
        assert [check.step for check in checks if check.good] == [
            "connection", "role", "bucket", "path", "increment.meta",
        ]  # fmt: skip
    else:
        assert failure(checks)[:2] == ("role", code)
    assert told in checks[-1].message


class IssuedAccounts(dict[str, Account]):
    """Those whose keys a token service gave, and no others."""

    def __init__(self, sts: StsServer) -> None:
        super().__init__()
        self._sts = sts

    def get(self, key: str, default: Account | None = None) -> Account | None:  # type: ignore[override] # one form only
        issued = self._sts.issued.get(key)
        return default if issued is None else Account(*issued)


def test_a_token_service_that_cannot_be_reached(oss: OssServer, sts: StsServer) -> None:
    sts.stop()
    checks = check_source(oss.connection(role_arn=ROLE), "pictures", oss.credentials, "/shop", None)
    step, code, message = failure(checks)
    assert (step, code) == ("role", "source_unreachable")
    assert "token service" in message


@pytest.mark.parametrize(
    ("fields", "bucket", "path", "region", "step", "code", "told"),
    [
        ({}, "pictures", "/shop", "eu-west-1", "region", "region_mismatch", "us-east-1, the instance in eu-west-1"),
        ({}, "missing", "/shop", None, "bucket", "bucket_not_found", "no bucket 'missing'"),
        ({}, "pictures", "/shoes", None, "path", "path_not_found", "'/shoes'"),
        ({}, "pictures", "/other", None, "increment.meta", "meta_file_not_found", "'/other'"),
        ({"endpoint": CLOSED}, "pictures", "/shop", None, "bucket", "source_unreachable", "refused"),
        ({"endpoint": "http://s3.invalid"}, "pictures", "/", None, "bucket", "source_unreachable", "resolved"),
        ({"endpoint": "http://100.100.100.200"}, "pictures", "/", None, "connection", "invalid_input", "metadata"),
        ({}, None, "/shop", None, "connection", "invalid_input", "names no bucket"),
    ],
)
def test_s3(
    s3: S3Server, fields: dict[str, str], bucket: str, path: str, region: str | None, step: str, code: str, told: str
) -> None:
    found = failure(check_source(s3.connection(**fields), bucket, s3.credentials, path, region))
    assert found[:2] == (step, code)
    assert told in found[2]


@pytest.mark.parametrize(
    ("actions", "path", "step", "code"),
    [
        (("s3:GetObject", "s3:ListBucket"), "/shop", "increment.meta", None),
        (("s3:GetObject",), "/shop", "increment.meta", None),
        (("s3:GetObject",), "/shoes", "increment.meta", "meta_file_not_found"),
        (("s3:ListBucket",), "/shop", "path", "source_denied"),
        ((), "/shop", "path", "source_denied"),
    ],
)
def test_s3_policies(s3: S3Server, actions: tuple[str, ...], path: str, step: str, code: str | None) -> None:
    last = check_source(s3.connection(), "pictures", s3.user(*actions, bucket="pictures"), path, None)[-1]
    assert (last.step, last.code) == (step, code)
    if code == "source_denied":
        assert "s3:GetObject on arn:aws:s3:::pictures/* and s3:ListBucket on arn:aws:s3:::pictures" in last.message


def test_s3_with_a_key_that_is_refused(s3: S3Server) -> None:
    user = s3.user("s3:GetObject", bucket="pictures")
    for wrong in (Credentials("AKIAUNKNOWN", "secret"), Credentials(user.access_key_id, "wrong")):
        found = failure(check_source(s3.connection(), "pictures", wrong, "/shop", None))
        assert found[:2] == ("bucket", "credentials_refused")


@pytest.mark.parametrize(
    ("status", "body", "code", "told"),
    [
        (403, s3_error("RequestTimeTooSkewed"), "clock_skewed", "`date -u`"),
        (400, s3_error("ExpiredToken"), "credentials_refused", "ExpiredToken"),
        (
            400,
            s3_error("AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"),
            "region_mismatch",
            "it is eu-west-1",
        ),
        (301, s3_error("PermanentRedirect"), "region_mismatch", "own region and endpoint"),
        (404, s3_error("NoSuchBucket"), "bucket_not_found", "'pictures'"),
        (403, b"denied by the firewall", "source_unreachable", "403"),
        (404, b"<html>", "source_unreachable", "404"),
        (200, b"It works!", "source_unreachable", "no such storage"),
    ],
)
def test_s3_that_answers_otherwise(status: int, body: bytes, code: str, told: str) -> None:
    with AnsweringServer(status, body) as server:
        connection = Connection("odd", Provider.S3, endpoint=server.endpoint)
        found = failure(check_source(connection, "pictures", Credentials("AKIA", "secret"), "/", None))
    assert found[:2] == ("bucket", code)
    assert told in found[2]


def test_s3_that_names_the_region_of_a_bucket(s3: S3Server) -> None:
    s3.create_bucket("european", "eu-west-1")
    with closing(SourceSpec(s3.connection(), "european", s3.credentials).open()) as source:
        for good in ("eu-west-1", "local", None):
            check_region(source, good)
        with pytest.raises(RegionMismatch, match="eu-west-1"):
            check_region(source, "us-east-1")


@pytest.mark.parametrize(
    ("root", "bucket", "path", "step", "code"),
    [
        ("missing", "pictures", "/shop", "connection", "source_unreachable"),
        ("file", "pictures", "/shop", "connection", "source_unreachable"),
        ("", "missing", "/shop", "connection", "bucket_not_found"),
        ("", "outside", "/shop", "connection", "bucket_not_found"),
        ("", "pictures", "/shoes", "path", "path_not_found"),
        ("", "pictures", "/other", "increment.meta", "meta_file_not_found"),
        ("", "pictures", "/shop", "increment.meta", None),
        ("pictures", None, "/shop", "increment.meta", None),
    ],
)
def test_directories(tmp_path: Path, root: str, bucket: str | None, path: str, step: str, code: str | None) -> None:
    (tmp_path / "pictures" / "shop").mkdir(parents=True)
    (tmp_path / "pictures" / "other").mkdir()
    (tmp_path / "pictures" / "shop" / "increment.meta").write_text("{}")
    (tmp_path / "pictures" / "other" / "a.jpg").write_text("a")
    (tmp_path / "file").write_text("no directory")
    (tmp_path / "outside").symlink_to("/usr")
    connection = Connection("files", Provider.FILE, root=str(tmp_path / root))
    last = check_source(connection, bucket, None, path, "cn-shanghai")[-1]
    assert (last.step, last.code) == (step, code)
