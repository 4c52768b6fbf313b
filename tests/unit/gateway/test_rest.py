"""The REST interface as its users see it: every verb once, over a real socket."""

import re
from collections.abc import Callable

import httpx
import pytest

from similis.domain import Role

PICTURES = "/api/v1/instances/shop/pictures"
SEARCH = "/api/v1/instances/shop/search"
Client = Callable[..., httpx.Client]


def add(api: httpx.Client, picture: bytes, **fields: object) -> httpx.Response:
    named = {"product_id": "p", "pic_name": "a.jpg", **fields}
    data = {name: str(value) for name, value in named.items()}
    return api.post(PICTURES, data=data, files={"file": picture})


def test_instances_are_made_shown_listed_rebuilt_and_deleted(api: httpx.Client) -> None:
    shown = api.get("/api/v1/instances/shop").json()
    assert shown["name"] == "shop"
    assert shown["type"] == "product"
    assert shown["picture_count"] == 0
    assert [each["name"] for each in api.get("/api/v1/instances").json()["instances"]] == ["shop", "things"]
    assert api.post("/api/v1/instances/shop/rebuild").json() == shown
    assert api.post("/api/v1/instances/shop/move", json={"index": "faiss"}).json() == shown
    assert api.post("/api/v1/instances/shop/move", json={"index": "none"}).json()["code"] == "invalid_input"
    unavailable = api.post("/api/v1/instances/shop/move", json={"index": "milvus"})
    assert (unavailable.status_code, unavailable.json()["code"]) == (503, "index_unavailable")
    assert api.delete("/api/v1/instances/shop").status_code == 204
    assert api.get("/api/v1/instances/shop").json()["code"] == "instance_not_found"


def test_subject_and_good_match_reach_the_search(api: httpx.Client, pictures: list[bytes]) -> None:
    add(api, pictures[0])
    query = {"files": {"file": pictures[0]}}
    answer = api.post(SEARCH, data={"subject": "1", "good_match": "0.125"}, **query).json()  # type: ignore[arg-type] # httpx takes bytes
    assert answer["threshold"] == 0.125
    assert api.post(SEARCH, data={"subject": "9"}, **query).json()["code"] == "invalid_subject"  # type: ignore[arg-type] # likewise
    assert api.post(SEARCH, data={"good_match": "2"}, **query).json()["code"] == "invalid_score"  # type: ignore[arg-type] # likewise


def test_an_added_picture_is_found_as_identical(api: httpx.Client, pictures: list[bytes]) -> None:
    fields: dict[str, object] = {"custom_content": "note", "int_attr": 7, "str_attr4": "rød", "category_id": 3}
    added = add(api, pictures[0], **fields)
    assert added.status_code == 201
    assert added.json()["category_id"] == 3
    assert not added.json()["replaced"]
    answer = api.post(SEARCH, files={"file": pictures[0]}, data={"category_id": "3"}).json()
    [match] = answer["matches"]
    assert match.items() >= {"product_id": "p", "score": 1.0, "hamming_distance": 0, "category_id": 3}.items()
    assert match.items() >= {"custom_content": "note", "int_attr": 7, "int_attr2": None, "str_attr4": "rød"}.items()
    assert answer["found"] == 1
    assert answer["good_match"]
    assert answer["region"] == added.json()["region"]


def test_adding_again_replaces(api: httpx.Client, pictures: list[bytes]) -> None:
    add(api, pictures[0])
    again = add(api, pictures[1])
    assert again.status_code == 200
    assert again.json()["replaced"]
    assert api.get("/api/v1/instances/shop").json()["picture_count"] == 1


def test_a_near_identical_picture_is_reported_or_refused(api: httpx.Client, pictures: list[bytes]) -> None:
    add(api, pictures[0])
    refused = add(api, pictures[0], product_id="q", on_duplicate="refuse")
    assert (refused.status_code, refused.json()["code"]) == (409, "duplicate_picture")
    reported = add(api, pictures[0], product_id="q", on_duplicate="report")
    assert (reported.status_code, reported.json()["duplicates"]) == (201, [{"product_id": "p", "pic_name": "a.jpg"}])
    assert add(api, pictures[0], on_duplicate="maybe").status_code == 400
    told = api.get("/api/v1/instances/shop/duplicates", params={"min_similarity": 0.99}).json()
    assert {each["product_id"] for each in told["groups"][0]} == {"p", "q"}
    assert (told["pictures"], told["min_similarity"]) == (2, 0.99)
    assert api.get("/api/v1/instances/shop/duplicates?min_similarity=2").json()["code"] == "invalid_score"


