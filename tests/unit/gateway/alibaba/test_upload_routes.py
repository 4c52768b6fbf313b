"""The upload flow over real sockets: AuthorizeFileUpload, PostObject, and the call that uses the picture, once."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import anyio
import httpx
import pytest
from starlette.requests import Request
from starlette.types import Message
from tests.unit.gateway.alibaba.calling import Acs3, Wire

from similis.domain import Role
from similis.gateway.alibaba._upload_policy import UploadRefused
from similis.gateway.alibaba._upload_routes import UploadFlow
from similis.gateway.alibaba._uploads import Uploads
from similis.service import App

Draw = Callable[..., bytes]
Options: TypeAlias = Any
PYTHON = "AlibabaCloud (Linux; x86_64) Python/3.11.7 Core/0.4.3 TeaDSL/2"
NODE = "AlibabaCloud (linux; x64) Node.js/v18.19.0 Core/1.0.1 TeaDSL/2"
MEGABYTE = 1024 * 1024


def authorize(wire: Wire, agent: str = PYTHON) -> httpx.Response:
    return wire.http.get(
        "/",
        params={"Product": "ImageSearch", "RegionId": "cn-shanghai"},
        headers={"x-acs-action": "AuthorizeFileUpload", "x-acs-version": "2019-12-19", "user-agent": agent},
    )


def fields_of(permission: dict[str, Any]) -> dict[str, str]:
    """The form's fields as the SDKs make them."""
    return {
        "OSSAccessKeyId": permission["AccessKeyId"],
        "Signature": permission["Signature"],
        "host": permission["Endpoint"],
        "key": permission["ObjectKey"],
        "policy": permission["EncodedPolicy"],
        "success_action_status": "201",
    }


def multipart(fields: dict[str, str], content: bytes, name: str = "file") -> tuple[bytes, dict[str, str]]:
    """A body as the SDKs build it, with the empty content type that they give the file."""
    boundary = "58785038902588"
    texts = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{each}"\r\n\r\n{value}\r\n'
        for each, value in fields.items()
    )
    disposition = f'Content-Disposition: form-data; name="{name}"; filename="{fields.get("key")}"'
    head = f"{texts}--{boundary}\r\n{disposition}\r\nContent-Type: \r\n\r\n"
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return body, {"content-type": f"multipart/form-data; boundary={boundary}"}


def place_of(permission: dict[str, Any]) -> str:
    return f"{permission['Bucket']}.{permission['Endpoint']}"


def post(address: str, fields: dict[str, str], content: bytes, **options: Options) -> httpx.Response:
    body, headers = multipart(fields, content)
    return httpx.post(address, content=body, headers={**headers, **options.pop("headers", {})}, **options)


def uploaded(wire: Wire, content: bytes) -> str:
    """Upload as an advance call does; returns its PicContent."""
    permission = authorize(wire).json()
    place = place_of(permission)
    assert post(f"{place}/", fields_of(permission), content, headers={"host": place}).status_code == 201
    return f"http://{place}/{permission['ObjectKey']}"


