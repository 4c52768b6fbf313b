"""Every error code of 2020-12-14 that a caller can bring about, over HTTP with really signed calls."""

import io
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest
from PIL import Image
from tests.unit.gateway.alibaba.calling import Wire, base64_of

from similis.algorithm import Pipeline
from similis.domain import InstanceSpec, PictureKey, Role
from similis.service import App, Settings
from similis.service._lazy import Lazy

Draw = Callable[..., bytes]
Serving = Callable[[App], AbstractContextManager[str]]
Form = dict[str, str]
FOUR_MEGABYTES = 4 * 1024 * 1024


def encoded(width: int, height: int, form: str = "JPEG", orientation: int = 1) -> bytes:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.linear_gradient("L").resize((width, height)).save(buffer, form, exif=exif)
    return buffer.getvalue()


GOOD = base64_of(encoded(200, 200))
ADD = {"InstanceName": "shop", "ProductId": "p", "PicName": "a", "PicContent": GOOD}
SEARCH = {"InstanceName": "shop", "PicContent": GOOD}
NAMED = {"InstanceName": "shop", "ProductId": "p", "PicName": "a"}
FILTERED = {"InstanceName": "shop", "Filter": "int_attr=1"}
SPOKEN = {"InstanceName": "shop", "Text": "red dress"}
# As the contract has them, mistakes of spelling included.
SENTENCES = {
    "BadRequest": "The request has invalid parameters.",
    "Console.InstanceNotFound": "The specified ImageSearch instance is not found.",
    "IncorrectOrientation": "The image contains incorrect rotation flags in the meta data.",
    "InstanceOverQuota": "The number of items exceeds the limit.",
    "InstanceStatusError": "Your instance is unavailable.",
    "InvalidCategory": "The specified category is invalid.",
    "InvalidCustomContent": "The specified parameter CustomContent is not valid.",
    "InvalidFilterClause": "The specified filtering condition is invalid.",
    "InvalidInstance": "The specified instance name is invalid.",
    "InvalidInstanceName": "The parameter instanceName is not specified.",
    "InvalidIntAttr": "The specified int_attr field is invalid.",
    "InvalidIntAttr2": "The specified parameter IntAttr2 is not valid.",
    "InvalidIntAttr3": "The specified parameter IntAttr3 is not valid.",
    "InvalidIntAttr4": "The specified parameter IntAttr4 is not valid.",
    "InvalidNumParameter": "The specified parameter num is invalid.",
    "InvalidPicContent": "The specified parameter PicContent length greater than 4 * 1024 * 1024.",
    "InvalidPicName": "The specified parameter PicName is not valid.",
    "InvalidPicUrl": "The search picture does not exist at the specific url.",
    "InvalidPrimaryPicContent": "The specified parameter PrimaryPicContent is not valid.",
    "InvalidProductId": "The specified parameter ProductId is not valid.",
    "InvalidRegion": "The specific region is illegal.",
    "InvalidSecondaryPicContent": "The specified parameter SecondaryPicContent is not valid.",
    "InvalidStartParameter": "The specified parameter start is inavlid.",
    "InvalidStrAttr": "The specified parameter StrAttr is not valid.",
    "InvalidStrAttr2": "The specified parameter StrAttr2 is not valid.",
    "InvalidStrAttr3": "The specified parameter StrAttr3 is not valid.",
    "InvalidStrAttr4": "The specified parameter StrAttr4 is not valid.",
    "InvalidText": "The specified parameter Text is not valid.",
    "InvalidTextLength": "Invalid text clause.",
    "MissingInstanceName": "InstanceName is mandatory for this action.",
    "NoSpecifiedPicContent": "The parameter PicContent no specified.",
    "NoSpecifiedPicName": "The parameter PicName no specified.",
    "NoSpecifiedProductId": "The parameter ProductId no specified.",
    "OverflowMaxResultNum": "The specified number of total results exceeds the maximum of 500.",
    "OverflowMaxReturnNum": "The specified number of results for each request exceeds the maximum of 100.",
    "PicNotExist": "The search picture does not exist.",
    "UnsupportedPicFormat": "The specified image format is invalid.",
    "UnsupportedPicPixels": "The specified pixels is not supported.",
}
SPECIAL = {
    ("CompareSimilarByImage", "InstanceStatusError"): "The current instance status does not support this operation.",
    ("CompareSimilarByImage", "InvalidPicContent"): "The image size exceeds 4 MB.",
    ("CompareSimilarByImage", "InvalidPicUrl"): "The specified parameter PicUrl is not valid.",
    ("DeleteImage", "NoSpecifiedProductId"): "You must specify ProductId.",
}
COMPARE = {"InstanceName": "shop", "PrimaryPicContent": GOOD, "SecondaryPicContent": GOOD}
BAD_PICTURES = {
    "too many bytes": (encoded(200, 200) + bytes(FOUR_MEGABYTES), "InvalidPicContent"),
    "no picture": (b"This is no picture.", "UnsupportedPicFormat"),
    "truncated": (encoded(200, 200)[:400], "UnsupportedPicFormat"),
    "other format": (encoded(200, 200, "ICO"), "UnsupportedPicFormat"),
    "small": (encoded(99, 200), "UnsupportedPicPixels"),
    "large": (encoded(200, 4097), "UnsupportedPicPixels"),
    "turned": (encoded(200, 300, orientation=6), "IncorrectOrientation"),
}
WRONG_ATTRIBUTES = {
    "IntAttr": ("1.5", "InvalidIntAttr"),
    "IntAttr2": ("2147483648", "InvalidIntAttr2"),
    "IntAttr3": ("x", "InvalidIntAttr3"),
    "IntAttr4": ("-2147483649", "InvalidIntAttr4"),
    "StrAttr": ("x" * 129, "InvalidStrAttr"),
    "StrAttr2": ("50%", "InvalidStrAttr2"),
    "StrAttr3": ("a&b", "InvalidStrAttr3"),
    "StrAttr4": ("a\\b", "InvalidStrAttr4"),
    "CustomContent": ("x" * 4097, "InvalidCustomContent"),
}
CASES: tuple[tuple[str, Form, Form, str], ...] = (
    ("AddImage", ADD, {"InstanceName": ""}, "InvalidInstanceName"),
    ("AddImage", ADD, {"InstanceName": "no"}, "InvalidInstance"),
    ("AddImage", ADD, {"ProductId": ""}, "NoSpecifiedProductId"),
    ("AddImage", ADD, {"ProductId": "p" * 513}, "InvalidProductId"),
    ("AddImage", ADD, {"PicName": ""}, "NoSpecifiedPicName"),
    ("AddImage", ADD, {"PicName": "a\tb"}, "InvalidPicName"),
    ("AddImage", ADD, {"PicContent": ""}, "NoSpecifiedPicContent"),
    ("AddImage", ADD, {"PicContent": "?!"}, "UnsupportedPicFormat"),
    ("AddImage", ADD, {"PicContent": "http://example.com/a.png"}, "InvalidPicUrl"),
    ("AddImage", ADD, {"CategoryId": "10"}, "InvalidCategory"),
    ("AddImage", ADD, {"Region": "0,300,0,100"}, "InvalidRegion"),
    ("AddImage", ADD, {"Region": "100,50,0,100"}, "InvalidRegion"),
    ("AddImage", ADD, {"Crop": "perhaps"}, "BadRequest"),
    ("AddImage", ADD, {"InstanceName": "full"}, "InstanceOverQuota"),
    ("AddImage", ADD, {"InstanceName": "foreign"}, "InstanceStatusError"),
    ("SearchImageByPic", SEARCH, {"InstanceName": ""}, "InvalidInstanceName"),
    ("SearchImageByPic", SEARCH, {"InstanceName": "no"}, "InvalidInstance"),
    ("SearchImageByPic", SEARCH, {"InstanceName": "foreign"}, "InstanceStatusError"),
    ("SearchImageByPic", SEARCH, {"CategoryId": "bag"}, "InvalidCategory"),
    ("SearchImageByPic", SEARCH, {"Region": "0,300,0,100"}, "InvalidRegion"),
    ("SearchImageByPic", SEARCH, {"Num": "0"}, "InvalidNumParameter"),
    ("SearchImageByPic", SEARCH, {"Num": "101"}, "OverflowMaxReturnNum"),
    ("SearchImageByPic", SEARCH, {"Start": "-1"}, "InvalidStartParameter"),
    ("SearchImageByPic", SEARCH, {"Start": "495"}, "OverflowMaxResultNum"),
    ("SearchImageByPic", SEARCH, {"Filter": "int_attr=="}, "InvalidFilterClause"),
    ("SearchImageByPic", SEARCH, {"Filter": 'int_attr5="a"'}, "InvalidFilterClause"),
    ("SearchImageByPic", SEARCH, {"Filter": f'str_attr="{"x" * 4096}"'}, "InvalidFilterClause"),
    ("SearchImageByPic", SEARCH, {"ScoreThreshold": "2"}, "BadRequest"),
    ("SearchImageByPic", SEARCH, {"DistinctProductId": "2"}, "BadRequest"),
    ("SearchImageByPic", SEARCH, {"PicContent": ""}, "NoSpecifiedPicContent"),
    ("SearchImageByName", NAMED, {}, "PicNotExist"),
    ("SearchImageByName", NAMED, {"InstanceName": "no"}, "InvalidInstance"),
    ("SearchImageByName", NAMED, {"ProductId": ""}, "NoSpecifiedProductId"),
    ("SearchImageByName", NAMED, {"PicName": ""}, "NoSpecifiedPicName"),
    ("SearchImageByName", NAMED, {"Num": "x"}, "InvalidNumParameter"),
    ("SearchImageByName", NAMED, {"Start": "x"}, "InvalidStartParameter"),
    ("SearchImageByFilter", FILTERED, {"Filter": ""}, "InvalidFilterClause"),
    ("SearchImageByFilter", FILTERED, {"Start": "500"}, "OverflowMaxResultNum"),
    ("SearchImageByFilter", FILTERED, {"InstanceName": "no"}, "InvalidInstance"),
    ("SearchImageByText", SPOKEN, {"Text": ""}, "InvalidText"),
    ("SearchImageByText", SPOKEN, {"Text": "  "}, "InvalidText"),
    ("SearchImageByText", SPOKEN, {"Text": "x" * 513}, "InvalidTextLength"),
    ("SearchImageByText", SPOKEN, {"InstanceName": ""}, "InvalidInstanceName"),
    ("SearchImageByText", SPOKEN, {"InstanceName": "no"}, "InvalidInstance"),
    ("SearchImageByText", SPOKEN, {"Num": "101"}, "OverflowMaxReturnNum"),
    ("CheckImageExists", NAMED, {"InstanceName": "no"}, "InvalidInstance"),
    ("CheckImageExists", NAMED, {"PicName": ""}, "NoSpecifiedPicName"),
    ("CheckImageExists", NAMED, {"ProductId": ""}, "NoSpecifiedProductId"),
    ("UpdateImage", NAMED, {}, "PicNotExist"),
    ("UpdateImage", NAMED, {"InstanceName": "no"}, "InvalidInstance"),
    ("UpdateImage", NAMED, {"ProductId": "p" * 513}, "InvalidProductId"),
    ("DeleteImage", NAMED, {"ProductId": ""}, "NoSpecifiedProductId"),
    ("DeleteImage", NAMED, {"IsDeleteByFilter": "true"}, "InvalidFilterClause"),
    ("DeleteImage", NAMED, {"IsDeleteByFilter": "x"}, "BadRequest"),
    ("DeleteImage", NAMED, {"InstanceName": "no"}, "InvalidInstance"),
    ("Detail", {}, {}, "MissingInstanceName"),
    ("Detail", {"InstanceName": "no"}, {}, "Console.InstanceNotFound"),
    ("CompareSimilarByImage", COMPARE, {"InstanceName": "no"}, "InvalidInstance"),
    ("CompareSimilarByImage", COMPARE, {"InstanceName": "foreign"}, "InstanceStatusError"),
    ("CompareSimilarByImage", COMPARE, {"PrimaryPicContent": ""}, "InvalidPrimaryPicContent"),
    ("CompareSimilarByImage", COMPARE, {"SecondaryPicContent": "?"}, "InvalidSecondaryPicContent"),
    ("CompareSimilarByImage", COMPARE, {"PrimaryPicContent": "http://example.com/a"}, "InvalidPicUrl"),
)


