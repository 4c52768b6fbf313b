"""The generation of 2018-01-20, `/item/*` with its `^` body."""

import base64
from collections.abc import Callable, Iterator

import httpx
import pytest
from tests.unit.gateway.alibaba.calling import Wire, base64_of, refusal_of

from similis.domain import PictureKey, Role
from similis.service import App

Draw = Callable[..., bytes]
Entries = dict[str, str]
PATHS = {"SearchItem": "/item/search", "AddItem": "/item/add", "DeleteItem": "/item/delete"}


def body_of(entries: Entries, *, units: str = "utf-8") -> bytes:
    """A body as the SDKs build it: the Python one counts bytes, the Java one UTF-16 units."""
    spans, content, position = [], "", 0
    for key, value in entries.items():
        length = len(value.encode(units)) // (2 if units == "utf-16-le" else 1)
        spans.append(f"{key},{position},{position + length}")
        content, position = content + value, position + length
    return f"{'#'.join(spans)}^{content}".encode()


def pictures(**named: bytes) -> Entries:
    """The entries of pictures, and the list of them."""
    keys = [base64_of(name.encode()) for name in named]
    contents = [base64_of(content) for content in named.values()]
    return {"pic_list": ",".join(keys), **dict(zip(keys, contents, strict=True))}


def call(wire: Wire, action: str, entries: Entries | bytes, instance: str = "shop") -> httpx.Response:
    body = entries if isinstance(entries, bytes) else body_of(entries)
    return wire.call(action, content=body, version="2018-01-20", path=PATHS[action], query={"instanceName": instance})


@pytest.fixture(autouse=True)
def empty(app: App) -> Iterator[None]:
    yield
    app.pictures.delete("shop", "1000")


@pytest.fixture
def item(draw: Draw) -> Entries:
    """An item of two pictures."""
    return {"item_id": "1000", "cat_id": "0", "cust_content": "k:值", **pictures(a=draw(1), b=draw(2))}


@pytest.mark.parametrize("units", ["utf-8", "utf-16-le"])
def test_add_and_search(app: App, wire: Wire, item: Entries, draw: Draw, units: str) -> None:
    added = call(wire, "AddItem", body_of(item, units=units)).json()
    assert added.pop("RequestId")
    assert added == {"Message": "success", "Success": True, "Code": 0}
    assert app.instances.get("shop").picture_count == 2
    assert app.pictures.get("shop", PictureKey("1000", "b")).custom_content == "k:值"
    body = call(wire, "SearchItem", {"n": "2", "s": "0", "cat_id": "0", **pictures(searchPic=draw(2))}).json()
    assert (body["Success"], body["Code"], body["Message"]) == (True, 0, "success")
    assert body["Head"]["DocsReturn"] == 2
    assert body["PicInfo"]["Category"] == "0"
    assert len(body["PicInfo"]["AllCategory"]["Category"]) == 14
    assert body["PicInfo"]["AllCategory"]["Category"][0].keys() == {"Id", "Name"}
    assert body["Auctions"]["Auction"][0] == {
        "ItemId": "1000",
        "ProductId": "1000",
        "PicName": "b",
        "CatId": "0",
        "CustContent": "k:值",
        "SortExprValues": "7.33136443711219e+24;0",
    }


def test_further_keys(app: App, wire: Wire, draw: Draw) -> None:
    item = {
        "item_id": "1000",
        "cat_id": "0",
        "int_attr": "5",
        "str_attr": "s",
        "crop": "false",
        **pictures(a=draw(1)),
    }
    call(wire, "AddItem", item)
    stored = app.pictures.get("shop", PictureKey("1000", "a"))
    assert (stored.attributes.int_attr, stored.attributes.str_attr, str(stored.region)) == (5, "s", "0,240,0,240")
    query = {"cat_id": "0", "filter": "int_attr>5", "region": "10,200,10,200", **pictures(searchPic=draw(1))}
    found = call(wire, "SearchItem", query).json()
    assert (found["Auctions"]["Auction"], found["PicInfo"]["Region"]) == ([], "10,200,10,200")


