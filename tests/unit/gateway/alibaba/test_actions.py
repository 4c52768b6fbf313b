"""The actions of 2020-12-14 over HTTP, signed, on the real service: what a call that succeeds answers and does."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.gateway.alibaba.calling import Wire, base64_of

from similis.domain import PictureKey
from similis.service import App

Draw = Callable[..., bytes]
Answer = dict[str, Any]
MAXIMUM = "7.33136443711219e+24;0"


@pytest.fixture(scope="module")
def pictures(draw: Draw) -> list[str]:
    """Four different pictures in Base64."""
    return [base64_of(draw(product)) for product in range(4)]


@pytest.fixture(scope="module", autouse=True)
def added(wire: Wire, pictures: list[str]) -> list[Answer]:
    """The answers to four pictures, added to both instances: two products of two pictures, of one category."""
    keys = [("p0", "a.png"), ("p0", "b.png"), ("p1", "c.png"), ("p1", "d.png")]
    return [
        wire(
            "AddImage",
            InstanceName=instance,
            ProductId=product,
            PicName=name,
            PicContent=picture,
            CategoryId=3,
            IntAttr=number,
            IntAttr4=-number,
            StrAttr3="红",
            CustomContent=f"n:{number}",
        )
        for number, ((product, name), picture) in enumerate(zip(keys, pictures, strict=True))
        for instance in ("shop", "things")
    ]


def names(answer: Answer) -> list[str]:
    return [each["PicName"] for each in answer["Auctions"]]


def test_add_image(added: list[Answer]) -> None:
    shop, things = added[0], added[1]
    assert (shop["Success"], shop["Code"], shop["Message"]) == (True, 0, "success")
    info = shop["PicInfo"]
    assert info["CategoryId"] == 3
    assert {"Region": info["Region"]} == info["MultiRegion"][0]
    assert info["MultiRegion"][-1] == {"Region": "0,240,0,240"}
    assert len(info["AllCategories"]) == 14
    assert {"Id": 8, "Name": "Bottle drink"} in info["AllCategories"]
    assert things["PicInfo"]["CategoryId"] == 88888888


def test_search_image_by_pic_finds_the_same_picture_first(wire: Wire, pictures: list[str]) -> None:
    answer = wire("SearchImageByPic", InstanceName="shop", PicContent=pictures[2], CategoryId=3)
    assert (answer["Success"], answer["Code"], answer["Msg"]) == (True, 0, "success")
    assert answer["Head"]["DocsFound"] == answer["Head"]["DocsReturn"] == len(answer["Auctions"]) == 4
    assert answer["Head"]["SearchTime"] > 0
    assert answer["PicInfo"]["CategoryId"] == 3
    assert answer["Auctions"][0] == {
        "ProductId": "p1",
        "PicName": "c.png",
        "CategoryId": 3,
        "CustomContent": "n:2",
        "IntAttr": 2,
        "IntAttr4": -2,
        "StrAttr3": "红",
        "Score": 1.0,
        "SortExprValues": MAXIMUM,
    }
    scores = [each["Score"] for each in answer["Auctions"]]
    assert scores == sorted(scores, reverse=True)


def test_category_is_of_no_effect_in_a_generic_instance(wire: Wire, pictures: list[str]) -> None:
    answer = wire("SearchImageByPic", InstanceName="things", PicContent=pictures[0], CategoryId=5)
    assert answer["PicInfo"]["CategoryId"] == 88888888
    assert len(answer["Auctions"]) == 4


def test_crop_and_region(wire: Wire, pictures: list[str]) -> None:
    ask = {"InstanceName": "shop", "PicContent": pictures[0], "CategoryId": "3"}
    assert wire("SearchImageByPic", **ask, Crop="False")["PicInfo"]["Region"] == "0,240,0,240"
    for crop in ("True", "false"):
        info = wire("SearchImageByPic", **ask, Crop=crop, Region="20,180,40,200")["PicInfo"]
        assert info["Region"] == "20,180,40,200"


def test_paging(wire: Wire, pictures: list[str]) -> None:
    ask = {"InstanceName": "things", "PicContent": pictures[3]}
    whole = names(wire("SearchImageByPic", **ask))
    pages = [wire("SearchImageByPic", **ask, Num=1, Start=start) for start in range(4)]
    assert [name for page in pages for name in names(page)] == whole
    assert {(page["Head"]["DocsFound"], page["Head"]["DocsReturn"]) for page in pages} == {(4, 1)}
    assert names(wire("SearchImageByPic", **ask, Num=1, Start=499)) == []


def test_distinct_products_threshold_and_filter(wire: Wire, pictures: list[str]) -> None:
    ask = {"InstanceName": "things", "PicContent": pictures[0]}
    distinct = wire("SearchImageByPic", **ask, DistinctProductId="True")
    assert [each["ProductId"] for each in distinct["Auctions"]] == ["p0", "p1"]
    assert names(wire("SearchImageByPic", **ask, ScoreThreshold="1.00")) == ["a.png"]
    assert names(wire("SearchImageByPic", **ask, Filter='intAttr in (2) AND str_attr3="红"')) == ["c.png"]


def test_parameters_are_read_from_query_form_and_json(wire: Wire) -> None:
    ask = {"InstanceName": "things", "ProductId": "p0", "PicName": "b.png"}
    in_form = wire.call("SearchImageByName", ask, query={"Num": "2"}).json()
    in_query = wire.call("SearchImageByName", query={**ask, "Num": "2"}).json()
    in_json = wire.http.post(
        "/",
        json={**ask, "Num": 2, "DistinctProductId": False},
        headers={"x-acs-action": "SearchImageByName", "x-acs-version": "2020-12-14"},
    ).json()
    assert names(in_form) == names(in_query) == names(in_json)
    assert names(in_form)[0] == "b.png"
    assert len(names(in_form)) == 2


def test_search_image_by_name(wire: Wire) -> None:
    answer = wire("SearchImageByName", InstanceName="shop", ProductId="p0", PicName="b.png", ScoreThreshold="0.2")
    assert answer["Msg"] == "success"
    assert names(answer)[0] == "b.png"
    assert answer["Auctions"][0]["SortExprValues"] == MAXIMUM
    info = answer["PicInfo"]
    assert info["CategoryId"] == 3
    assert info["MultiRegion"] == [{"Region": info["Region"]}]
    assert len(info["AllCategories"]) == 14


def test_search_image_by_filter(wire: Wire) -> None:
    ask = {"InstanceName": "shop", "Filter": "int_attr >= 1"}
    answer = wire("SearchImageByFilter", **ask)
    assert names(answer) == ["b.png", "c.png", "d.png"]
    assert answer.keys() == {"RequestId", "Success", "Code", "Msg", "Auctions"}
    assert answer["Auctions"][0].keys().isdisjoint({"Score", "SortExprValues"})
    assert names(wire("SearchImageByFilter", **ask, Num=1, Start=1)) == ["c.png"]
    assert names(wire("SearchImageByFilter", **ask, Start=3)) == []


def test_check_image_exists(wire: Wire) -> None:
    there = wire("CheckImageExists", InstanceName="shop", ProductId="p1", PicName="d.png")
    assert there["Exists"] is True
    assert there["Auctions"]["CustomContent"] == "n:3"
    assert "Score" not in there["Auctions"]
    gone = wire("CheckImageExists", InstanceName="shop", ProductId="p1", PicName="e.png")
    assert (gone["Success"], gone["Exists"]) == (True, False)
    assert "Auctions" not in gone


def test_compare_similar_by_image(wire: Wire, pictures: list[str]) -> None:
    same = wire(
        "CompareSimilarByImage", InstanceName="shop", PrimaryPicContent=pictures[0], SecondaryPicContent=pictures[0]
    )
    other = wire(
        "CompareSimilarByImage", InstanceName="things", PrimaryPicContent=pictures[0], SecondaryPicContent=pictures[1]
    )
    assert same["Score"] == 1.0
    assert 0 <= other["Score"] < 1
    assert other["Msg"] == "success"


def test_update_image_changes_what_is_given_only(wire: Wire, app: App) -> None:
    key = {"InstanceName": "shop", "ProductId": "p1", "PicName": "c.png"}
    before = app.pictures.get("shop", PictureKey("p1", "c.png"))
    # IntAttr3 and StrAttr4 come in the query, as the SDK sends them.
    answer = wire.call(
        "UpdateImage", {**key, "StrAttr2": "new", "CustomContent": ""}, query={"IntAttr3": "7", "StrAttr4": "q"}
    )
    assert answer.json()["Message"] == "success"
    after = app.pictures.get("shop", PictureKey("p1", "c.png"))
    assert after.custom_content == ""
    assert (after.attributes.int_attr3, after.attributes.str_attr2, after.attributes.str_attr4) == (7, "new", "q")
    assert (after.attributes.int_attr, after.region) == (before.attributes.int_attr, before.region)


def test_delete_image(wire: Wire, app: App, pictures: list[str]) -> None:
    for product, name in (("x", "1"), ("x", "2"), ("y", "1"), ("y", "2"), ("z", "1")):
        wire(
            "AddImage",
            InstanceName="shop",
            ProductId=product,
            PicName=name,
            PicContent=pictures[0],
            IntAttr2=ord(product),
        )
    one = wire("DeleteImage", InstanceName="shop", ProductId="x", PicName="1")
    assert (one["Message"], one["Data"]) == ("success", {"PicNames": ["1"]})
    assert wire("DeleteImage", InstanceName="shop", ProductId="x")["Data"] == {"PicNames": ["2"]}
    assert wire("DeleteImage", InstanceName="shop", ProductId="x")["Data"] == {"PicNames": []}
    matching = wire("DeleteImage", InstanceName="shop", IsDeleteByFilter="True", Filter=f"int_attr2={ord('y')}")
    assert matching["Data"] == {"PicNames": ["1", "2"]}
    # Without IsDeleteByFilter the filter is not looked at.
    wire("DeleteImage", InstanceName="shop", IsDeleteByFilter="false", Filter="int_attr>=0", ProductId="z")
    assert app.instances.get("shop").picture_count == 4


def test_adding_a_key_again_replaces_the_picture(wire: Wire, app: App, pictures: list[str]) -> None:
    for picture in pictures[:2]:
        wire("AddImage", InstanceName="full", ProductId="p", PicName="a", PicContent=picture, CategoryId=20)
    assert app.instances.get("full").picture_count == 1
    found = wire("SearchImageByPic", InstanceName="full", PicContent=pictures[1], CategoryId=20)
    assert found["Auctions"][0]["Score"] == 1.0
    wire("DeleteImage", InstanceName="full", ProductId="p")


def test_detail(wire: Wire, app: App) -> None:
    answer = wire("Detail", InstanceName="things")
    instance = answer["Instance"]
    assert answer["Success"] is True
    assert instance["Name"] == "things"
    assert (instance["ServiceType"], instance["TotalCount"], instance["Capacity"]) == (1, 4, 3)
    assert instance["Qps"] > 0
    created = datetime.fromtimestamp(int(instance["UtcCreate"]) / 1000, UTC)
    assert abs((created - app.instances.get("things").created_at).total_seconds()) < 0.01
    assert int(instance["UtcExpireTime"]) > int(instance["UtcCreate"])
    shop = wire.call("Detail", query={"InstanceName": "shop"}, method="GET").json()["Instance"]
    assert (shop["ServiceType"], shop["Region"], shop["Capacity"]) == (0, "cn-shanghai", 10)


def test_the_first_version_of_the_style_has_four_of_the_actions(wire: Wire, pictures: list[str]) -> None:
    ask = {"InstanceName": "things", "PicContent": pictures[0], "Num": "1"}
    answer = wire.call("SearchImageByPic", ask, version="2020-02-12")
    assert names(answer.json()) == ["a.png"]
    assert wire.call("Detail", ask, version="2020-02-12").json()["Code"] == "InvalidVersion"