def test_tuning_says_what_it_lacks(api: httpx.Client) -> None:
    lacking = api.post("/api/v1/instances/shop/tuning", json={})
    assert (lacking.status_code, lacking.json()["code"]) == (409, "nothing_to_tune")
    for headers in ({}, {"content-type": "application/x-www-form-urlencoded"}):  # as curl sends no body at all
        assert api.post("/api/v1/instances/shop/tuning", headers=headers).json()["code"] == "nothing_to_tune"
    undeclared = api.post("/api/v1/instances/shop/tuning", content=b'{"dry_run": true}')
    assert (undeclared.status_code, undeclared.json()["code"]) == (400, "invalid_input")
    assert api.get("/api/v1/instances/shop/tuning").json() is None
    undone = api.delete("/api/v1/instances/shop/tuning").json()
    assert (undone["name"], undone["tuning"]) == ("shop", None)


def test_a_stored_picture_is_shown_changed_and_searched_by_name(api: httpx.Client, pictures: list[bytes]) -> None:
    add(api, pictures[0], int_attr=1, str_attr="x", region="10,100,20,120")
    key = {"product_id": "p", "pic_name": "a.jpg"}
    shown = api.get(PICTURES, params=key).json()
    assert (shown["region"], shown["int_attr"], shown["str_attr"]) == ("10,100,20,120", 1, "x")
    changed = api.patch(PICTURES, params=key, json={"int_attr": None, "str_attr2": "y"}).json()
    assert changed == {**shown, "int_attr": None, "str_attr2": "y"}
    answer = api.post(SEARCH, files=[(name, (None, value)) for name, value in key.items()]).json()
    assert answer["matches"][0]["score"] == 1.0
    assert answer["region"] is None


def test_a_search_by_name_may_be_url_encoded(api: httpx.Client, pictures: list[bytes]) -> None:
    for number, picture in enumerate(pictures[:3]):
        add(api, picture, pic_name=f"å & {number}", category_id=3, int_attr=number)
    form = {
        "product_id": "p",
        "pic_name": "å & 1",
        "filter": "int_attr>=1",
        "category_id": "3",
        "num": "1",
        "start": "1",
    }
    answer = api.post(SEARCH, data=form).raise_for_status().json()
    assert [match["pic_name"] for match in answer["matches"]] == ["å & 2"]
    assert answer["found"] == 2
    as_parts = api.post(SEARCH, files=[(name, (None, value)) for name, value in form.items()]).json()
    assert as_parts["matches"] == answer["matches"]


def test_deleting_by_picture_by_product_and_by_filter(api: httpx.Client, pictures: list[bytes]) -> None:
    for number, picture in enumerate(pictures[:4]):
        add(api, picture, pic_name=number, product_id="q" if number == 3 else "p", int_attr=number)
    first = api.delete(PICTURES, params={"product_id": "p", "pic_name": "0"}).json()
    assert first == {"deleted": [{"product_id": "p", "pic_name": "0"}]}
    by_filter = api.delete(PICTURES, params={"filter": "int_attr>=3"}).json()
    assert by_filter == {"deleted": [{"product_id": "q", "pic_name": "3"}]}
    rest = api.delete(PICTURES, params={"product_id": "p"}).json()["deleted"]
    assert sorted(key["pic_name"] for key in rest) == ["1", "2"]
    assert api.delete(PICTURES, params={"product_id": "p"}).json() == {"deleted": []}


