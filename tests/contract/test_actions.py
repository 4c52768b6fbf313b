"""Every action of 2020-12-14, called with the current SDK: what its own models make of the answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.contract.judging import IDENTICAL, Judge, Served, encode

Draw = Callable[..., bytes]
Shop = tuple[str, list[str]]

ATTRIBUTES: dict[str, Any] = {"IntAttr": 7, "IntAttr2": -2147483648, "StrAttr": "value1", "StrAttr2": "红 色"}
MORE_ATTRIBUTES: dict[str, Any] = {"IntAttr3": 0, "IntAttr4": 2147483647, "StrAttr3": "", "StrAttr4": "d"}


@pytest.fixture(scope="module")
def shop(current: Judge, similis: Served, draw: Draw) -> Shop:
    """A product instance with two products of two pictures each, and those pictures in Base64."""
    name = similis.instance()
    pictures = [encode(draw(product)) for product in range(4)]
    for number, picture in enumerate(pictures):
        current(
            "AddImage", InstanceName=name, ProductId=f"p{number // 2}", PicName=f"{number}.png", PicContent=picture,
            CategoryId=3, IntAttr=number, StrAttr3="odd" if number % 2 else "even", CustomContent=f"k1:{number}",
        )  # fmt: skip
    return name, pictures


def names(answer: list[dict[str, Any]]) -> list[str]:
    return [auction["PicName"] for auction in answer]


def test_add_image_tells_what_it_saw(current: Judge, similis: Served, draw: Draw) -> None:
    body = current(
        "AddImage", InstanceName=similis.instance(), ProductId="p", PicName="a", PicContent=encode(draw(0)), Crop=True
    ).body
    assert (body["Success"], body["Code"], body["Message"]) == (True, 0, "success")
    info = body["PicInfo"]
    assert {"Region": info["Region"]} in info["MultiRegion"]
    assert {"Id": info["CategoryId"]}.items() <= next(
        each for each in info["AllCategories"] if each["Id"] == info["CategoryId"]
    ).items()
    assert len(body["RequestId"]) == 36


def test_add_image_uses_the_region_it_is_given(current: Judge, similis: Served, draw: Draw) -> None:
    things = similis.instance("generic")
    for crop in (True, False):
        body = current(
            "AddImage", InstanceName=things, ProductId="p", PicName=str(crop), PicContent=encode(draw(0)), Crop=crop,
            Region="40,200,30,210", CategoryId=3,
        ).body  # fmt: skip
        assert body["PicInfo"]["Region"] == "40,200,30,210"
        assert body["PicInfo"]["CategoryId"] == 88888888


def test_whole_picture_without_crop(current: Judge, similis: Served, draw: Draw) -> None:
    things = similis.instance("generic")
    body = current(
        "AddImage", InstanceName=things, ProductId="p", PicName="a", PicContent=encode(draw(0)), Crop=False
    ).body
    assert body["PicInfo"]["Region"] == "0,240,0,240"


def test_search_image_by_pic(current: Judge, shop: Shop) -> None:
    name, pictures = shop
    body = current(
        "SearchImageByPic", InstanceName=name, PicContent=pictures[2], CategoryId=3, Crop=True, Num=2, Start=0
    ).body
    assert body["Head"]["DocsReturn"] == 2
    assert body["Head"]["DocsFound"] == 4
    assert body["Head"]["SearchTime"] >= 0
    assert body["PicInfo"]["CategoryId"] == 3
    first, second = body["Auctions"]
    assert first == {
        "ProductId": "p1", "PicName": "2.png", "CategoryId": 3, "CustomContent": "k1:2", "IntAttr": 2,
        "StrAttr3": "even", "Score": 1.0, "SortExprValues": IDENTICAL,
    }  # fmt: skip
    assert 0 <= second["Score"] < 1


def test_search_pages(current: Judge, shop: Shop) -> None:
    name, pictures = shop
    found = [
        current("SearchImageByPic", InstanceName=name, PicContent=pictures[0], CategoryId=3, Num=1, Start=start)
        for start in range(5)
    ]
    assert sorted(picture for page in found for picture in names(page.auctions)) == [
        "0.png",
        "1.png",
        "2.png",
        "3.png",
    ]


def test_search_in_another_category_finds_nothing(current: Judge, shop: Shop) -> None:
    name, pictures = shop
    assert not current("SearchImageByPic", InstanceName=name, PicContent=pictures[0], CategoryId=9).auctions


def test_search_region(current: Judge, shop: Shop) -> None:
    name, pictures = shop
    body = current("SearchImageByPic", InstanceName=name, PicContent=pictures[0], Region="40,200,30,210").body
    assert body["PicInfo"]["Region"] == "40,200,30,210"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("int_attr>=2", {"2.png", "3.png"}),
        ('str_attr3="odd" AND int_attr<2', {"1.png"}),
        ("int_attr in (0,3)", {"0.png", "3.png"}),
        ("intAttr = 1", {"1.png"}),
        ("int_attr2=1", set()),
    ],
)
def test_filter(current: Judge, shop: Shop, condition: str, expected: set[str]) -> None:
    name, pictures = shop
    by_pic = current("SearchImageByPic", InstanceName=name, PicContent=pictures[0], CategoryId=3, Filter=condition)
    by_name = current("SearchImageByName", InstanceName=name, ProductId="p0", PicName="0.png", Filter=condition)
    by_filter = current("SearchImageByFilter", InstanceName=name, Filter=condition)
    assert set(names(by_pic.auctions)) == set(names(by_name.auctions)) == set(names(by_filter.auctions)) == expected


def test_one_picture_a_product(current: Judge, shop: Shop) -> None:
    name, pictures = shop
    by_pic = current(
        "SearchImageByPic", InstanceName=name, PicContent=pictures[3], CategoryId=3, DistinctProductId=True
    )
    by_name = current("SearchImageByName", InstanceName=name, ProductId="p1", PicName="3.png", DistinctProductId=True)
    for answer in (by_pic, by_name):
        assert [each["ProductId"] for each in answer.auctions] == ["p1", "p0"]
        assert answer.auctions[0]["PicName"] == "3.png"


def test_score_threshold(current: Judge, shop: Shop) -> None:
    name, pictures = shop
    by_pic = current(
        "SearchImageByPic", InstanceName=name, PicContent=pictures[1], CategoryId=3, ScoreThreshold="1.00"
    )
    by_name = current("SearchImageByName", InstanceName=name, ProductId="p0", PicName="1.png", ScoreThreshold="1.00")
    assert names(by_pic.auctions) == names(by_name.auctions) == ["1.png"]


def test_search_image_by_name(current: Judge, shop: Shop) -> None:
    body = current(
        "SearchImageByName", InstanceName=shop[0], ProductId="p1", PicName="2.png", CategoryId=3, Num=3, Start=0
    ).body
    assert names(body["Auctions"])[0] == "2.png"
    assert body["Auctions"][0]["Score"] == 1.0
    assert body["Head"]["DocsReturn"] == 3


def test_search_image_by_filter(current: Judge, shop: Shop) -> None:
    body = current("SearchImageByFilter", InstanceName=shop[0], Filter='str_attr3="even"', Num=1, Start=1).body
    assert names(body["Auctions"]) == ["2.png"]
    assert "Score" not in body["Auctions"][0]


def test_search_image_by_text_needs_a_text_encoder(current: Judge, shop: Shop) -> None:
    error = current(
        "SearchImageByText", InstanceName=shop[0], Text="a red circle", Num=5, Start=0, Filter="int_attr>0",
        DistinctProductId=True, ScoreThreshold="0.1",
    ).error  # fmt: skip
    assert error["code"] == "UnsupportedOperationType"


def test_check_image_exists(current: Judge, shop: Shop) -> None:
    there = current("CheckImageExists", InstanceName=shop[0], ProductId="p0", PicName="1.png").body
    assert there["Exists"] is True
    assert there["Auctions"] == {
        "ProductId": "p0", "PicName": "1.png", "CategoryId": 3, "CustomContent": "k1:1", "IntAttr": 1,
        "StrAttr3": "odd",
    }  # fmt: skip
    assert current("CheckImageExists", InstanceName=shop[0], ProductId="p0", PicName="x").body["Exists"] is False


def test_compare_similar_by_image(current: Judge, shop: Shop) -> None:
    name, pictures = shop
    same, other = (
        current(
            "CompareSimilarByImage", InstanceName=name, PrimaryPicContent=pictures[0], SecondaryPicContent=second
        ).body["Score"]
        for second in (pictures[0], pictures[1])
    )
    assert same == 1.0
    assert 0 <= other < 1


def test_update_image_changes_what_is_given(current: Judge, similis: Served, draw: Draw) -> None:
    shop = similis.instance()
    key: dict[str, Any] = {"InstanceName": shop, "ProductId": "p", "PicName": "a"}
    current("AddImage", **key, PicContent=encode(draw(0)), CategoryId=3, IntAttr=1, IntAttr2=2, StrAttr="before",
            StrAttr2="kept", IntAttr3=3, IntAttr4=4, StrAttr3="c", StrAttr4="d")  # fmt: skip
    current("UpdateImage", InstanceName=shop, ProductId="p", PicName="a", IntAttr=5, IntAttr2=6, IntAttr3=7,
            IntAttr4=8, StrAttr="after", StrAttr3="e", StrAttr4="f", CustomContent="new")  # fmt: skip
    auction = current("CheckImageExists", **key).body["Auctions"]
    assert auction == {
        "ProductId": "p", "PicName": "a", "CategoryId": 3, "CustomContent": "new", "IntAttr": 5, "IntAttr2": 6,
        "IntAttr3": 7, "IntAttr4": 8, "StrAttr": "after", "StrAttr2": "kept", "StrAttr3": "e", "StrAttr4": "f",
    }  # fmt: skip
    current("UpdateImage", InstanceName=shop, ProductId="p", PicName="a", StrAttr2="last")
    assert current("CheckImageExists", **key).body["Auctions"] == {**auction, "StrAttr2": "last"}


def test_an_added_picture_replaces_one_of_its_name(current: Judge, similis: Served, draw: Draw) -> None:
    shop = similis.instance()
    for product in range(2):
        current(
            "AddImage", InstanceName=shop, ProductId="p", PicName="a", PicContent=encode(draw(product)), CategoryId=3
        )
    found = current("SearchImageByPic", InstanceName=shop, PicContent=encode(draw(1)), CategoryId=3).auctions
    assert [each["SortExprValues"] for each in found] == [IDENTICAL]


def test_delete_image(current: Judge, similis: Served, draw: Draw) -> None:
    shop, picture = similis.instance(), encode(draw(0))
    for number in range(5):
        current("AddImage", InstanceName=shop, ProductId=f"p{number // 3}", PicName=f"{number}", PicContent=picture,
                CategoryId=3, IntAttr=number)  # fmt: skip
    one = current("DeleteImage", InstanceName=shop, ProductId="p0", PicName="0").body
    assert (one["Success"], one["Code"], one["Data"]) == (True, 0, {"PicNames": ["0"]})
    again = current("DeleteImage", InstanceName=shop, ProductId="p0", PicName="0").body
    assert (again["Success"], again["Code"], again["Data"]) == (True, 0, {"PicNames": []})
    matching = current("DeleteImage", InstanceName=shop, IsDeleteByFilter=True, Filter="int_attr>=4").body
    assert matching["Data"] == {"PicNames": ["4"]}
    product = current("DeleteImage", InstanceName=shop, ProductId="p0").body
    assert sorted(product["Data"]["PicNames"]) == ["1", "2"]
    assert current("Detail", InstanceName=shop).body["Instance"]["TotalCount"] == 1


def test_detail(current: Judge, shop: Shop) -> None:
    body = current("Detail", InstanceName=shop[0]).body
    instance = body["Instance"]
    assert body["Success"] is True
    assert (instance["Name"], instance["ServiceType"], instance["TotalCount"]) == (shop[0], 0, 4)
    assert instance["Capacity"] > 0
    assert instance["Qps"] > 0
    assert int(instance["UtcCreate"]) < int(instance["UtcExpireTime"])


def test_every_attribute_survives(current: Judge, similis: Served, draw: Draw) -> None:
    shop = similis.instance()
    current(
        "AddImage", InstanceName=shop, ProductId="p", PicName="a", PicContent=encode(draw(0)), **ATTRIBUTES,
        **MORE_ATTRIBUTES,
    )  # fmt: skip
    auction = current("CheckImageExists", InstanceName=shop, ProductId="p", PicName="a").body["Auctions"]
    assert auction.items() >= {**ATTRIBUTES, "IntAttr3": 0, "IntAttr4": 2147483647, "StrAttr4": "d"}.items()