@pytest.fixture(scope="module", autouse=True)
def instances(app: App, wire: Wire) -> None:
    """One instance that is full, and one whose features are of a model that is not here."""
    wire("AddImage", **{**ADD, "InstanceName": "full", "ProductId": "other"})
    app._catalogue.create_instance(
        InstanceSpec("foreign"),
        uid=app.instances._keyring.create_instance(),
        index="faiss",
        model="other",
        dimension=8,
    )


@pytest.fixture(autouse=True)
def nothing_stored(app: App) -> Iterator[None]:
    """None of these calls may leave anything behind."""
    yield
    assert app.instances.get("shop").picture_count == 0
    assert app.instances.get("full").picture_count == 1


@pytest.mark.parametrize(("action", "form", "changes", "code"), CASES, ids=[f"{c[0]}-{c[3]}" for c in CASES])
def test_refusals(wire: Wire, action: str, form: Form, changes: Form, code: str) -> None:
    check(wire, action, {**form, **changes}, code)


@pytest.mark.parametrize(("picture", "code"), BAD_PICTURES.values(), ids=BAD_PICTURES.keys())
@pytest.mark.parametrize(
    ("action", "form", "name"),
    [
        ("AddImage", ADD, "PicContent"),
        ("SearchImageByPic", SEARCH, "PicContent"),
        ("CompareSimilarByImage", COMPARE, "SecondaryPicContent"),
    ],
)
def test_bad_pictures(wire: Wire, action: str, form: Form, name: str, picture: bytes, code: str) -> None:
    check(wire, action, {**form, name: base64_of(picture)}, code)


