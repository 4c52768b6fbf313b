"""How large bodies may be, and how many pictures a day may be added: limits of keys and of instances."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from tests.unit.gateway.alibaba.calling import Wire, base64_of, refusal_of

from similis.domain import IndexUnavailable, NewAccessKey, QueueFull, Role, SimilisError, StorageFailed
from similis.service import App

LEAST = 64 * 1024
PICTURES = "/api/v1/instances/shop/pictures"
pytestmark = pytest.mark.usefixtures("api")


@contextmanager
def calling(address: str, made: NewAccessKey) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {made.key.id}:{made.secret}"}
    with httpx.Client(base_url=address, headers=headers, timeout=30) as caller:
        yield caller


def add(caller: httpx.Client, name: str, picture: bytes) -> httpx.Response:
    return caller.post(PICTURES, data={"product_id": "p", "pic_name": name}, files={"file": picture})


def test_pictures_of_a_day(app: App, address: str, pictures: list[bytes]) -> None:
    made = app.access.create(Role.WRITER, pictures_per_day=2)
    with calling(address, made) as caller:
        assert [add(caller, "a", each).status_code for each in pictures[:2]] == [201, 200]
        refused = add(caller, "b", pictures[2])
        assert (refused.status_code, refused.json()["code"]) == (409, "pictures_used_up")
        assert "2 pictures a day" in refused.json()["message"]
        assert caller.post("/api/v1/instances/shop/search", files={"file": pictures[0]}).status_code == 200
        answer = caller.post("/api/v1/instances/shop/imports", json={"connection": "x", "bucket": "b", "path": "p"})
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert app.instances.get("shop").picture_count == 1


def test_pictures_of_a_day_on_the_wire(app: App, address: str, pictures: list[bytes]) -> None:
    wire = Wire(address, app.access.create(Role.WRITER, pictures_per_day=1))
    form = {"InstanceName": "shop", "ProductId": "p", "PicName": "a", "PicContent": base64_of(pictures[0])}
    assert wire.call("AddImage", form).status_code == 200
    refused = wire.call("AddImage", form)
    assert refusal_of(refused)[:2] == (400, "InstanceOverQuota")
    assert "x-acs-retry-after" not in refused.headers, "a client would wait till midnight"
    place = {"InstanceName": "shop", "BucketName": "b", "Path": "p"}
    assert refusal_of(wire.call("IncreaseInstance", place))[:2] == (403, "Console.NoPermission")
    wire.http.close()


@pytest.mark.parametrize("error", [QueueFull, StorageFailed, IndexUnavailable])
def test_what_the_service_could_not_do_is_no_picture_of_the_day(
    monkeypatch: pytest.MonkeyPatch, app: App, address: str, pictures: list[bytes], error: type[SimilisError]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error("No.")

    made = app.access.create(Role.WRITER, pictures_per_day=1)
    wire = Wire(address, made)
    form = {"InstanceName": "shop", "ProductId": "p", "PicName": "a", "PicContent": base64_of(pictures[0])}
    with calling(address, made) as caller:
        with monkeypatch.context() as patch:
            patch.setattr(app.pictures, "add", fail)
            assert [add(caller, "a", pictures[0]).json()["code"] for _ in range(2)] == [error.code] * 2
            assert "InstanceOverQuota" not in {refusal_of(wire.call("AddImage", form))[1] for _ in range(2)}
        assert add(caller, "a", pictures[0]).status_code == 201
        assert add(caller, "a", pictures[0]).json()["code"] == "pictures_used_up"
    wire.http.close()


def test_calls_that_name_no_place_for_a_picture_are_none_of_the_day(
    app: App, address: str, pictures: list[bytes]
) -> None:
    wire = Wire(address, app.access.create(Role.WRITER, pictures_per_day=1))
    form = {"InstanceName": "shop", "ProductId": "p", "PicName": "a", "PicContent": base64_of(pictures[0])}
    for wrong in ({"InstanceName": "other"}, {"ProductId": ""}, {"CategoryId": "x"}):
        assert refusal_of(wire.call("AddImage", form | wrong))[1] != "InstanceOverQuota"
    assert wire.call("AddImage", form).status_code == 200
    wire.http.close()


def test_a_picture_that_cannot_be_used_is_one_of_the_day(app: App, address: str) -> None:
    with calling(address, app.access.create(Role.WRITER, pictures_per_day=1)) as caller:
        codes = [add(caller, "a", b"no picture").json()["code"] for _ in range(2)]
    assert codes == ["unsupported_format", "pictures_used_up"]


def test_a_body_above_the_keys_limit_is_refused(app: App, address: str, pictures: list[bytes]) -> None:
    with calling(address, app.access.create(Role.WRITER, max_body=LEAST)) as caller:
        assert add(caller, "a", pictures[0]).status_code == 201
        refused = add(caller, "b", pictures[0] + bytes(LEAST))
        assert (refused.status_code, refused.json()["code"]) == (413, "request_too_large")
        assert "above 65,536 bytes" in refused.json()["message"]


@pytest.mark.parametrize("role", [Role.WRITER, Role.ADMIN])
def test_a_body_above_the_instances_limit_is_refused_there(
    app: App, address: str, pictures: list[bytes], role: Role
) -> None:
    app.instances.set("shop", max_body=LEAST)
    with calling(address, app.access.create(role)) as caller:
        large = pictures[0] + bytes(LEAST)
        assert add(caller, "a", large).status_code == 413
        form = {"product_id": "p", "pic_name": "a"}
        assert caller.post("/api/v1/instances/things/pictures", data=form, files={"file": large}).status_code == 201


def test_the_body_is_not_even_read(app: App, address: str) -> None:
    with calling(address, app.access.create(Role.WRITER, max_body=LEAST)) as caller:
        headers = {"content-type": "multipart/form-data; boundary=x", "expect": "100-continue"}
        # httpx sends the body at once; the service would find no form in it, had it looked.
        answer = caller.post(PICTURES, content=b"no form at all".ljust(LEAST + 1), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "request_too_large")


@pytest.mark.parametrize("whose", ["key", "instance"])
def test_a_body_above_a_limit_on_the_wire(app: App, address: str, pictures: list[bytes], whose: str) -> None:
    made = app.access.create(Role.WRITER, max_body=LEAST if whose == "key" else None)
    app.instances.set("shop", max_body=LEAST if whose == "instance" else None)
    wire = Wire(address, made)
    form = {"InstanceName": "shop", "ProductId": "p", "PicName": "a"}
    assert wire.call("AddImage", {**form, "PicContent": base64_of(pictures[0])}).status_code == 200
    refused = refusal_of(wire.call("AddImage", {**form, "PicContent": base64_of(pictures[0] + bytes(LEAST))}))
    assert refused[:2] == (400, "BadRequest")
    assert "above 65,536 bytes" in refused[2]
    wire.http.close()


def test_whom_the_limit_holds_cannot_lift_it_and_the_operator_can(api: httpx.Client, app: App, address: str) -> None:
    assert api.patch("/api/v1/instances/shop", json={"max_body": LEAST}).json()["max_body"] == LEAST
    with calling(address, app.access.create(Role.ADMIN, ["shop"])) as own:
        for limit in ({"max_body": None}, {"qps": None}, {"capacity": 200_000}):
            assert own.patch("/api/v1/instances/shop", json=limit).status_code == 403
    assert api.patch("/api/v1/instances/shop", json={"max_body": None}).json()["max_body"] is None


@pytest.mark.parametrize(
    "limit", [{"max_body": LEAST - 1}, {"max_body": 9_000_000}, {"max_body": 1.5}, {"pictures_per_day": 0}], ids=str
)
def test_limits_out_of_range_are_refused(api: httpx.Client, limit: dict[str, float]) -> None:
    answer = api.post("/api/v1/keys", json={"role": "writer", **limit})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")


def test_limits_of_a_key_are_changed_while_it_is_used(
    app: App, api: httpx.Client, address: str, pictures: list[bytes]
) -> None:
    made = app.access.create(Role.WRITER, pictures_per_day=1)
    path = f"/api/v1/keys/{made.key.id}"
    with calling(address, made) as caller:
        assert add(caller, "a", pictures[0]).status_code == 201
        assert add(caller, "b", pictures[1]).json()["code"] == "pictures_used_up"
        changed = api.patch(path, json={"pictures_per_day": 2, "max_body": LEAST}).json()
        assert (changed["pictures_per_day"], changed["max_body"], changed["qps"]) == (2, LEAST, None)
        assert add(caller, "b", bytes(LEAST)).json()["code"] == "request_too_large"
        assert api.patch(path, json={"max_body": None}).json()["pictures_per_day"] == 2
        assert add(caller, "b", pictures[1]).status_code == 201
        assert api.patch(path, json={"pictures_per_day": None}).json()["pictures_per_day"] is None
        assert add(caller, "c", pictures[2]).status_code == 201
        assert caller.patch(path, json={"pictures_per_day": None}).json()["code"] == "permission_denied"
    for wrong in ({}, {"qps": 0}, {"role": "admin"}, {"max_body": 1}):
        assert api.patch(path, json=wrong).status_code == 400
    assert api.patch("/api/v1/keys/nobody", json={"qps": 1}).json()["code"] == "key_not_found"
