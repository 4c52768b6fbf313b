"""Buckets are opened by what a connection says, and by keys that are given or found in the environment."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from tests.servers.oss_server import OssServer
from tests.servers.s3_server import S3Server

from similis.domain import Connection, Credentials, CredentialsRefused, InvalidInput, Provider
from similis.transfer import SourceSpec
from similis.transfer._oss_source import _region
from similis.transfer._s3_source import _region_url

READ = """
import sys
from similis.domain import Connection, Provider, SimilisError
from similis.transfer import SourceSpec
connection = Connection("oss", Provider.OSS, endpoint=sys.argv[1], region="cn-shanghai")
try:
    print(SourceSpec(connection, "pictures").open().read("a.jpg").decode())
except SimilisError as error:
    print(error.code, error.hint)
"""


def read_by_environment(oss: OssServer, **keys: str) -> str:
    """What a process of its own reads with these keys in its environment: the library looks when it is loaded."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ALIBABA_CLOUD_")}
    environment |= {"ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true", **keys}
    return subprocess.run(
        [sys.executable, "-c", READ, oss.endpoint], env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.mark.slow
def test_oss_by_keys_of_the_environment(oss_server: OssServer) -> None:
    oss_server.create_bucket("pictures")
    oss_server.put("pictures", "a.jpg", b"picture")
    keys = oss_server.credentials
    given = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": keys.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": keys.access_key_secret,
    }
    assert read_by_environment(oss_server, **given) == "picture"
    assert read_by_environment(oss_server).startswith("credentials_refused Give the connection one, or set ALIBABA")


def test_s3_by_keys_of_the_environment(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    s3_server.create_bucket("pictures")
    s3_server.put("pictures", "a.jpg", b"picture")
    user = s3_server.user("s3:GetObject", bucket="pictures")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", user.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", user.access_key_secret)
    assert SourceSpec(s3_server.connection(), "pictures").open().read("a.jpg") == b"picture"
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    assert SourceSpec(s3_server.connection(), "pictures", user).open().read("a.jpg") == b"picture"
    with pytest.raises(CredentialsRefused):
        SourceSpec(s3_server.connection(), "pictures").open().read("a.jpg")


@pytest.mark.parametrize("bucket", ["../pictures", "a/b", ".", "", "b" * 300])
@pytest.mark.parametrize("provider", list(Provider))
def test_names_that_no_bucket_has(provider: Provider, bucket: str) -> None:
    connection = Connection(
        "any",
        provider,
        region=None if provider is Provider.FILE else "cn-shanghai",
        root="/" if provider is Provider.FILE else None,
    )
    with pytest.raises(InvalidInput):
        SourceSpec(connection, bucket, None if provider is Provider.FILE else Credentials("id", "secret")).open()


@pytest.mark.parametrize(
    ("endpoint", "region", "found"),
    [
        ("oss-cn-shanghai.aliyuncs.com", None, "cn-shanghai"),
        ("https://oss-ap-southeast-1-internal.aliyuncs.com", None, "ap-southeast-1"),
        (None, "oss-cn-beijing", "cn-beijing"),
        ("https://pictures.example.invalid", "cn-hangzhou", "cn-hangzhou"),
    ],
)
def test_the_region_of_oss(endpoint: str | None, region: str | None, found: str) -> None:
    assert _region(Connection("oss", Provider.OSS, endpoint=endpoint, region=region)) == found


@pytest.mark.parametrize("endpoint", ["oss-accelerate.aliyuncs.com", "https://pictures.example.invalid", None])
def test_oss_without_a_region(endpoint: str | None) -> None:
    with pytest.raises(InvalidInput, match="has no region"):
        SourceSpec(Connection("oss", Provider.OSS, endpoint=endpoint), "pictures", Credentials("id", "secret")).open()


@pytest.mark.parametrize(
    ("region", "host"),
    [(None, "us-east-1.amazonaws.com"), ("eu-west-1", "eu-west-1.amazonaws.com"), ("cn-north-1", "amazonaws.com.cn")],
)
def test_the_endpoint_of_s3(region: str | None, host: str) -> None:
    assert _region_url(region).endswith(host)
