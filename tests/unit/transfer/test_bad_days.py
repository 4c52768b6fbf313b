"""Failures that may pass are tried again, a bounded number of times; no text of a storage or library gets out."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.servers.answering_server import AnsweringServer, s3_error
from tests.servers.oss_server import OssServer
from tests.servers.sts_server import StsServer

from similis.domain import (
    Connection,
    Credentials,
    CredentialsRefused,
    ObjectNotFound,
    Provider,
    SimilisError,
    SourceDenied,
    SourceUnreachable,
)
from similis.transfer import Source, SourceSpec

KEYS = Credentials("AKIDEXAMPLE", "secret-of-the-tests")
CONTENT = bytes(range(256)) * 4000


@pytest.fixture
def oss(oss_server: OssServer) -> OssServer:
    """Storage with one object."""
    oss_server.create_bucket("pictures")
    oss_server.put("pictures", "a.jpg", CONTENT)
    return oss_server


def oss_source(oss: OssServer) -> Source:
    return SourceSpec(oss.connection(), "pictures", oss.credentials).open()


def s3_source(server: AnsweringServer) -> Source:
    return SourceSpec(Connection("s3", Provider.S3, endpoint=server.endpoint), "pictures", KEYS).open()


@pytest.mark.parametrize("failures", [[503], [500, 429, 503], [None], [None, 503, None]])
def test_oss_is_asked_again(oss: OssServer, failures: list[int | None]) -> None:
    oss.failures = list(failures)
    assert oss_source(oss).read("a.jpg") == CONTENT
    assert oss.failures == []


@pytest.mark.parametrize(("failure", "told"), [(503, "InternalError"), (None, "breaks off")])
def test_oss_is_not_asked_for_ever(oss: OssServer, failure: int | None, told: str) -> None:
    oss.failures = [failure] * 20
    with pytest.raises(SourceUnreachable, match=told):
        oss_source(oss).read("a.jpg")
    assert len(oss.failures) == 16


def test_s3_is_not_asked_for_ever() -> None:
    with AnsweringServer(503, s3_error("SlowDown")) as server:
        with pytest.raises(SourceUnreachable, match="SlowDown"):
            s3_source(server).read("a.jpg")
        assert server.asked == 4


@pytest.mark.parametrize("status", [400, 403, 404, 412])
def test_what_will_not_pass_is_not_asked_again(status: int) -> None:
    with AnsweringServer(status, s3_error("AccessDenied")) as server:
        with pytest.raises(SimilisError):
            s3_source(server).read("a.jpg")
        assert server.asked == 1


def test_a_server_that_sends_more_than_was_asked_for(oss: OssServer) -> None:
    headers = {"ETag": '"1"', "Last-Modified": "Tue, 24 Nov 2026 08:00:00 GMT"}
    with AnsweringServer(200, CONTENT, headers) as server:
        source = SourceSpec(oss.connection(endpoint=server.endpoint), "pictures", oss.credentials).open()
        assert source.read("a.jpg", 0, 1000) == CONTENT[:1000]
        with pytest.raises(SourceUnreachable, match="ranges"):
            source.read("a.jpg", 10, 1000)
        with pytest.raises(SourceUnreachable, match="no such storage"):
            s3_source(server).read("a.jpg", 0, 1000)


@pytest.mark.parametrize(
    ("code", "status", "error", "told"),
    [
        ("InvalidObjectState", 403, ObjectNotFound, "in an archive"),
        ("KeyTooLongError", 400, ObjectNotFound, "There is no object"),
        ("AllAccessDisabled", 403, SourceDenied, "AllAccessDisabled"),
        ("NotSignedUp", 401, CredentialsRefused, "NotSignedUp"),
    ],
)
def test_other_codes(code: str, status: int, error: type[SimilisError], told: str) -> None:
    signed = "<StringToSign>AWS4-HMAC-SHA256 what was signed</StringToSign>"
    with AnsweringServer(status, s3_error(code, signed)) as server, pytest.raises(error, match=told) as caught:
        s3_source(server).read("a.jpg")
    assert "what was signed" not in f"{caught.value.message} {caught.value.hint}"
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "name", ["latest/a.jpg", "169.254.1.1/a.jpg", "<Code>NoSuchBucket</Code>", "status code: 416"]
)
def test_names_that_read_like_failures(name: str) -> None:
    with AnsweringServer(404, s3_error("NoSuchKey")) as server, pytest.raises(ObjectNotFound, match="no object"):
        s3_source(server).read(name)


@pytest.mark.parametrize("ask", [lambda source: source.stat("a.jpg"), lambda source: source.read("a.jpg")])
def test_libraries_write_nothing(
    oss: OssServer,
    ask: Callable[[Source], object],
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    for connection in (oss.connection(), oss.connection(endpoint="http://127.0.0.1:9")):
        wrong = Credentials(oss.credentials.access_key_id, "not-the-secret")
        with pytest.raises((CredentialsRefused, SourceUnreachable)):
            ask(SourceSpec(connection, "pictures", wrong).open())
    assert capfd.readouterr() == ("", "")
    assert "not-the-secret" not in caplog.text


def test_a_storage_that_is_not_there_is_given_up_soon(oss: OssServer) -> None:
    began = time.monotonic()
    with pytest.raises(SourceUnreachable):
        SourceSpec(oss.connection(endpoint="http://127.0.0.1:9"), "pictures", KEYS).open().read("a.jpg")
    assert time.monotonic() - began < 20


@pytest.fixture(params=[Provider.OSS, Provider.S3])
def connect(request: pytest.FixtureRequest) -> Callable[[str], Source]:
    """Opens a bucket at an endpoint."""

    def connect(endpoint: str) -> Source:
        return SourceSpec(Connection("any", request.param, endpoint=endpoint, region="cn-x"), "pictures", KEYS).open()

    return connect


@pytest.fixture
def silence() -> Iterator[str]:
    """The endpoint of something that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_silence(connect: Callable[[str], Source], silence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("similis.transfer._s3_source._READ", timedelta(seconds=0.2))
    monkeypatch.setattr("similis.transfer._oss_source._READ_SECONDS", 0.2)
    with pytest.raises(SourceUnreachable, match="no answer in time"):
        connect(silence).read("a.jpg")


def test_a_certificate_of_nobody(connect: Callable[[str], Source], tmp_path: Path) -> None:
    server = StsServer(tmp_path)
    server.start()
    with pytest.raises(SourceUnreachable, match="TLS certificate is not trusted"):
        connect(server.endpoint).holds("")
    server.stop()