@pytest.mark.parametrize(("name", "value", "code"), [(name, *case) for name, case in WRONG_ATTRIBUTES.items()])
@pytest.mark.parametrize("action", ["AddImage", "UpdateImage"])
def test_wrong_attributes(wire: Wire, action: str, name: str, value: str, code: str) -> None:
    check(wire, action, {**ADD, name: value}, code)


def check(wire: Wire, action: str, form: Form, code: str) -> None:
    status, answered, message = wire.refusal(action, **form)
    assert (status, answered) == (400, code)
    assert message.startswith(SPECIAL.get((action, code), SENTENCES[code]) + " ")


def test_no_text_search_without_a_text_encoder(wire: Wire) -> None:
    status, code, message = wire.refusal("SearchImageByText", InstanceName="shop", Text="红色连衣裙")
    assert (status, code) == (500, "UnsupportedOperationType")
    assert "text" in message


@pytest.mark.parametrize(
    ("action", "code"),
    [("AddImage", "NoPermission"), ("UpdateImage", "NoPermission"), ("DumpMeta", "Console.NoPermission")],
)
def test_a_reader_may_not_write(connect: Callable[..., Wire], action: str, code: str) -> None:
    reader = connect(Role.READER)
    answer = reader.call(action, ADD)
    assert (answer.status_code, answer.json()["Code"]) == (403, code)
    assert answer.json()["AccessDeniedDetail"]["AuthAction"] == f"imagesearch:{action}"