def code_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of an XML error as OSS gives it."""
    assert answer.headers["content-type"].startswith("application/xml")
    error = ET.fromstring(answer.text)  # noqa: S314 - our own
    assert error.tag == "Error"
    assert error.findtext("RequestId") == answer.headers["x-oss-request-id"]
    assert error.findtext("Message")
    return answer.status_code, error.findtext("Code") or ""


def add(wire: Wire, pic_content: str, instance: str = "shop") -> httpx.Response:
    names = {"ProductId": "uploaded", "PicName": "a.png"}
    return wire.call("AddImage", {"InstanceName": instance, "PicContent": pic_content, **names})


def test_a_permission_has_all_that_the_sdks_read(wire: Wire, address: str) -> None:
    answer = authorize(wire)
    assert answer.status_code == 200
    permission = answer.json()
    assert permission["Bucket"] == f"{address}/_oss/b"
    assert permission["Endpoint"] == "e"
    assert permission["UseAccelerate"] is False
    assert permission["RequestId"] == answer.headers["x-acs-request-id"]
    assert {"AccessKeyId", "EncodedPolicy", "ObjectKey", "Signature"} < set(permission)


def test_a_permission_needs_a_key_but_no_role(connect: Callable[..., Wire], address: str) -> None:
    assert authorize(connect(Role.READER, "shop")).status_code == 200
    headers = {"x-acs-action": "AuthorizeFileUpload", "x-acs-version": "2019-12-19"}
    assert httpx.get(address, headers=headers).status_code in {400, 401, 403, 404}


def test_an_sdk_that_needs_tls_is_told_what_to_do(wire: Wire) -> None:
    answer = authorize(wire, NODE)
    assert answer.json()["Code"] == "UnsupportedOperationType"
    assert "--tls-cert" in answer.json()["Message"]


def test_an_upload_is_answered_as_oss_does(wire: Wire) -> None:
    permission = authorize(wire).json()
    answer = post(f"{place_of(permission)}/", fields_of(permission), b"hello")
    assert answer.status_code == 201
    created = ET.fromstring(answer.text)  # noqa: S314 - our own
    assert created.tag == "PostResponse"
    assert created.findtext("Key") == permission["ObjectKey"]
    assert created.findtext("ETag") == '"5D41402ABC4B2A76B9719D911017C592"'
    assert created.findtext("Bucket")
    assert (created.findtext("Location") or "").endswith(permission["ObjectKey"])


@pytest.mark.parametrize("path", ["/", "/_oss/b.e/", "/_oss/b.e", "/_oss/b.e-internal/"])
def test_every_form_of_the_address_takes_uploads(wire: Wire, address: str, path: str, draw: Draw) -> None:
    permission = authorize(wire).json()
    assert post(address + path, fields_of(permission), draw(1)).status_code == 201
    assert add(wire, f"http://{place_of(permission)}/{permission['ObjectKey']}").json()["Success"] is True


def test_a_picture_is_used_once_and_found_again(wire: Wire, draw: Draw) -> None:
    url = uploaded(wire, draw(3))
    assert add(wire, url).json()["Code"] == 0
    assert add(wire, url).json()["Code"] == "InvalidPicUrl"
    search = {"InstanceName": "shop", "PicContent": uploaded(wire, draw(3))}
    assert wire.call("SearchImageByPic", search).json()["Auctions"][0]["ProductId"] == "uploaded"
    assert wire.call("SearchImageByPic", search).json()["Code"] == "InvalidPicUrl"


def test_two_pictures_are_compared_and_gone(wire: Wire, draw: Draw) -> None:
    form = {
        "InstanceName": "shop",
        "PrimaryPicContent": uploaded(wire, draw(1)),
        "SecondaryPicContent": uploaded(wire, draw(1)),
    }
    assert wire.call("CompareSimilarByImage", form).json()["Score"] == 1
    assert wire.call("CompareSimilarByImage", form).json()["Code"] == "InvalidPicUrl"


@pytest.mark.parametrize("failure", ["instance", "parameter", "action", "picture", "signature", "role"])
def test_a_picture_is_gone_after_a_call_that_failed(
    wire: Wire,
    connect: Callable[..., Wire],
    address: str,
    draw: Draw,
    failure: str,
) -> None:
    url = uploaded(wire, b"no picture" if failure == "picture" else draw(1))
    if failure == "instance":
        assert add(wire, url, "nowhere").json()["Code"] == "InvalidInstance"
    elif failure == "parameter":
        assert wire.call("AddImage", {"InstanceName": "shop", "PicContent": url}).status_code == 400
    elif failure == "action":
        assert wire.call("Nothing", {"PicContent": url}).status_code == 404
    elif failure == "picture":
        assert add(wire, url).json()["Code"] == "UnsupportedPicFormat"
    elif failure == "role":
        assert add(connect(Role.READER), url).json()["Code"] == "NoPermission"
    else:
        headers = {"x-acs-action": "AddImage", "x-acs-version": "2020-12-14"}
        assert httpx.post(address, data={"PicContent": url}, headers=headers).status_code >= 400
    assert add(wire, url).json()["Code"] == "InvalidPicUrl"


def test_uploads_that_were_not_permitted_are_refused_in_xml(wire: Wire, address: str) -> None:
    good = fields_of(authorize(wire).json())
    assert code_of(post(address, {**good, "Signature": "bm8="}, b"x")) == (403, "SignatureDoesNotMatch")
    assert code_of(post(address, {**good, "OSSAccessKeyId": "<&>"}, b"x")) == (403, "InvalidAccessKeyId")
    assert code_of(post(address, {**good, "key": "other"}, b"x")) == (403, "AccessDenied")
    assert code_of(post(address, {**good, "policy": ""}, b"x")) == (403, "AccessDenied")
    assert code_of(post(address, good, b"")) == (400, "EntityTooSmall")
    assert code_of(post(address, good, b"x" * (4 * MEGABYTE + 1))) == (400, "EntityTooLarge")
    assert code_of(post(address, good, b"x" * (9 * MEGABYTE))) == (400, "EntityTooLarge")
    assert post(address, good, b"x").status_code == 201  # none of that used it up


def request_of(body: Iterable[bytes], headers: dict[str, str]) -> Request:
    """A request whose body arrives in these chunks."""
    chunks = iter(body)

    async def receive() -> Message:
        return {"type": "http.request", "body": next(chunks), "more_body": True}

    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": pairs}, receive)


def test_the_file_of_a_stranger_is_not_read() -> None:
    fields = {"OSSAccessKeyId": "LTAI", "policy": "e30=", "Signature": "bm8=", "key": "k"}
    body, headers = multipart(fields, b"x" * 100)
    chunks = iter([body[:-100], body[-100:]])
    with pytest.raises(UploadRefused, match="does not exist"):
        anyio.run(UploadFlow(Uploads()).receive, request_of(chunks, headers))
    assert len(list(chunks)) == 1


def test_an_upload_that_finds_no_room_is_told_to_come_again(
    wire: Wire, connect: Callable[..., Wire], address: str
) -> None:
    urls: list[str] = []
    content = bytes(4 * MEGABYTE)
    for _ in range(9):  # of a quarter of 128 MB
        permission = authorize(wire).json()
        answer = post(address, fields_of(permission), content)
        urls.append(f"http://{place_of(permission)}/{permission['ObjectKey']}")
    assert code_of(answer) == (503, "ServiceUnavailable")
    urls.append(uploaded(connect(), content))  # there is room for others
    for url in urls:
        wire.call("Nothing", {"PicContent": url})
    assert post(address, fields_of(authorize(wire).json()), content).status_code == 201


def test_malformed_forms_are_refused_in_xml(wire: Wire, address: str) -> None:
    good = fields_of(authorize(wire).json())
    body, headers = multipart(good, b"x")
    for wrong in (body[:-10], b"", b"--nonsense", body.replace(b'name="key"', b"")):
        assert code_of(httpx.post(address, content=wrong, headers=headers)) == (400, "MalformedPOSTRequest")
    body, headers = multipart(good, b"x", name="other")
    assert code_of(httpx.post(address, content=body, headers=headers)) == (400, "InvalidArgument")


def test_an_upload_cannot_be_read_back(wire: Wire, draw: Draw) -> None:
    url = uploaded(wire, draw(1)).removeprefix("http://")
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        answer = httpx.request(method, url)
        assert answer.status_code in {404, 405}
        assert draw(1) not in answer.content
    assert add(wire, f"http://{url}").json()["Code"] == 0


def test_the_flow_works_through_a_proxy_setting(app: App, address: str, draw: Draw) -> None:
    """As with HTTP_PROXY: the SDK sends absolute-form targets, the first of them meant for the cloud's own host."""
    made = app.access.create(Role.WRITER)
    with httpx.Client(proxy=address, auth=Acs3(made)) as client:
        answer = client.get(
            "http://openplatform.aliyuncs.com/",
            params={"Product": "ImageSearch"},
            headers={"x-acs-action": "AuthorizeFileUpload", "x-acs-version": "2019-12-19", "user-agent": PYTHON},
        )
    permission = answer.json()
    assert permission["Bucket"] == f"{address}/_oss/b"
    with httpx.Client(proxy=address) as client:
        body, headers = multipart(fields_of(permission), draw(2))
        assert client.post(f"{place_of(permission)}/", content=body, headers=headers).status_code == 201
    wire = Wire(address, made)
    assert add(wire, f"http://{place_of(permission)}/{permission['ObjectKey']}").json()["Code"] == 0
    wire.http.close()


