"""The API of 2018-01-20: the `^` body as its own SDK builds it, signed and sent by that SDK."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from tests.contract.judging import IDENTICAL, Answer, Judge, Served, encode

Draw = Callable[..., bytes]


def call(
    sdk: Judge, action: str, pictures: list[tuple[str, bytes | None]], **setters: str
) -> tuple[Answer, dict[str, Any]]:
    """Let the SDK build the body and send it; the answer, and what else the driver told."""
    named = [(name, None if content is None else encode(content)) for name, content in pictures]
    given = sdk.using(setters={f"set_{name}": value for name, value in setters.items()}).using(pictures=named)
    told = given.send({**given.order, "action": action})
    return Answer(told), told


def test_add_search_and_delete(item: Judge, similis: Served, draw: Draw) -> None:
    shop = similis.instance()
    for product in range(2):
        pictures: list[tuple[str, bytes | None]] = [("a+b.jpg", draw(product)), ("中.jpg", draw(product, 1))]
        added, told = call(
            item, "AddItem", pictures, instance_name=shop, item_id=f"p{product}中", cate_id="3", cust_content="k:ü^#,"
        )
        assert added.body.items() >= {"Message": "success", "Success": True, "Code": 0}.items()
        assert base64.b64decode(told["content"]).split(b"^")[0].count(b"#") == 5
    found, _ = call(item, "SearchItem", [("", draw(1, 1))], instance_name=shop, cate_id="3")
    assert found.body["PicInfo"]["Category"] == "3"
    assert {"Id": "3", "Name": "Bag"} in found.body["PicInfo"]["AllCategory"]["Category"]
    assert found.body["Head"]["DocsReturn"] == 4
    first = found.body["Auctions"]["Auction"][0]
    assert first == {
        "ProductId": "p1中", "ItemId": "p1中", "PicName": "中.jpg", "CatId": "3", "CustContent": "k:ü^#,",
        "SortExprValues": IDENTICAL,
    }  # fmt: skip
    call(item, "DeleteItem", [("中.jpg", None)], instance_name=shop, item_id="p1中")
    call(item, "DeleteItem", [], instance_name=shop, item_id="p0中")
    left, _ = call(item, "SearchItem", [("", draw(1, 1))], instance_name=shop, cate_id="3")
    assert [each["PicName"] for each in left.body["Auctions"]["Auction"]] == ["a+b.jpg"]


def test_page(item: Judge, similis: Served, draw: Draw) -> None:
    shop = similis.instance("generic")
    pictures: list[tuple[str, bytes | None]] = [(f"{view}.jpg", draw(0, view)) for view in range(3)]
    call(item, "AddItem", pictures, instance_name=shop, item_id="p", cate_id="0")
    found, _ = call(item, "SearchItem", [("", draw(0))], instance_name=shop, start="1", num="1")
    assert len(found.body["Auctions"]["Auction"]) == 1
    assert found.body["Auctions"]["Auction"][0]["SortExprValues"] != IDENTICAL


@pytest.mark.parametrize("missing", ["item_id", "cate_id"])
def test_the_sdk_itself_refuses_what_is_incomplete(item: Judge, draw: Draw, missing: str) -> None:
    setters = {"instance_name": "x", "item_id": "p", "cate_id": "3"}
    del setters[missing]
    assert call(item, "AddItem", [("a", draw(0))], **setters)[1] == {"built": False}


def test_errors(item: Judge, similis: Served, draw: Draw) -> None:
    nowhere, _ = call(item, "SearchItem", [("", draw(0))], instance_name="nowhere")
    assert (nowhere.error["code"], nowhere.error["status"]) == ("InvalidInstance", 400)
    shop = similis.instance()
    text, _ = call(item, "AddItem", [("a", b"no picture")], instance_name=shop, item_id="p", cate_id="3")
    assert text.error["code"] == "UnsupportedPicFormat"
    many, _ = call(item, "SearchItem", [("", draw(0))], instance_name=shop, num="101")
    assert many.error["code"] == "OverflowMaxReturnNum"
    mistaken, _ = call(item.using(client={"secret": "wrong"}), "DeleteItem", [], instance_name=shop, item_id="p")
    assert mistaken.error["code"] == "SignatureDoesNotMatch"
