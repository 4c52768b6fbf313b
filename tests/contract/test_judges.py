"""Every official SDK, unmodified: add pictures, search, and get the same picture first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.contract.judging import IDENTICAL, Judge, Served, encode

Draw = Callable[..., bytes]

WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "4.4.0, ACS3": ("current", {}),
    "4.4.0, ACS3, async": ("current", {"asynchronous": True}),
    "4.4.0, RPC": ("current", {"client": {"signature_algorithm": "v2"}}),
    "4.4.0, RPC, async": ("current", {"client": {"signature_algorithm": "v2"}, "asynchronous": True}),
    "4.0.2, ACS3": ("older", {}),
    "4.0.2, ACS3, async": ("older", {"asynchronous": True}),
    "4.0.2, RPC": ("older", {"client": {"signature_algorithm": "v2"}}),
    "2020-02-12": ("oldest", {}),
    "Node, ACS3": ("node", {}),
    "Node, RPC": ("node", {"client": {"signatureAlgorithm": "v2"}}),
}


@pytest.fixture(params=list(WAYS.values()), ids=list(WAYS))
def rpc(request: pytest.FixtureRequest) -> Judge:
    """An SDK of 2020-12-14 or its predecessor, set up in one way."""
    fixture, changes = request.param
    judge: Judge = request.getfixturevalue(fixture)
    return judge.using(**changes)


def test_same_picture_comes_first(rpc: Judge, similis: Served, draw: Draw) -> None:
    shop = similis.instance()
    for product in range(2):
        added = rpc(
            "AddImage", InstanceName=shop, ProductId=f"p {product}*/~中", PicName="a+b.png", CategoryId=3,
            PicContent=encode(draw(product)), CustomContent="k1:v1,k2:ü",
        )  # fmt: skip
        assert added.body["Code"] == 0
        assert added.body["PicInfo"]["CategoryId"] == 3
    found = rpc("SearchImageByPic", InstanceName=shop, PicContent=encode(draw(1)), CategoryId=3, Num=2, Start=0)
    assert [auction["ProductId"] for auction in found.auctions] == ["p 1*/~中", "p 0*/~中"]
    assert found.auctions[0]["SortExprValues"] == IDENTICAL
    assert found.auctions[0]["CustomContent"] == "k1:v1,k2:ü"
    named = rpc("SearchImageByName", InstanceName=shop, ProductId="p 1*/~中", PicName="a+b.png")
    assert named.auctions[0]["ProductId"] == "p 1*/~中"
    deleted = rpc("DeleteImage", InstanceName=shop, ProductId="p 1*/~中")
    assert deleted.body["Success"] is True
    assert [each["ProductId"] for each in rpc(
        "SearchImageByPic", InstanceName=shop, PicContent=encode(draw(1)), CategoryId=3
    ).auctions] == ["p 0*/~中"]  # fmt: skip


@pytest.mark.parametrize(("fixture", "changes"), [way for way in WAYS.values() if way[0] != "oldest"], ids=str)
def test_other_actions(
    request: pytest.FixtureRequest, fixture: str, changes: dict[str, Any], similis: Served, draw: Draw
) -> None:
    """Attributes travel in the query or in the body, with characters that are encoded differently in each."""
    sdk = request.getfixturevalue(fixture).using(**changes)
    shop, key = similis.instance(), {"ProductId": "p", "PicName": "a"}
    sdk("AddImage", InstanceName=shop, PicContent=encode(draw(0)), CategoryId=3, Crop=False, **key)
    last = {"IntAttr3": -3, "StrAttr3": "a b+c~*/='\"红"} if fixture != "older" else {}
    attributes = {"IntAttr": 1, "StrAttr": "a b+c~*/='\"红", "CustomContent": "{}\n=&%", **last}
    sdk("UpdateImage", InstanceName=shop, **key, **attributes)
    condition = 'int_attr in (1,2) AND str_attr="a b+c~*/=\'\\"红"'
    found = sdk("SearchImageByName", InstanceName=shop, Filter=condition, Num=1, Start=0, **key)
    assert found.auctions[0].items() >= attributes.items()
    assert sdk("Detail", InstanceName=shop).body["Instance"]["TotalCount"] == 1


@pytest.mark.parametrize("client", [{}, {"signatureAlgorithm": "v2"}], ids=str)
def test_actions_that_came_last(node: Judge, client: dict[str, str], similis: Served, draw: Draw) -> None:
    sdk, shop, picture = node.using(client=client), similis.instance(), encode(draw(0))
    for name in ("a", "b"):
        sdk("AddImage", InstanceName=shop, ProductId="p", PicName=name, PicContent=picture, CategoryId=3, IntAttr=1)
    assert sdk("CheckImageExists", InstanceName=shop, ProductId="p", PicName="a").body["Exists"] is True
    assert len(sdk("SearchImageByFilter", InstanceName=shop, Filter="int_attr=1").auctions) == 2
    one = sdk("SearchImageByPic", InstanceName=shop, PicContent=picture, CategoryId=3, DistinctProductId=True)
    assert len(one.auctions) == 1
    compared = sdk("CompareSimilarByImage", InstanceName=shop, PrimaryPicContent=picture, SecondaryPicContent=picture)
    assert compared.body["Score"] == 1.0
    gone = sdk("DeleteImage", InstanceName=shop, IsDeleteByFilter=True, Filter="int_attr=1")
    assert gone.body["Data"]["PicNames"] == ["a", "b"]
    assert sdk("DumpMetaList", InstanceName=shop, PageSize=30).body["Data"]["TotalCount"] == 0


@pytest.mark.parametrize(
    ("judge", "changes"),
    [
        ("current", {}),
        ("current", {"asynchronous": True}),
        ("current", {"client": {"signature_algorithm": "v2"}}),
        ("older", {}),
        ("older", {"client": {"signature_algorithm": "v2"}}),
    ],
    ids=str,
)
def test_temporary_key(
    judge: str, changes: dict[str, Any], request: pytest.FixtureRequest, similis: Served, draw: Draw
) -> None:
    key = similis.key(temporary_minutes=5)
    shop = similis.instance()
    credential = {"access_key_id": key.id, "access_key_secret": key.secret, "security_token": key.token}
    sdk = request.getfixturevalue(judge).using(**changes).using(client={**credential, "type": "sts"})
    sdk("AddImage", InstanceName=shop, ProductId="p", PicName="a", CategoryId=0, PicContent=encode(draw(0)))
    found = sdk("SearchImageByPic", InstanceName=shop, CategoryId=0, PicContent=encode(draw(0)))
    assert found.auctions[0]["Score"] == 1.0


def test_temporary_key_from_node(node: Judge, similis: Served) -> None:
    key = similis.key(temporary_minutes=5)
    shop = similis.instance()
    sts = node.using(client={"accessKeyId": key.id, "accessKeySecret": key.secret, "securityToken": key.token})
    assert sts("Detail", InstanceName=shop).body["Instance"]["Name"] == shop


def test_bearer(current: Judge, similis: Served) -> None:
    key = similis.key()
    shop = similis.instance()
    place = {"endpoint": similis.place, "type": "bearer", "bearer_token": f"{key.id}:{key.secret}"}
    bearer = Judge(current.send, {"version": "20201214", "client": place})
    assert bearer("Detail", InstanceName=shop).body["Instance"]["Name"] == shop
