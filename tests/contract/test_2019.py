"""The API of 2019-03-25 by its three SDKs: add pictures, search, and get the same picture first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.contract.judging import IDENTICAL, Judge, Served, encode

Draw = Callable[..., bytes]


@pytest.mark.parametrize("judge", ["tea_2019", "classic", "node_2019"])
def test_errors(request: pytest.FixtureRequest, judge: str, similis: Served) -> None:
    sdk = request.getfixturevalue(judge)
    shop = similis.instance()
    missing = sdk("SearchImage", InstanceName=shop, Type="SearchByName", ProductId="p", PicName="a").error
    assert "PicNotExist" in missing["text"] or missing["code"] == "PicNotExist"
    wrong = sdk("SearchImage", InstanceName=shop, Type="SearchByMagic").error
    assert "InvalidType" in wrong["text"] or wrong["code"] == "InvalidType"


def test_classic_exception(classic: Judge) -> None:
    error = classic("AddImage", InstanceName="nowhere", ProductId="p", PicName="a", PicContent="?").error
    assert (error["type"], error["code"], error["status"]) == ("ServerException", "InvalidInstance", 400)
    assert error["request_id"]


@pytest.mark.parametrize("changes", [{}, {"asynchronous": True}, {"client": {"signature_algorithm": "v2"}}], ids=str)
def test_tea_sdk(tea_2019: Judge, changes: dict[str, Any], similis: Served, draw: Draw) -> None:
    _story(tea_2019.using(**changes), similis, draw, crop=False)


def test_classic_sdk(classic: Judge, similis: Served, draw: Draw) -> None:
    _story(classic, similis, draw, crop=False)


def test_classic_sdk_with_temporary_key(classic: Judge, similis: Served, draw: Draw) -> None:
    key = similis.key(temporary_minutes=5)
    sts = classic.using(client={"id": key.id, "secret": key.secret, "token": key.token})
    _story(sts, similis, draw, crop=False)


def test_node_sdk(node_2019: Judge, similis: Served, draw: Draw) -> None:
    _story(node_2019, similis, draw, crop="false")


@pytest.mark.parametrize("judge", ["tea_2019", "classic", "node_2019"])
def test_region(request: pytest.FixtureRequest, judge: str, similis: Served, draw: Draw) -> None:
    sdk, things, picture = request.getfixturevalue(judge), similis.instance("generic"), encode(draw(0))
    added = sdk(
        "AddImage", InstanceName=things, ProductId="p", PicName="a", PicContent=picture, Region="40,200,30,210"
    )
    found = sdk("SearchImage", InstanceName=things, PicContent=picture, Region="40,200,30,210")
    assert added.body["PicInfo"]["Region"] == found.body["PicInfo"]["Region"] == "40,200,30,210"
    assert found.auctions[0]["SortExprValues"] == IDENTICAL


def _story(sdk: Judge, similis: Served, draw: Draw, crop: object) -> None:
    shop = similis.instance()
    for product in range(2):
        added = sdk(
            "AddImage", InstanceName=shop, ProductId=f"p/{product} 中", PicName="a+b.jpg", CategoryId=3, Crop=crop,
            PicContent=encode(draw(product)), IntAttr=product, StrAttr="s", CustomContent="ü",
        )  # fmt: skip
        assert added.body["PicInfo"]["CategoryId"] == 3
    by_picture = sdk(
        "SearchImage", InstanceName=shop, Type="SearchByPic", PicContent=encode(draw(1)), CategoryId=3, Crop=crop,
        Num=1, Start=0, Filter='int_attr>=0 AND str_attr="s"',
    )  # fmt: skip
    assert [each["ProductId"] for each in by_picture.auctions] == ["p/1 中"]
    assert by_picture.auctions[0]["SortExprValues"] == IDENTICAL
    assert by_picture.auctions[0]["IntAttr"] == 1
    by_name = sdk("SearchImage", InstanceName=shop, Type="SearchByName", ProductId="p/0 中", PicName="a+b.jpg")
    assert [each["ProductId"] for each in by_name.auctions] == ["p/0 中", "p/1 中"]
    assert sdk("DeleteImage", InstanceName=shop, ProductId="p/0 中", PicName="a+b.jpg").body["Success"] is True
