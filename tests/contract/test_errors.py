"""How errors reach the users of the SDKs: exception, code, HTTP status and message."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from tests.contract.judging import Judge, Served, encode

Draw = Callable[..., bytes]


def blank(width: int, height: int, form: str = "PNG", **options: Any) -> str:  # noqa: ANN401 - Pillow's own
    """A picture of one colour in Base64."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(buffer, form, **options)
    return encode(buffer.getvalue())


def rotated() -> str:
    """A picture that says it lies on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return blank(120, 120, "JPEG", exif=exif)


KEY = {"ProductId": "p", "PicName": "a"}
GOOD = blank(120, 120)
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("AddImage", {**KEY, "PicContent": GOOD, "InstanceName": "nowhere"}, "InvalidInstance"),
    ("AddImage", {**KEY, "PicContent": GOOD, "InstanceName": None}, "InvalidInstanceName"),
    ("AddImage", {"PicName": "a", "PicContent": GOOD}, "NoSpecifiedProductId"),
    ("AddImage", {"ProductId": "p", "PicContent": GOOD}, "NoSpecifiedPicName"),
    ("AddImage", KEY, "NoSpecifiedPicContent"),
    ("AddImage", {**KEY, "ProductId": "p" * 513, "PicContent": GOOD}, "InvalidProductId"),
    ("AddImage", {**KEY, "PicName": "p" * 513, "PicContent": GOOD}, "InvalidPicName"),
    ("AddImage", {**KEY, "PicContent": GOOD, "CategoryId": 17}, "InvalidCategory"),
    ("AddImage", {**KEY, "PicContent": GOOD, "Region": "1,2,3"}, "InvalidRegion"),
    ("AddImage", {**KEY, "PicContent": GOOD, "Region": "50,500,50,100"}, "InvalidRegion"),
    ("AddImage", {**KEY, "PicContent": GOOD, "CustomContent": "c" * 4097}, "InvalidCustomContent"),
    ("AddImage", {**KEY, "PicContent": GOOD, "IntAttr": 2147483648}, "InvalidIntAttr"),
    ("AddImage", {**KEY, "PicContent": GOOD, "IntAttr2": 2147483648}, "InvalidIntAttr2"),
    ("AddImage", {**KEY, "PicContent": GOOD, "IntAttr3": 2147483648}, "InvalidIntAttr3"),
    ("AddImage", {**KEY, "PicContent": GOOD, "IntAttr4": 2147483648}, "InvalidIntAttr4"),
    ("AddImage", {**KEY, "PicContent": GOOD, "StrAttr": "s" * 129}, "InvalidStrAttr"),
    ("AddImage", {**KEY, "PicContent": GOOD, "StrAttr2": "s" * 129}, "InvalidStrAttr2"),
    ("AddImage", {**KEY, "PicContent": GOOD, "StrAttr3": "s" * 129}, "InvalidStrAttr3"),
    ("AddImage", {**KEY, "PicContent": GOOD, "StrAttr4": "s" * 129}, "InvalidStrAttr4"),
    ("AddImage", {**KEY, "PicContent": encode(b"no picture")}, "UnsupportedPicFormat"),
    ("AddImage", {**KEY, "PicContent": blank(99, 120)}, "UnsupportedPicPixels"),
    ("AddImage", {**KEY, "PicContent": rotated()}, "IncorrectOrientation"),
    ("AddImage", {**KEY, "PicContent": encode(bytes(4 * 1024 * 1024 + 1))}, "InvalidPicContent"),
    ("AddImage", {**KEY, "PicContent": "http://127.0.0.1/a.png"}, "InvalidPicUrl"),
    ("SearchImageByPic", {}, "NoSpecifiedPicContent"),
    ("SearchImageByPic", {"PicContent": GOOD, "Num": 0}, "InvalidNumParameter"),
    ("SearchImageByPic", {"PicContent": GOOD, "Num": 101}, "OverflowMaxReturnNum"),
    ("SearchImageByPic", {"PicContent": GOOD, "Start": -1}, "InvalidStartParameter"),
    ("SearchImageByPic", {"PicContent": GOOD, "Num": 2, "Start": 499}, "OverflowMaxResultNum"),
    ("SearchImageByPic", {"PicContent": GOOD, "Filter": "int_attr>"}, "InvalidFilterClause"),
    ("SearchImageByPic", {"PicContent": GOOD, "CategoryId": -1}, "InvalidCategory"),
    ("SearchImageByPic", {"PicContent": GOOD, "Region": "9,3,1,2"}, "InvalidRegion"),
    ("SearchImageByName", KEY, "PicNotExist"),
    ("SearchImageByName", {"PicName": "a"}, "NoSpecifiedProductId"),
    ("SearchImageByFilter", {"Filter": "colour=3"}, "InvalidFilterClause"),
    ("SearchImageByText", {"Text": ""}, "InvalidText"),
    ("SearchImageByText", {"Text": "t" * 513}, "InvalidTextLength"),
    ("CheckImageExists", {"ProductId": "p"}, "NoSpecifiedPicName"),
    ("UpdateImage", {**KEY, "IntAttr": 1}, "PicNotExist"),
    ("DeleteImage", {}, "NoSpecifiedProductId"),
    ("DeleteImage", {"IsDeleteByFilter": True}, "InvalidFilterClause"),
    ("CompareSimilarByImage", {"SecondaryPicContent": GOOD}, "InvalidPrimaryPicContent"),
    ("CompareSimilarByImage", {"PrimaryPicContent": GOOD}, "InvalidSecondaryPicContent"),
    ("Detail", {"InstanceName": "nowhere"}, "Console.InstanceNotFound"),
    ("DumpMeta", {"InstanceName": "nowhere"}, "Console.InstanceNotFound"),
]


@pytest.fixture(scope="module")
def shop(similis: Served) -> str:
    return similis.instance()


@pytest.mark.parametrize(("action", "parameters", "code"), WRONG, ids=[f"{row[0]}-{row[2]}" for row in WRONG])
def test_bad_parameters(current: Judge, shop: str, action: str, parameters: dict[str, Any], code: str) -> None:
    given = {name: value for name, value in {"InstanceName": shop, **parameters}.items() if value is not None}
    error = current(action, **given).error
    assert (error["type"], error["code"], error["status"]) == ("ClientException", code, 400)
    assert error["request_id"]
    assert error["data"]["HostId"]


def test_message_begins_with_the_sentence_of_the_contract(current: Judge, shop: str) -> None:
    error = current("SearchImageByPic", InstanceName=shop, PicContent=GOOD, Start=-1).error
    assert "The specified parameter start is inavlid." in error["message"]


def test_full_instance(current: Judge, similis: Served) -> None:
    full = similis.instance(capacity=1)
    for name, code in (("a", None), ("b", "InstanceOverQuota")):
        answer = current("AddImage", InstanceName=full, ProductId="p", PicName=name, PicContent=GOOD)
        assert answer.given.get("error", {}).get("code") == code


def test_a_key_that_has_added_its_pictures_of_the_day(current: Judge, similis: Served) -> None:
    shop, key = similis.instance(), similis.key(pictures_per_day=1)
    limited = current.using(client={"access_key_id": key.id, "access_key_secret": key.secret})
    for name, code in (("a", None), ("b", "InstanceOverQuota")):
        answer = limited("AddImage", InstanceName=shop, ProductId="p", PicName=name, PicContent=GOOD)
        assert answer.given.get("error", {}).get("code") == code


def test_a_body_that_the_key_may_not_send(current: Judge, similis: Served) -> None:
    shop, key = similis.instance(), similis.key(max_body=64 * 1024)
    limited = current.using(client={"access_key_id": key.id, "access_key_secret": key.secret})
    error = limited("AddImage", InstanceName=shop, ProductId="p", PicName="a", PicContent="A" * 70_000).error
    assert (error["type"], error["code"], error["status"]) == ("ClientException", "BadRequest", 400)
    assert "above 65,536 bytes" in error["message"]


@pytest.mark.parametrize("judge", ["current", "older", "oldest"])
def test_unknown_key(request: pytest.FixtureRequest, judge: str, shop: str) -> None:
    stranger = request.getfixturevalue(judge).using(client={"access_key_id": "SIMAAAAAAAAAAAAAAAAA"})
    error = stranger("DeleteImage", InstanceName=shop, ProductId="p").error
    assert "InvalidAccessKeyId.NotFound" in (error["code"], error["text"])


@pytest.mark.parametrize("scheme", [{}, {"signature_algorithm": "v2"}], ids=str)
@pytest.mark.parametrize("judge", ["current", "older"])
def test_wrong_secret(request: pytest.FixtureRequest, judge: str, scheme: dict[str, str], shop: str) -> None:
    mistaken = request.getfixturevalue(judge).using(client={"access_key_secret": "wrong", **scheme})
    error = mistaken("Detail", InstanceName=shop).error
    assert (error["type"], error["code"]) == ("ClientException", "SignatureDoesNotMatch")


def test_disabled_key(current: Judge, similis: Served, shop: str) -> None:
    key = similis.key()
    similis.operator.post(f"/api/v1/keys/{key.id}/disable").raise_for_status()
    disabled = current.using(client={"access_key_id": key.id, "access_key_secret": key.secret})
    assert disabled("Detail", InstanceName=shop).error["code"] == "InvalidAccessKeyId.Inactive"


def test_temporary_key_with_a_wrong_token(current: Judge, similis: Served, shop: str) -> None:
    key = similis.key(temporary_minutes=5)
    client = {"access_key_id": key.id, "access_key_secret": key.secret, "security_token": "wrong"}
    error = current.using(client=client)("Detail", InstanceName=shop).error
    assert error["code"] == "InvalidSecurityToken.Malformed"


def test_reader_may_not_write(current: Judge, similis: Served, shop: str) -> None:
    key = similis.key("reader")
    reader = current.using(client={"access_key_id": key.id, "access_key_secret": key.secret})
    assert reader("Detail", InstanceName=shop).body["Success"] is True
    error = reader("DeleteImage", InstanceName=shop, ProductId="p").error
    assert (error["type"], error["code"], error["status"]) == ("ClientException", "NoPermission", 403)
    assert error["denied"]["AuthAction"] == "imagesearch:DeleteImage"


def test_key_of_another_instance(current: Judge, similis: Served, shop: str) -> None:
    key = similis.key("writer", instances=[similis.instance()])
    limited = current.using(client={"access_key_id": key.id, "access_key_secret": key.secret})
    assert limited("DeleteImage", InstanceName=shop, ProductId="p").error["code"] == "NoPermission"
    assert limited("Detail", InstanceName=shop).error["code"] == "Console.NoPermission"


def test_node_exception(node: Judge, shop: str) -> None:
    error = node("SearchImageByName", InstanceName=shop, ProductId="p", PicName="a").error
    assert error["code"] == "PicNotExist"
    assert error["status"] == 400


@pytest.mark.parametrize("action", ["Detail", "CheckImageExists"])
def test_an_instance_over_its_quota(current: Judge, similis: Served, action: str) -> None:
    busy = similis.instance()
    similis.operator.patch(f"/api/v1/instances/{busy}", json={"qps": 0.01}).raise_for_status()
    assert current("Detail", InstanceName=busy).body["Instance"]["Qps"] == 1
    error = current(action, InstanceName=busy, ProductId="p", PicName="a").error
    status = 400 if action == "Detail" else 403
    assert (error["type"], error["code"], error["status"]) == ("ThrottlingException", "DeniedRequest", status)
    assert "Your request was denied due to instance flow control." in error["message"]


def test_a_key_over_its_quota(current: Judge, similis: Served, shop: str) -> None:
    key = similis.key(qps=0.01)
    busy = current.using(client={"access_key_id": key.id, "access_key_secret": key.secret})
    assert busy("Detail", InstanceName=shop).body["Success"] is True
    error = busy("Detail", InstanceName=shop).error
    assert (error["type"], error["code"], error["status"]) == ("ThrottlingException", "Throttling.User", 400)
