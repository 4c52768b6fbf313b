"""Bad input over HTTP: a code, a status, a request id, nothing stored, and the service goes on."""

import io
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from similis.algorithm import Pipeline
from similis.domain import InstanceSpec, InstanceType, Role
from similis.gateway import MAX_BODY
from similis.service import App, Settings

PICTURES = "/api/v1/instances/shop/pictures"
SEARCH = "/api/v1/instances/shop/search"
KEY = {"product_id": "p", "pic_name": "a"}
FOUR_MEGABYTES = 4 * 1024 * 1024
Client = Callable[..., httpx.Client]


def jpeg(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).save(buffer, "JPEG")
    return buffer.getvalue()


GOOD = jpeg(200, 200)
PICTURE_CASES = {
    "empty": (b"", 400, "damaged_picture"),
    "text": (b"This is no picture at all. " * 20, 400, "unsupported_format"),
    "truncated": (GOOD[: len(GOOD) // 2], 400, "damaged_picture"),
    "one pixel": (jpeg(1, 1), 400, "unsupported_pixels"),
    "ten thousand pixels": (jpeg(10_000, 200), 400, "unsupported_pixels"),
    "above 4 MB": (GOOD + bytes(FOUR_MEGABYTES), 413, "picture_too_large"),
}
FIELD_CASES = {
    "region outside": ({"region": "0,500,0,100"}, "invalid_region"),
    "region unreadable": ({"region": "a,b"}, "invalid_region"),
    "unknown category": ({"category_id": "11"}, "invalid_category"),
    "category no number": ({"category_id": "bag"}, "invalid_input"),
    "boolean unreadable": ({"crop": "perhaps"}, "invalid_input"),
    "string too long": ({"str_attr": "x" * 129}, "invalid_attribute"),
    "integer too long": ({"int_attr": str(2**31)}, "invalid_attribute"),
    "key too long": ({"product_id": "p" * 513}, "invalid_key"),
    "field far too long": ({"custom_content": "x" * 70_000}, "invalid_input"),
    "unknown field": ({"colour": "red"}, "invalid_input"),
}
SEARCH_CASES = {
    "filter with a typo": ({"filter": "int_attr>=2 AND str_atr=1"}, "invalid_filter"),
    "num too large": ({"num": "101"}, "invalid_paging"),
    "start too large": ({"start": "495"}, "invalid_paging"),
    "min_score too large": ({"min_score": "1.5"}, "invalid_score"),
    "region outside": ({"region": "0,500,0,100"}, "invalid_region"),
    "picture and name": (KEY, "invalid_input"),
    "unknown field": ({"limit": "3"}, "invalid_input"),
}
URL_ENCODED_CASES = {
    "nothing": (b"", "product_id is missing"),
    "half a key": (b"product_id=p", "pic_name is missing"),
    "no value": (b"product_id=p&pic_name", "is malformed"),
    "not UTF-8": (b"product_id=%ff&pic_name=a", "not UTF-8"),
    "bytes not UTF-8": (b"product_id=\xff&pic_name=a", "not UTF-8"),
    "twice": (b"product_id=p&product_id=p&pic_name=a", "product_id is given more than once"),
    "a file": (b"product_id=p&pic_name=a&file=x", "file is not known"),
    "a part of a picture": (b"product_id=p&pic_name=a&crop=false", "crop is not known"),
    "many fields": (b"&".join(b"f%d=x" % number for number in range(40)), "more than 32 fields"),
    "a long field": (b"product_id=p&pic_name=" + b"%20" * 70_000, "more than 65,536 bytes"),
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, pipeline: Pipeline) -> Iterator[App]:
    """One service for all tests of this module: none of them may leave anything behind."""
    with App.open(Settings(data=tmp_path_factory.mktemp("bad") / "data"), pipeline) as app:
        app.instances.create(InstanceSpec("shop"))
        app.instances.create(InstanceSpec("things", InstanceType.GENERIC, capacity=2))
        yield app


@pytest.fixture(scope="module")
def address(app: App, serving: Callable[[App], AbstractContextManager[str]]) -> Iterator[str]:
    with serving(app) as address:
        yield address


@pytest.fixture
def api(client: Client) -> httpx.Client:
    return client()


@pytest.fixture
def shop(api: httpx.Client) -> Iterator[httpx.Client]:
    """The client; after the test nothing has been stored and the service still works."""
    yield api
    assert api.get("/api/v1/instances/shop").json()["picture_count"] == 0
    assert api.get("/readyz").status_code == 200


def expect(answer: httpx.Response, status: int, code: str) -> dict[str, str]:
    body: dict[str, str] = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), body
    assert set(body) == {"code", "message", "hint", "request_id"}
    assert answer.headers["x-request-id"] == body["request_id"]
    assert body["message"]
    assert body["hint"]
    return body


@pytest.mark.parametrize(("picture", "status", "code"), PICTURE_CASES.values(), ids=PICTURE_CASES)
def test_bad_pictures(shop: httpx.Client, picture: bytes, status: int, code: str) -> None:
    expect(shop.post(PICTURES, data=KEY, files={"file": picture}), status, code)
    expect(shop.post(SEARCH, files={"file": picture}), status, code)
    expect(shop.post("/api/v1/compare", files={"first": picture, "second": GOOD}), status, code)


@pytest.mark.parametrize(("fields", "code"), FIELD_CASES.values(), ids=FIELD_CASES)
def test_bad_fields(shop: httpx.Client, fields: dict[str, str], code: str) -> None:
    expect(shop.post(PICTURES, data={**KEY, **fields}, files={"file": GOOD}), 400, code)


@pytest.mark.parametrize(("fields", "code"), SEARCH_CASES.values(), ids=SEARCH_CASES)
def test_bad_searches(shop: httpx.Client, fields: dict[str, str], code: str) -> None:
    expect(shop.post(SEARCH, data=fields, files={"file": GOOD}), 400, code)


def test_errors_name_the_fields(shop: httpx.Client) -> None:
    error = expect(shop.post(PICTURES, data={"colour": "red"}, files={"file": GOOD}), 400, "invalid_input")
    for part in ("colour is not known", "product_id is missing", "pic_name is missing"):
        assert part in error["message"]
    assert "str_attr4" in error["hint"]
    twice = shop.post(PICTURES, files=[("file", GOOD), *((name, (None, "x")) for name in [*KEY, "pic_name"])])
    assert "pic_name is given more than once" in expect(twice, 400, "invalid_input")["message"]


def test_a_file_must_be_a_file_and_a_text_a_text(shop: httpx.Client) -> None:
    as_text = shop.post(PICTURES, files=[(name, (None, "x")) for name in [*KEY, "file"]])
    assert "file is not a file part" in expect(as_text, 400, "invalid_input")["message"]
    as_file = shop.post(PICTURES, data={"pic_name": "a"}, files={"file": GOOD, "product_id": b"p"})
    assert "product_id is not text" in expect(as_file, 400, "invalid_input")["message"]


def test_forms_that_cannot_be_read(shop: httpx.Client) -> None:
    broken = {"content-type": "multipart/form-data; boundary=x"}
    expect(shop.post(PICTURES, content=b"--y\r\n", headers=broken), 400, "invalid_input")
    expect(shop.post(PICTURES, content=b"", headers={"content-type": "multipart/form-data"}), 400, "invalid_input")
    expect(shop.post(PICTURES, json=KEY), 400, "invalid_input")
    expect(shop.post(PICTURES, files=[("file", GOOD)] * 3), 400, "invalid_input")
    many = [(f"f{number}", (None, "x")) for number in range(40)]
    expect(shop.post(PICTURES, files=many), 400, "invalid_input")
    expect(shop.post("/api/v1/compare", files={"first": GOOD}), 400, "invalid_input")


@pytest.mark.parametrize(("body", "message"), URL_ENCODED_CASES.values(), ids=URL_ENCODED_CASES)
def test_url_encoded_searches_that_cannot_be_read(shop: httpx.Client, body: bytes, message: str) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
    assert message in expect(shop.post(SEARCH, content=body, headers=headers), 400, "invalid_input")["message"]


@pytest.mark.parametrize("body", ["", "{", "[]", '"x"', '{"name": 1, "type": "product"}', '{"name": "x"}',
                                  '{"name": "x", "type": "clothes"}', '{"name": "x", "type": "product", "a": 1}',
                                  '{"name": "x", "type": "product", "capacity": "9"}'])  # fmt: skip
def test_bad_json(shop: httpx.Client, body: str) -> None:
    headers = {"content-type": "application/json"}
    expect(shop.post("/api/v1/instances", content=body, headers=headers), 400, "invalid_input")


def test_a_capacity_that_no_database_holds(shop: httpx.Client) -> None:
    form = {"name": "x", "type": "product", "capacity": 10**25}
    expect(shop.post("/api/v1/instances", json=form), 400, "invalid_input")


def test_json_must_be_declared(shop: httpx.Client) -> None:
    body = json.dumps({"name": "x", "type": "product"})
    expect(shop.post("/api/v1/instances", content=body), 400, "invalid_input")


def test_what_is_not_there_and_what_is_there_already(shop: httpx.Client) -> None:
    expect(shop.get("/api/v1/instances/none"), 404, "instance_not_found")
    expect(shop.post("/api/v1/instances/none/search", files={"file": GOOD}), 404, "instance_not_found")
    expect(shop.get(PICTURES, params=KEY), 404, "picture_not_found")
    expect(shop.patch(PICTURES, params=KEY, json={"int_attr": 1}), 404, "picture_not_found")
    expect(shop.post(SEARCH, files=[(name, (None, "x")) for name in KEY]), 404, "picture_not_found")
    expect(shop.post("/api/v1/keys/none/disable"), 404, "key_not_found")
    expect(shop.post("/api/v1/instances", json={"name": "shop", "type": "generic"}), 409, "instance_exists")
    expect(shop.post("/api/v1/instances", json={"name": "a b", "type": "generic"}), 400, "invalid_name")
    expect(shop.get("/api/v2/instances"), 404, "not_found")
    expect(shop.get("/api/v1/instances/"), 404, "not_found")
    expect(shop.put("/healthz"), 405, "method_not_allowed")


def test_queries_are_checked(shop: httpx.Client) -> None:
    assert (
        "pic_name is missing"
        in expect(shop.get(PICTURES, params={"product_id": "p"}), 400, "invalid_input")["message"]
    )
    expect(shop.get(PICTURES, params={**KEY, "colour": "red"}), 400, "invalid_input")
    expect(shop.delete(PICTURES), 400, "invalid_input")
    expect(shop.delete(PICTURES, params={"product_id": "p", "filter": "int_attr=1"}), 400, "invalid_input")
    expect(shop.delete(PICTURES, params={"filter": "int_attr=="}), 400, "invalid_filter")
    expect(shop.patch(PICTURES, params=KEY, json={}), 400, "invalid_input")
    expect(shop.patch(PICTURES, params=KEY, json={"int_attr": "1"}), 400, "invalid_input")


def test_a_full_instance_takes_no_more_but_still_replaces(api: httpx.Client) -> None:
    path = "/api/v1/instances/things/pictures"
    for name in ("a", "b"):
        assert api.post(path, data={**KEY, "pic_name": name}, files={"file": GOOD}).status_code == 201
    full = expect(api.post(path, data={**KEY, "pic_name": "c"}, files={"file": GOOD}), 409, "capacity_reached")
    assert "instance set things --capacity" in full["hint"]
    assert api.post(path, data={**KEY, "pic_name": "b"}, files={"file": GOOD}).status_code == 200
    for wrong in (None, 0, 1_000_000_001, "3", 2.5, True):
        expect(api.patch("/api/v1/instances/things", json={"capacity": wrong}), 400, "invalid_input")
    expect(api.patch("/api/v1/instances/things", json={"capacity": 1}), 409, "capacity_too_small")
    assert api.patch("/api/v1/instances/things", json={"capacity": 3}).json()["capacity"] == 3
    assert api.post(path, data={**KEY, "pic_name": "c"}, files={"file": GOOD}).status_code == 201


def _chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // 65_536 + 1):
        yield bytes(65_536)


@pytest.mark.parametrize("content_type", ["multipart/form-data; boundary=x", "application/json"])
def test_bodies_above_the_limit(shop: httpx.Client, content_type: str) -> None:
    path = PICTURES if "multipart" in content_type else "/api/v1/instances"
    headers = {"content-type": content_type}
    start = b'--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
    declared = shop.post(path, content=start + bytes(MAX_BODY), headers=headers)
    expect(declared, 413, "request_too_large")
    chunked = shop.post(path, content=(part for part in [start, *_chunks(MAX_BODY)]), headers=headers)
    assert chunked.request.headers["transfer-encoding"] == "chunked"
    expect(chunked, 413, "request_too_large")


def test_a_stranger_with_a_large_body_still_reads_the_answer(client: Client) -> None:
    stranger = client(None)
    expect(stranger.post(PICTURES, data=KEY, files={"file": bytes(MAX_BODY)}), 401, "not_authenticated")


def test_no_picture_byte_touches_the_disk(shop: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_named: object) -> None:
        pytest.fail("a temporary file was made")

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "__init__", fail)
    monkeypatch.setattr(tempfile, "TemporaryFile", fail)
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", fail)
    monkeypatch.setattr(tempfile, "mkstemp", fail)
    padded = GOOD + bytes(FOUR_MEGABYTES - len(GOOD))
    answer = shop.post(SEARCH, files={"file": padded})
    assert answer.status_code == 200
    both = shop.post("/api/v1/compare", files={"first": padded[:-200_000], "second": padded[:-200_000]})
    assert both.json() == {"score": 1.0}


