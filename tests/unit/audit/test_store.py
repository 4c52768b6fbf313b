"""The audit's own picture host answers as hosts and storage do, good ones and bad ones."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from similis.audit._store import Page, Store
from similis.domain import Connection, Credentials, ObjectNotFound, Provider
from similis.transfer import SourceSpec

REGIONS = {Provider.S3: "us-east-1", Provider.OSS: "cn-shanghai"}
CONTENT = bytes(range(200))


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with Store() as store:
        store.put("/bucket/a.pic", Page(CONTENT))
        yield store


@pytest.mark.parametrize("provider", REGIONS)
def test_it_is_read_as_storage(store: Store, provider: Provider) -> None:
    connection = Connection("store", provider, endpoint=store.address, region=REGIONS[provider], bucket="bucket")
    source = SourceSpec(connection, None, Credentials("id", "secret")).open()
    found = source.stat("a.pic")
    assert found.size == len(CONTENT)
    assert source.read("a.pic", etag=found.etag) == CONTENT
    assert source.read("a.pic", 10, 20) == CONTENT[10:30]
    assert source.read("a.pic", len(CONTENT)) == b""
    with pytest.raises(ObjectNotFound):
        source.stat("b.pic")
    source.close()


def test_it_redirects_and_breaks_off(store: Store) -> None:
    moved = httpx.get(store.put("/moved", Page(b"body", status=302, location="/elsewhere")))
    assert (moved.status_code, moved.headers["location"], moved.content) == (302, "/elsewhere", b"body")
    with pytest.raises(httpx.RemoteProtocolError, match="received 100 bytes, expected 200"):
        httpx.get(store.put("/half", Page(CONTENT, share=0.5)))
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(store.put("/slow", Page(CONTENT, pause=1.0)), timeout=0.2)
