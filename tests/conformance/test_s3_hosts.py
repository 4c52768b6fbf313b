"""Storage that speaks S3 and knows buckets by hosts of their own."""

from __future__ import annotations

import pytest
from tests.servers.s3_server import S3Server

from similis.domain import BucketNotFound, ObjectNotFound
from similis.transfer import SourceSpec


@pytest.fixture
def hosted(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> SourceSpec:
    """A bucket `pictures` whose host no name server knows: requests go there by way of a proxy, the server itself."""
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, s3_server.endpoint)
    for name in ("no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    s3_server.create_bucket("pictures")
    s3_server.put("pictures", "shoes/a b.jpg", b"0123456789")
    connection = s3_server.connection(endpoint="http://{bucket}.storage.example")
    return SourceSpec(connection, "pictures", s3_server.credentials)


def test_a_bucket_is_read_by_its_host(hosted: SourceSpec) -> None:
    source = hosted.open()
    assert source.stat("shoes/a b.jpg").size == 10
    assert source.read("shoes/a b.jpg", 2, 3) == b"234"
    assert source.holds("shoes/")
    assert not source.holds("boots/")
    assert source.location() == "us-east-1"
    with pytest.raises(ObjectNotFound):
        source.stat("none.jpg")


def test_a_bucket_without_a_host_is_told(hosted: SourceSpec) -> None:
    with pytest.raises(BucketNotFound, match="nowhere"):
        SourceSpec(hosted.connection, "nowhere", hosted.credentials).open().holds("")
