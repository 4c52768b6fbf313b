"""The `…Advance` calls, which send the picture by AuthorizeFileUpload and PostObject before the call itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.contract.conftest import Launch
from tests.contract.judging import IDENTICAL, Judge, Served

Draw = Callable[..., bytes]
SCHEMES: list[dict[str, Any]] = [{}, {"client": {"signature_algorithm": "v2"}}, {"asynchronous": True}]


@pytest.mark.parametrize("changes", SCHEMES, ids=str)
@pytest.mark.parametrize("judge", ["current", "older"])
def test_over_plain_http(
    judge: str, changes: dict[str, Any], request: pytest.FixtureRequest, similis: Served, draw: Draw
) -> None:
    sdk = request.getfixturevalue(judge).using(upload=similis.place, **changes)
    _add_and_find(sdk, similis, draw)


@pytest.mark.parametrize("judge", ["current", "older"])
def test_by_a_proxy_of_the_call(judge: str, request: pytest.FixtureRequest, similis: Served, draw: Draw) -> None:
    _add_and_find(request.getfixturevalue(judge).using(runtime={"http_proxy": similis.address}), similis, draw)


@pytest.mark.parametrize("environment", ["current", "older"])
def test_by_a_proxy_of_the_environment(
    environment: str, current: Judge, launch: Launch, similis: Served, draw: Draw
) -> None:
    judge = Judge(launch(environment, "tea", HTTP_PROXY=similis.address), current.order)
    _add_and_find(judge, similis, draw)


def test_first_sdk_by_a_proxy(oldest: Judge, launch: Launch, similis: Served, draw: Draw) -> None:
    """The SDK of 2020-02-12 has openplatform.aliyuncs.com built in: only a proxy leads it here."""
    _add_and_find(Judge(launch("oldest", "tea", HTTP_PROXY=similis.address), oldest.order), similis, draw)


def test_python_over_tls(current: Judge, similis: Served, draw: Draw) -> None:
    place = f"127.0.0.1:{similis.tls_port}"
    secure = current.using(
        client={"endpoint": place, "protocol": "HTTPS", "ca": str(similis.authority)},
        upload=place,
        runtime={"ca": str(similis.authority)},
    )
    _add_and_find(secure, similis, draw)


@pytest.mark.parametrize("client", [{}, {"signatureAlgorithm": "v2"}], ids=str)
def test_node_uploads_over_tls(node: Judge, client: dict[str, str], similis: Served, draw: Draw) -> None:
    authority = similis.authority.read_text()
    _add_and_find(node.using(client={**client, "ca": authority}, upload=similis.place), similis, draw)


def test_node_over_tls_alone(node: Judge, similis: Served, draw: Draw) -> None:
    place = f"127.0.0.1:{similis.tls_port}"
    client = {"endpoint": place, "protocol": "HTTPS", "ca": similis.authority.read_text()}
    runtime = {"ca": similis.authority.read_text()}
    _add_and_find(node.using(client=client, upload=place, runtime=runtime), similis, draw)


@pytest.mark.parametrize("judge", ["current", "node"])
def test_two_pictures_to_compare(judge: str, request: pytest.FixtureRequest, similis: Served, draw: Draw) -> None:
    sdk = request.getfixturevalue(judge).using(upload=similis.place)
    if judge == "node":
        sdk = sdk.using(client={"ca": similis.authority.read_text()})
    for second, same in ((draw(0), True), (draw(1), False)):
        pictures = {"PrimaryPicContent": draw(0), "SecondaryPicContent": second}
        answer = sdk("CompareSimilarByImage", InstanceName=similis.instance(), pictures=pictures)
        assert (answer.body["Score"] == 1.0) is same


def test_temporary_key_uploads(current: Judge, similis: Served, draw: Draw) -> None:
    key = similis.key(temporary_minutes=5)
    client = {"access_key_id": key.id, "access_key_secret": key.secret, "security_token": key.token, "type": "sts"}
    _add_and_find(current.using(client=client, upload=similis.place), similis, draw)


def test_a_stranger_may_not_upload(current: Judge, similis: Served, draw: Draw) -> None:
    stranger = current.using(client={"access_key_secret": "wrong"}, upload=similis.place)
    answer = stranger("AddImage", InstanceName="x", ProductId="p", PicName="a", pictures={"PicContent": draw(0)})
    assert answer.error["code"] == "SignatureDoesNotMatch"


def test_a_picture_too_large_to_upload(current: Judge, similis: Served) -> None:
    large = {"PicContent": bytes(4 * 1024 * 1024 + 1)}
    error = current.using(upload=similis.place)(
        "AddImage", InstanceName=similis.instance(), ProductId="p", PicName="a", pictures=large
    ).error
    assert error["code"] == "EntityTooLarge"


def _add_and_find(sdk: Judge, similis: Served, draw: Draw) -> None:
    shop = similis.instance()
    for product in range(2):
        pictures = {"PicContent": draw(product)}
        added = sdk(
            "AddImage", InstanceName=shop, ProductId=f"p{product}", PicName="a", CategoryId=3, pictures=pictures
        )
        assert added.body["Success"] is True
    found = sdk("SearchImageByPic", InstanceName=shop, CategoryId=3, pictures={"PicContent": draw(1)}).auctions
    assert [each["ProductId"] for each in found] == ["p1", "p0"]
    assert found[0]["SortExprValues"] == IDENTICAL