def test_search_options_reach_the_search(api: httpx.Client, pictures: list[bytes]) -> None:
    for number, picture in enumerate(pictures):
        add(api, picture, pic_name=number, product_id=number // 2, category_id=0, int_attr=number)
    form = {"category_id": "0", "num": "1", "start": "1", "filter": "int_attr<4", "distinct_product": "TRUE"}
    answer = api.post(SEARCH, files={"file": pictures[0]}, data={**form, "crop": "False"}).json()
    assert [match["product_id"] for match in answer["matches"]] == ["1"]
    assert answer["found"] == 2
    assert answer["region"] == "0,160,0,160"


def test_two_pictures_are_compared(api: httpx.Client, pictures: list[bytes]) -> None:
    same = api.post("/api/v1/compare", files={"first": pictures[0], "second": pictures[0]})
    other = api.post("/api/v1/compare", files=[("file", pictures[0]), ("file", pictures[1])])
    assert same.json() == {"score": 1.0}
    assert 0 <= other.json()["score"] < 1


def test_a_filter_is_checked_before_it_is_used(client: Client) -> None:
    reader, path = client(Role.READER), "/api/v1/filters/check"
    good = reader.post(path, json={"expression": 'str_attr2="a" OR intAttr>1 AND int_attr<9'})
    assert (good.status_code, good.json()) == (200, {"valid": True, "fields": ["int_attr", "str_attr2"]})
    wrong = reader.post(path, json={"expression": "int_attr>=2 AND"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid_filter")
    assert "at character 16: found the end, expected ( or a field" in wrong.json()["message"]
    assert reader.post(path, json={}).status_code == 400
    assert reader.get(path, params={"expression": "int_attr>1"}).status_code == 405  # logs of proxies have queries


def test_keys_are_made_listed_and_disabled(api: httpx.Client, client: Client) -> None:
    made = api.post("/api/v1/keys", json={"role": "reader", "instances": ["shop"]})
    assert made.status_code == 201
    key = made.json()
    reader = client(None)
    reader.headers["authorization"] = f"Bearer {key['id']}:{key['secret']}"
    assert reader.get("/api/v1/instances").status_code == 200
    listed = api.get("/api/v1/keys").json()["keys"]
    assert key["id"] in {each["id"] for each in listed}
    assert key["secret"] not in api.get("/api/v1/keys").text
    assert api.post(f"/api/v1/keys/{key['id']}/disable").json()["disabled"]
    assert reader.get("/api/v1/instances").status_code == 401


def test_a_temporary_key_is_used_with_its_token(api: httpx.Client, client: Client) -> None:
    made = api.post("/api/v1/keys", json={"role": "reader", "temporary_minutes": 720}).json()
    caller = client(None)
    for credentials, status in (
        ("{id}:{secret}", 401),
        ("{id}:{secret}:x", 401),
        ("{id}:{secret}:{security_token}", 200),
    ):
        caller.headers["authorization"] = f"Bearer {credentials.format(**made)}"
        assert caller.get("/api/v1/instances").status_code == status
    for minutes in (0, 721, "5", 10**30):
        assert api.post("/api/v1/keys", json={"role": "reader", "temporary_minutes": minutes}).status_code == 400


def test_no_route_answers_without_a_key(client: Client) -> None:
    stranger = client(None)
    schema = stranger.get("/openapi.json").json()
    for path, operations in schema["paths"].items():
        assert path.startswith("/api/v1/")
        for method in operations:
            answer = stranger.request(method, re.sub(r"\{\w+\}", "shop", path))
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), (method, path)


@pytest.mark.parametrize(
    "wrong", ["Bearer", "Bearer nobody:secret", "Bearer {id}:wrong", "Bearer {id}", "Basic eA=="]
)
def test_wrong_keys_get_one_answer(api: httpx.Client, wrong: str) -> None:
    identity = api.headers["authorization"].split()[1].partition(":")[0]
    answer = api.get("/api/v1/instances", headers={"authorization": wrong.format(id=identity)})
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"


def test_an_unknown_id_and_a_wrong_secret_look_alike(api: httpx.Client) -> None:
    identity = api.headers["authorization"].split()[1].partition(":")[0]
    wrong, unknown = (
        api.get("/api/v1/instances", headers={"authorization": f"Bearer {each}:secret"}).json()
        for each in (identity, "nobody")
    )
    assert {**wrong, "request_id": ""} == {**unknown, "request_id": ""}


ROLES = [
    ("GET", "/api/v1/instances", Role.READER),
    ("GET", "/api/v1/instances/shop", Role.READER),
    ("POST", "/api/v1/instances", Role.ADMIN),
    ("DELETE", "/api/v1/instances/shop", Role.ADMIN),
    ("PATCH", "/api/v1/instances/shop", Role.ADMIN),
    ("POST", "/api/v1/instances/shop/rebuild", Role.ADMIN),
    ("POST", "/api/v1/instances/shop/rekey", Role.ADMIN),
    ("GET", "/api/v1/instances/shop/rekey", Role.READER),
    ("POST", "/api/v1/instances/shop/move", Role.ADMIN),
    ("POST", "/api/v1/instances/shop/tuning", Role.ADMIN),
    ("GET", "/api/v1/instances/shop/tuning", Role.READER),
    ("DELETE", "/api/v1/instances/shop/tuning", Role.ADMIN),
    ("GET", "/api/v1/instances/shop/duplicates", Role.WRITER),
    ("GET", PICTURES, Role.READER),
    ("POST", PICTURES, Role.WRITER),
    ("PATCH", PICTURES, Role.WRITER),
    ("DELETE", PICTURES, Role.WRITER),
    ("POST", SEARCH, Role.READER),
    ("POST", "/api/v1/filters/check", Role.READER),
    ("POST", "/api/v1/compare", Role.READER),
    ("POST", "/api/v1/instances/shop/imports", Role.WRITER),
    ("GET", "/api/v1/instances/shop/imports", Role.READER),
    ("POST", "/api/v1/instances/shop/exports", Role.WRITER),
    ("GET", "/api/v1/instances/shop/exports", Role.WRITER),
    ("GET", "/api/v1/tasks/99", Role.READER),
    ("POST", "/api/v1/tasks/99/cancel", Role.WRITER),
    ("GET", "/api/v1/tasks/99/failures", Role.READER),
    ("GET", "/api/v1/tasks/99/export", Role.WRITER),
    ("GET", "/api/v1/connections", Role.ADMIN),
    ("POST", "/api/v1/connections", Role.ADMIN),
    ("GET", "/api/v1/connections/x", Role.ADMIN),
    ("DELETE", "/api/v1/connections/x", Role.ADMIN),
    ("POST", "/api/v1/connections/x/check", Role.ADMIN),
    ("GET", "/api/v1/keys", Role.ADMIN),
    ("POST", "/api/v1/keys", Role.ADMIN),
    ("PATCH", "/api/v1/keys/x", Role.ADMIN),
    ("POST", "/api/v1/keys/x/disable", Role.ADMIN),
    ("GET", "/api/v1/audit", Role.ADMIN),
    ("GET", "/api/v1/customers/x/export", Role.ADMIN),
    ("GET", "/api/v1/customers/x", Role.ADMIN),
    ("DELETE", "/api/v1/customers/x", Role.ADMIN),
]


def test_every_route_keeps_its_role(api: httpx.Client, client: Client) -> None:
    filled = {"name": "shop", "identity": "x", "connection": "x", "task_id": "99"}
    stated = {(method, path.format(**filled))
              for path, operations in api.get("/openapi.json").json()["paths"].items()
              for method in (each.upper() for each in operations)}  # fmt: skip
    assert stated == {(method, path) for method, path, _ in ROLES}
    for role in (Role.WRITER, Role.READER):
        caller = client(role)
        for method, path, needed in ROLES:
            allowed = caller.request(method, path).status_code != 403
            assert allowed == role.covers(needed), (role, method, path)


@pytest.mark.usefixtures("api")
def test_a_limited_key_sees_only_its_instances(client: Client) -> None:
    limited = client(Role.ADMIN, "things")
    assert [each["name"] for each in limited.get("/api/v1/instances").json()["instances"]] == ["things"]
    for method, path in (("GET", "/api/v1/instances/shop"), ("POST", SEARCH), ("GET", "/api/v1/instances/none")):
        answer = limited.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert limited.post("/api/v1/instances", json={"name": "other", "type": "product"}).status_code == 403
    assert limited.post("/api/v1/keys", json={"role": "admin"}).status_code == 403
    assert limited.get("/api/v1/keys").json()["message"] == "The access key does not reach beyond its instances."


@pytest.mark.usefixtures("api")
def test_a_limited_admin_administers_its_own_instances(client: Client) -> None:
    limited = client(Role.ADMIN, "things")
    assert limited.post("/api/v1/instances/things/rebuild").status_code == 200
    assert limited.post("/api/v1/instances/shop/rebuild").status_code == 403
    assert limited.delete("/api/v1/instances/shop").status_code == 403
    assert limited.delete("/api/v1/instances/things").status_code == 204
