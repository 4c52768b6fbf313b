"""Which requests are calls, and what answers those that are none."""

import json
import socket
from urllib.parse import urlsplit

import httpx
import pytest
from tests.unit.gateway.alibaba.calling import Wire, refusal_of


def test_the_console_stays_at_the_root(address: str) -> None:
    answer = httpx.get(address)
    assert answer.headers["content-type"].startswith("text/html")
    assert httpx.get(address, params={"Action": "Detail"}).json()["Code"] == "MissingVersion"


@pytest.mark.parametrize(
    ("action", "version", "status", "code"),
    [
        ("", "2020-12-14", 400, "MissingAction"),
        ("Detail", "", 400, "MissingVersion"),
        ("SearchByPic", "2020-12-14", 404, "InvalidAction.NotFound"),
        ("Detail", "2020-12-15", 404, "InvalidVersion"),
        ("Detail", "2019-12-19", 404, "InvalidVersion"),
        ("AuthorizeFileUpload", "2020-12-14", 404, "InvalidVersion"),
    ],
)
def test_actions_and_versions_that_are_not_there(
    wire: Wire, action: str, version: str, status: int, code: str
) -> None:
    assert refusal_of(wire.call(action, version=version))[:2] == (status, code)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods(wire: Wire, method: str) -> None:
    assert refusal_of(wire.call("Detail", method=method))[:2] == (400, "UnsupportedHTTPMethod")


def test_get_is_for_reading(wire: Wire) -> None:
    assert wire.call("Detail", query={"InstanceName": "shop"}, method="GET").status_code == 200
    for action in ("AddImage", "UpdateImage", "DeleteImage", "IncreaseInstance"):
        assert refusal_of(wire.call(action, method="GET"))[:2] == (400, "UnsupportedHTTPMethod")


@pytest.mark.parametrize(
    ("path", "action", "version", "status", "code"),
    [
        ("/v2/image/compare", "CompareImage", "2019-03-25", 404, "InvalidApi.NotFound"),
        ("/v2/image/", "", "", 404, "InvalidApi.NotFound"),
        ("/item/update", "", "2018-01-20", 404, "InvalidApi.NotFound"),
        ("/v2/image/delete", "SearchImage", "2019-03-25", 404, "InvalidApi.NotFound"),
        ("/v2/image/search", "", "2020-12-14", 404, "InvalidVersion"),
        ("/item/search", "", "2019-03-25", 404, "InvalidVersion"),
    ],
)
def test_paths_that_are_not_there(wire: Wire, path: str, action: str, version: str, status: int, code: str) -> None:
    assert refusal_of(wire.call(action, version=version, path=path))[:2] == (status, code)


def test_older_generations_take_post(wire: Wire) -> None:
    for path in ("/v2/image/search", "/item/search"):
        assert refusal_of(wire.call("", version="", path=path, method="GET"))[1] == "UnsupportedHTTPMethod"


@pytest.mark.parametrize("version", ["2018-01-20", "2018-03-19", ""])
def test_the_path_is_enough(wire: Wire, version: str) -> None:
    answer = wire.http.post(
        "/item/delete?instanceName=shop",
        content=b"item_id,0,1^1",
        headers={"x-acs-action": "DeleteItem", "x-acs-version": version},
    )
    assert answer.json()["Success"] is True


def test_strangers_are_refused_before_anything_is_looked_up(address: str) -> None:
    headers = {"x-acs-action": "Detail", "x-acs-version": "2020-12-14"}
    answer = httpx.post(address, headers=headers, data={"InstanceName": "no"})
    assert (answer.status_code, answer.json()["Code"]) == (400, "MissingAccessKeyId")


@pytest.mark.parametrize("target", ["http://imagesearch.cn-shanghai.aliyuncs.com/", "http://any.host"])
def test_absolute_targets(address: str, target: str) -> None:
    place = urlsplit(address)
    with socket.create_connection((place.hostname, place.port)) as connection:
        head = "\r\n".join((f"POST {target}?Action=None HTTP/1.1", "Host: any.host", "Content-Length: 0"))
        connection.sendall(f"{head}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["Code"] == "InvalidAction.NotFound"


def test_caller_and_instance_are_looked_at_before_other_parameters(wire: Wire) -> None:
    for action in ("AddImage", "SearchImageByPic", "SearchImageByText", "CompareSimilarByImage", "DeleteImage"):
        assert wire.refusal(action, InstanceName="no", Num="x")[:2] == (400, "InvalidInstance")


def test_a_query_of_very_many_parameters(wire: Wire) -> None:
    assert refusal_of(wire.call("Detail", query={f"a{number}": "" for number in range(300)}))[1] == "BadRequest"


def test_every_answer_names_its_request(wire: Wire) -> None:
    answers = [wire.call("Detail", {"InstanceName": name}) for name in ("shop", "no")]
    ids = [answer.headers["x-acs-request-id"] for answer in answers]
    assert len(set(ids)) == 2
    assert [answer.json()["RequestId"] for answer in answers] == ids
    assert ids[0] == ids[0].upper()


def test_errors_point_to_the_documentation(wire: Wire) -> None:
    assert wire.call("Nothing").json()["Recommend"] == "docs/compatibility.md"


def test_calls_are_counted_by_their_route(address: str, wire: Wire) -> None:
    wire.call("Detail", {"InstanceName": "shop"})
    wire.call("", path="/v2/image/other", version="")
    figures = httpx.get(f"{address}/metrics").text
    assert 'similis_requests_total{method="POST",route="/",status="200"}' in figures
    assert 'route="/v2/image/{operation:path}",status="404"}' in figures