def test_a_limited_key_learns_nothing_of_other_instances(connect: Callable[..., Wire]) -> None:
    limited = connect(Role.WRITER, "things")
    there, nowhere = (limited.refusal("AddImage", **{**ADD, "InstanceName": name}) for name in ("shop", "no"))
    assert there == nowhere
    assert there[:2] == (403, "NoPermission")
    assert limited.refusal("Detail", InstanceName="shop")[:2] == (403, "Console.NoPermission")
    assert limited("Detail", InstanceName="things")["Success"] is True


def test_a_body_above_eight_megabytes(wire: Wire) -> None:
    status, code, message = wire.refusal("AddImage", **{**ADD, "PicContent": "A" * (8 * 1024 * 1024 + 1)})
    assert (status, code) == (400, "BadRequest")
    assert "8,388,608 bytes" in message
    assert wire.refusal("Detail", InstanceName="A" * (8 * 1024 * 1024 + 1))[1] == "Console.BadRequest"


def test_a_body_that_is_not_what_it_says(wire: Wire) -> None:
    headers = {"x-acs-action": "AddImage", "x-acs-version": "2020-12-14", "content-type": "application/json"}
    answer = wire.http.post("/", content=b"{", headers=headers)
    assert (answer.status_code, answer.json()["Code"]) == (400, "BadRequest")


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("SearchImageByPic", "UnknownException"),
        ("SearchImageByName", "InternalError"),
        ("Detail", "Console.InternalError"),
    ],
)
def test_the_unforeseen_is_answered_and_logged_without_its_message(
    app: App, wire: Wire, action: str, code: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    secret = base64_of(b"picture")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("picture bytes")

    monkeypatch.setattr(app.instances, "get", fail)
    status, answered, message = wire.refusal(action, **ADD)
    assert (status, answered) == (500, code)
    assert secret not in message + caplog.text
    assert "RuntimeError" in caplog.text


def test_damaged_storage(tmp_path: Path, pipeline: Pipeline, serving: Serving, draw: Draw) -> None:
    data = tmp_path / "data"
    with App.open(Settings(data=data), pipeline) as app, serving(app) as address:
        app.instances.create(InstanceSpec("shop"))
        app.pictures.add("shop", draw(1), PictureKey("p", "a"))
        wire = Wire(address, app.access.create(Role.READER))
        with closing(sqlite3.connect(data / "catalogue.sqlite")) as database:
            database.execute("UPDATE picture SET x2 = x2 + 1")
            database.commit()
        assert wire.refusal("SearchImageByName", **NAMED)[:2] == (500, "InternalTableStoreError")
        with closing(sqlite3.connect(data / "catalogue.sqlite")) as database:
            database.execute("UPDATE instance SET capacity = capacity + 1")
            database.commit()
        app.access.create(Role.READER)  # what was read before is remembered until something is written
        assert wire.refusal("Detail", InstanceName="shop")[:2] == (500, "Console.InternalError")
        wire.http.close()


def test_missing_models(app: App, wire: Wire, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load() -> Pipeline:
        return Pipeline.load(type(app.models)(tmp_path))

    monkeypatch.setattr(app.analyst, "_built_in", Lazy(load))
    status, code, message = wire.refusal("SearchImageByPic", **SEARCH)
    assert (status, code) == (500, "AccessEngineFailed")
    assert message.startswith("An error occurred while accessing the search engine.")