def test_delete_pictures_or_the_whole_item(app: App, wire: Wire, item: Entries) -> None:
    call(wire, "AddItem", item)
    one = call(wire, "DeleteItem", {"item_id": "1000", "pic_list": base64_of(b"a")}).json()
    assert (one["Success"], one["Code"], one["Message"]) == (True, 0, "success")
    assert app.instances.get("shop").picture_count == 1
    assert call(wire, "DeleteItem", b"item_id,0,4#pic_list,4,4^1000").json()["Success"] is True
    assert app.instances.get("shop").picture_count == 0
    assert call(wire, "DeleteItem", {"item_id": "1000"}).json()["Success"] is True


KEY = base64.b64encode(b"a").decode()
CASES: tuple[tuple[str, Entries | bytes, str, str], ...] = (
    ("AddItem", b"", "NoCaretSeperator", "The body content is missing the ^ separator."),
    ("AddItem", b"^1000", "EmptyMeta", "The body content has an empty meta field."),
    ("AddItem", b"item_id,0,9^1000", "InvalidMetaItem", "The meta field is invalid."),
    ("AddItem", {"cat_id": "0"}, "NoSpecifiedItemId", "The item_id parameter is not specified."),
    ("AddItem", {"item_id": "1"}, "NoPicList", "The body content is missing the pic_list parameter."),
    ("AddItem", {"pic_list": "", "item_id": "1"}, "NoSpecifiedAddPic", "The image to insert is not specified."),
    ("AddItem", {"item_id": "1", "pic_list": "a.jpg"}, "InvalidPicList",
     "The specified pic_list parameter is invalid."),
    ("AddItem", {"item_id": "1", "pic_list": KEY}, "NoSpecifiedPic",
     "The content of an image is not specified in the HTTP POST body."),
    ("AddItem", {"item_id": "1", "pic_list": KEY, KEY: "aGVsbG8="}, "UnsupportedPicFormat",
     "The specified image format is invalid."),
    ("AddItem", {"item_id": "1", "cat_id": "11", "pic_list": KEY, KEY: "aGVsbG8="}, "InvalidCategory",
     "The specified category is invalid."),
    ("AddItem", {"item_id": "i" * 513}, "BadRequest", "The request has invalid parameters."),
    ("SearchItem", {"n": "1"}, "NoPicList", "The body content is missing the pic_list parameter."),
    ("SearchItem", {"pic_list": "", "n": "1"}, "NoSpecifiedSearchPic", "The search image is not specified."),
    ("SearchItem", {"pic_list": f"{KEY},Yg==", KEY: "aGVsbG8=", "Yg==": "aGVsbG8="}, "InvalidPicList",
     "The specified pic_list parameter is invalid."),
    ("SearchItem", {"n": "x", "pic_list": KEY, KEY: "aGVsbG8="}, "InvalidNumParameter",
     "The specified parameter n is invalid."),
    ("SearchItem", {"s": "-1", "pic_list": KEY, KEY: "aGVsbG8="}, "InvalidStartParameter",
     "The specified parameter s is inavlid."),
    ("DeleteItem", {"pic_list": KEY}, "NoSpecifiedItemId", "The item_id parameter is not specified."),
    ("DeleteItem", {"item_id": "1", "pic_list": "?"}, "InvalidPicList",
     "The specified pic_list parameter is invalid."),
)  # fmt: skip


@pytest.mark.parametrize(("action", "entries", "code", "sentence"), CASES, ids=[f"{c[0]}-{c[2]}" for c in CASES])
def test_refusals(wire: Wire, action: str, entries: Entries | bytes, code: str, sentence: str) -> None:
    status, answered, message = refusal_of(call(wire, action, entries))
    assert (status, answered) == (400, code)
    assert message.startswith(sentence)


def test_instances_and_roles(wire: Wire, connect: Callable[..., Wire]) -> None:
    delete = {"item_id": "1000"}
    assert refusal_of(call(wire, "DeleteItem", delete, "no"))[:2] == (400, "InvalidInstance")
    assert refusal_of(call(wire, "DeleteItem", delete, ""))[:2] == (400, "InvalidInstanceName")
    reader, limited = connect(Role.READER), connect(Role.WRITER, "things")
    assert refusal_of(call(reader, "DeleteItem", delete))[:2] == (403, "NoPermission")
    assert refusal_of(call(limited, "DeleteItem", delete))[:2] == (403, "NoPermission")