def test_an_unforeseen_error_tells_nothing(
    shop: httpx.Client, app: App, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_args: object) -> None:
        message = "secret pixels"
        raise ZeroDivisionError(message)

    monkeypatch.setattr(app.instances, "list", fail)
    answer = shop.get("/api/v1/instances")
    body = expect(answer, 500, "internal_error")
    assert body["request_id"] in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert "secret" not in answer.text + caplog.text


@pytest.mark.usefixtures("shop")
def test_roles_are_checked_before_the_body_is_read(client: Client) -> None:
    reader = client(Role.READER)
    expect(reader.post(PICTURES, content=b"no form"), 403, "permission_denied")


_FORM = b"".join(
    b'--B\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % part
    for part in ((b"product_id", b"p"), (b"pic_name", b"a"), (b'file"; filename="f', b"\x89PNG\r\n\x1a\n123"))
)
_FORM += b"--B--\r\n"
_INSERTS = [b"", b"\r\n", b"--B", b'"', b"\x00", b"\xff", b'; filename=""', b"\r\n\r\n", b"name="]
_CUTS = st.tuples(st.integers(0, len(_FORM)), st.integers(0, 12), st.sampled_from(_INSERTS))
_TYPES = ["boundary=B", "boundary=B; charset=utf-16", "boundary=", 'boundary="B', "boundary=B; charset=hex"]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(_CUTS, min_size=1, max_size=4), kind=st.sampled_from(_TYPES))
def test_malformed_forms_are_the_callers_fault(
    shop: httpx.Client, cuts: list[tuple[int, int, bytes]], kind: str
) -> None:
    body = _FORM
    for place, length, insert in cuts:
        body = body[:place] + insert + body[place + length :]
    answer = shop.post(PICTURES, content=body, headers={"content-type": f"multipart/form-data; {kind}"})
    assert answer.status_code == 400, answer.text


def test_what_leads_nowhere_is_hardly_repeated(api: httpx.Client) -> None:
    answer = api.get("/api/v1/" + "A" * 600)
    assert answer.json()["code"] == "not_found"
    assert "A" * 60 not in answer.text