@pytest.mark.parametrize("authority", ["http://openplatform.aliyuncs.com", "http://127.0.0.1:1", ""])
def test_absolute_form_targets_of_a_raw_socket(address: str, authority: str) -> None:
    host, _, port = urlsplit(address).netloc.partition(":")
    head = f"POST {authority}/_oss/b.e/ HTTP/1.1\r\nHost: {address}/_oss/b.e\r\nContent-Length: 0\r\n"
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"{head}Connection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"<Code>MalformedPOSTRequest</Code>" in answer


class Opened:
    """Notes every file that Python code opens for writing while it is switched on."""

    def __init__(self) -> None:
        self.on = False
        self.paths: list[object] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.on and (event == "tempfile.mkstemp" or (event == "open" and arguments[2] & 0o3)):
            self.paths.append(arguments[0])


def test_no_file_is_written(wire: Wire, address: str, draw: Draw, tmp_path: Path) -> None:
    picture = draw(1) + bytes(3 * MEGABYTE)
    opened = Opened()
    opened.on = True
    (tmp_path / "a").write_text("")
    assert opened.paths == [str(tmp_path / "a")]  # it hears
    opened.paths.clear()
    url = uploaded(wire, picture)
    chunks = (picture[at : at + 65536] for at in range(0, len(picture), 65536))
    httpx.post(address, content=chunks, headers={"content-type": "multipart/form-data; boundary=x"})
    add(wire, url)
    opened.on = False
    assert not opened.paths
