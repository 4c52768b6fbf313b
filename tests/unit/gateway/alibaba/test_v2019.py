"""The generation of 2019-03-25, `/v2/image/*`."""

from collections.abc import Callable
from urllib.parse import urlencode

import httpx
import pytest
from tests.unit.gateway.alibaba.calling import Wire, base64_of, refusal_of

from similis.domain import InstanceSpec, PictureKey, Role
from similis.service import App

Draw = Callable[..., bytes]
PATHS = {"SearchImage": "/v2/image/search", "AddImage": "/v2/image/add", "DeleteImage": "/v2/image/delete"}
NAMED = {"InstanceName": "shop", "ProductId": "p/1 中", "PicName": "a b.jpg"}


def call(wire: Wire, action: str, form: dict[str, str]) -> httpx.Response:
    return wire.call(action, form, version="2019-03-25", path=PATHS[action])


@pytest.fixture(scope="module")
def picture(draw: Draw) -> str:
    return base64_of(draw(1))


@pytest.fixture(autouse=True)
def added(wire: Wire, picture: str) -> httpx.Response:
    return call(
        wire, "AddImage", {**NAMED, "PicContent": picture, "CategoryId": "0", "Crop": "False", "StrAttr": "s"}
    )


def test_add_image(added: httpx.Response) -> None:
    body = added.json()
    assert body.pop("RequestId") == added.headers["x-acs-request-id"]
    info = {"CategoryId": 0, "Region": "0,240,0,240"}
    assert body == {"Success": True, "Code": 0, "Message": "success", "PicInfo": info}


@pytest.mark.parametrize("kind", [{}, {"Type": "SearchByPic"}, {"Type": "0"}])
def test_search_by_picture(wire: Wire, picture: str, kind: dict[str, str]) -> None:
    ask = {"InstanceName": "shop", "PicContent": picture, "CategoryId": "0", "Crop": "false"}
    body = call(wire, "SearchImage", {**ask, **kind}).json()
    assert (body["Success"], body["Code"], body["Msg"]) == (True, 0, "success")
    assert body["Auctions"][0] == {
        "ProductId": "p/1 中",
        "PicName": "a b.jpg",
        "CategoryId": 0,
        "StrAttr": "s",
        "Score": 1.0,
        "SortExprValues": "7.33136443711219e+24;0",
    }
    assert body["Head"]["DocsReturn"] == 1
    assert body["PicInfo"]["Region"] == "0,240,0,240"


def test_json_bodies(wire: Wire, picture: str) -> None:
    form = {"InstanceName": "shop", "PicContent": picture, "CategoryId": 0, "Crop": False, "Num": 1}
    body = wire.http.post("/v2/image/search", json=form).json()
    assert [each["Score"] for each in body["Auctions"]] == [1.0]


def test_chunked_bodies(wire: Wire, picture: str) -> None:
    form = urlencode({"InstanceName": "shop", "PicContent": picture, "CategoryId": "0", "Crop": "false"}).encode()
    chunks = (form[start : start + 1000] for start in range(0, len(form), 1000))
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = wire.http.post("/v2/image/search", content=chunks, headers=headers)
    assert answer.request.headers["transfer-encoding"] == "chunked"
    assert answer.json()["Auctions"][0]["Score"] == 1.0


@pytest.mark.parametrize("kind", ["SearchByName", "1"])
def test_search_by_name(wire: Wire, kind: str) -> None:
    body = call(wire, "SearchImage", {**NAMED, "Type": kind}).json()
    assert body["Auctions"][0]["PicName"] == "a b.jpg"


def test_delete_image(wire: Wire, app: App) -> None:
    body = call(wire, "DeleteImage", NAMED).json()
    assert body.keys() == {"RequestId", "Success", "Code", "Message"}
    assert app.instances.get("shop").picture_count == 0
    assert call(wire, "DeleteImage", NAMED).json()["Success"] is True


@pytest.mark.parametrize(
    ("action", "changes", "code"),
    [
        ("SearchImage", {"Type": "2"}, "InvalidType"),
        ("SearchImage", {"PicContent": ""}, "NoSpecifiedPicContent"),
        ("SearchImage", {"Type": "SearchByName", "PicName": "none"}, "PicNotExist"),
        ("SearchImage", {"Num": "0"}, "InvalidNumParameter"),
        ("SearchImage", {"InstanceName": "no"}, "InvalidInstance"),
        ("AddImage", {"InstanceName": ""}, "MissingInstanceName"),
        ("AddImage", {"PicContent": "aGVsbG8="}, "UnsupportedPicFormat"),
        ("DeleteImage", {"ProductId": ""}, "NoSpecifiedProductId"),
    ],
)
def test_refusals(wire: Wire, action: str, changes: dict[str, str], code: str) -> None:
    assert refusal_of(call(wire, action, {**NAMED, **changes}))[:2] == (400, code)


def test_an_instance_of_another_model_is_a_conflict_here(app: App, wire: Wire, picture: str) -> None:
    uid = app.instances._keyring.create_instance()
    app._catalogue.create_instance(InstanceSpec("foreign"), uid=uid, index="faiss", model="other", dimension=8)
    form = {**NAMED, "InstanceName": "foreign", "PicContent": picture}
    assert refusal_of(call(wire, "AddImage", form))[:2] == (409, "InstanceStatusError")


def test_the_unforeseen(app: App, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.pictures, "delete", None)
    monkeypatch.setattr(app.pictures, "add", None)
    assert refusal_of(call(wire, "DeleteImage", NAMED))[:2] == (500, "InternalException")
    assert refusal_of(call(wire, "AddImage", {**NAMED, "PicContent": "AA"}))[:2] == (500, "UnknownException")


def test_a_reader_searches_only(connect: Callable[..., Wire]) -> None:
    reader = connect(Role.READER)
    assert call(reader, "SearchImage", {**NAMED, "Type": "SearchByName"}).status_code == 200
    for action in ("AddImage", "DeleteImage"):
        assert refusal_of(call(reader, action, NAMED))[:2] == (403, "NoPermission")


def test_crop_false_can_be_made_to_win_over_a_region(app: App, picture: str, wire: Wire) -> None:
    form = {**NAMED, "PicContent": picture, "Crop": "False", "Region": "20,200,20,200"}
    call(wire, "AddImage", form)
    assert str(app.pictures.get("shop", PictureKey("p/1 中", "a b.jpg")).region) == "20,200,20,200"
    kept = app.settings
    app.settings = kept.model_copy(update={"region_needs_crop": True})
    try:
        call(wire, "AddImage", form)
    finally:
        app.settings = kept
    assert str(app.pictures.get("shop", PictureKey("p/1 中", "a b.jpg")).region) == "0,240,0,240"
