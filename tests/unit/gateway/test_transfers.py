"""Imports and exports over REST: a directory of drawn pictures in, its lines out, and who may see what."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

from similis.algorithm import Pipeline
from similis.domain import InstanceSpec, Role
from similis.service import App, Settings

Client = Callable[..., httpx.Client]
IMPORTS, EXPORTS = "/api/v1/instances/shop/imports", "/api/v1/instances/shop/exports"
CONNECTIONS = "/api/v1/connections"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, pictures: list[bytes]) -> Path:
    """Storage with two buckets, of which one is empty."""
    root = tmp_path_factory.mktemp("storage")
    folder = root / "photos" / "spring"
    folder.mkdir(parents=True)
    (root / "empty").mkdir()
    lines = [{"OperationType": "ADD", "ProductId": f"p{n}", "PicName": f"{n}.png", "StrAttr": "å"} for n in range(3)]
    for number in range(3):
        (folder / f"{number}.png").write_bytes(pictures[number])
    (folder / "bad.png").write_bytes(b"no picture at all")
    bad = [{"OperationType": "ADD", "ProductId": "p", "PicName": each} for each in ("bad.png", "gone.png")]
    text = "\n".join(json.dumps(line) for line in (*lines, *bad))
    (folder / "increment.meta").write_text(f"{text}\nnonsense\n")
    return root


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, pipeline: Pipeline, root: Path) -> Iterator[App]:
    settings = Settings(data=tmp_path_factory.mktemp("transfers") / "data", threads=1, import_roots=(root,))
    with App.open(settings, pipeline) as app:
        for name in ("shop", "other"):
            app.instances.create(InstanceSpec(name))
        yield app


@pytest.fixture(scope="module")
def address(app: App, serving: Callable[[App], AbstractContextManager[str]]) -> Iterator[str]:
    with serving(app) as address:
        yield address


@pytest.fixture(scope="module")
def connected(app: App, address: str, root: Path) -> str:
    """The name of a connection to the storage, made over REST."""
    made = app.access.create(Role.ADMIN)
    headers = {"authorization": f"Bearer {made.key.id}:{made.secret}"}
    form = {"name": "here", "provider": "file", "root": str(root)}
    answer = httpx.post(f"{address}{CONNECTIONS}", json=form, headers=headers)
    assert answer.status_code == 201, answer.text
    return "here"


@pytest.fixture(scope="module")
def imported(app: App, address: str, connected: str) -> dict[str, Any]:
    """A finished import of the storage, as its caller saw it."""
    made = app.access.create(Role.WRITER)
    headers = {"authorization": f"Bearer {made.key.id}:{made.secret}"}
    with httpx.Client(base_url=address, headers=headers, timeout=30) as writer:
        form = {"connection": connected, "bucket": "photos", "path": "/spring"}
        begun = writer.post(IMPORTS, json=form)
        assert begun.status_code == 202, begun.text
        return finished(writer, begun.json())


def finished(api: httpx.Client, task: dict[str, Any]) -> dict[str, Any]:
    """The task once it has ended."""
    until = time.monotonic() + 120
    while task["status"] == "processing":
        assert time.monotonic() < until, task
        time.sleep(0.1)
        task = api.get(f"/api/v1/tasks/{task['id']}").json()
    return task


def lines_of(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    return [json.loads(line) for line in answer.content.splitlines()]


def test_an_import_tells_what_it_did(imported: dict[str, Any], client: Client) -> None:
    assert imported.items() >= {
        "instance": "shop", "kind": "import", "status": "success", "connection": "here", "bucket": "photos",
        "path": "/spring", "callback": None, "lines": 6, "added": 3, "replaced": 0, "deleted": 0, "failed": 3,
        "code": None, "message": "", "cancelling": False, "export_url": None,
    }.items()  # fmt: skip
    assert imported["read_bytes"] == imported["total_bytes"] > 0
    listed = client(Role.READER).get(IMPORTS).json()
    assert listed["total"] == len(listed["tasks"]) == 1
    assert {**listed["tasks"][0], "failures_url": ""} == {**imported, "failures_url": ""}
    assert client(Role.READER).get(IMPORTS, params={"start": 1}).json() == {"tasks": [], "total": 1}


def test_what_failed_is_downloaded_with_a_key_or_by_the_link(imported: dict[str, Any], client: Client) -> None:
    by_key = client(Role.READER).get(f"/api/v1/tasks/{imported['id']}/failures")
    stranger = client(None)
    assert imported["failures_url"].startswith(str(stranger.base_url).rstrip("/"))
    by_link = stranger.get(imported["failures_url"])
    assert lines_of(by_link) == lines_of(by_key)
    told = [(each["line"], each["product_id"], each["pic_name"], each["code"]) for each in lines_of(by_key)]
    assert told == [
        (4, "p", "bad.png", "unsupported_format"), (5, "p", "gone.png", "object_not_found"),
        (6, None, None, "invalid_input"),
    ]  # fmt: skip


def test_links_are_good_for_one_file(imported: dict[str, Any], client: Client) -> None:
    stranger = client(None)
    link = imported["failures_url"]
    for wrong in (
        link.replace("signature=", "signature=0"),
        link.replace("expires=", "expires=9"),
        link.replace(f"tasks/{imported['id']}/", f"tasks/{imported['id'] + 1}/"),
        link.replace("/failures?", "/export?"),
        link.partition("&")[0],
    ):
        answer = stranger.get(wrong)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied"), wrong
    assert stranger.get(link.partition("?")[0]).status_code == 401


def test_links_lead_to_where_the_client_came_from(imported: dict[str, Any], client: Client) -> None:
    headers = {"host": "img.example.com", "x-forwarded-proto": "https"}
    told = client().get(f"/api/v1/tasks/{imported['id']}", headers=headers).json()
    assert told["failures_url"].startswith(f"https://img.example.com/api/v1/tasks/{imported['id']}/failures?expires=")


def test_a_key_of_another_instance_learns_of_no_task(imported: dict[str, Any], client: Client) -> None:
    other = client(Role.ADMIN, "other")
    for method, path in (("GET", ""), ("POST", "/cancel"), ("GET", "/failures"), ("GET", "/export")):
        there = other.request(method, f"/api/v1/tasks/{imported['id']}{path}")
        nowhere = other.request(method, f"/api/v1/tasks/999999{path}")
        assert (there.status_code, there.json()["code"]) == (404, "task_not_found")
        assert there.json()["hint"] == nowhere.json()["hint"]
        assert there.json()["message"].replace(str(imported["id"]), "999999") == nowhere.json()["message"]
    assert other.get(IMPORTS).status_code == 403


def test_an_export_imports_again(imported: dict[str, Any], client: Client, root: Path, app: App) -> None:
    assert imported["status"] == "success"
    writer = client(Role.WRITER)
    task = finished(writer, writer.post(EXPORTS).json())
    assert (task["kind"], task["status"], task["added"], task["failures_url"]) == ("export", "success", 3, None)
    lines = lines_of(writer.get(f"/api/v1/tasks/{task['id']}/export"))
    assert [(each["ProductId"], each["PicName"], each["StrAttr"]) for each in lines] == [
        (f"p{n}", f"{n}.png", "å") for n in range(3)
    ]
    file = client(None).get(task["export_url"])
    assert file.headers["content-disposition"] == 'attachment; filename="increment.meta"'
    assert lines_of(file) == lines
    for number in range(3):
        (root / "photos" / "again").mkdir(exist_ok=True)
        (root / "photos" / "again" / f"{number}.png").write_bytes(
            (root / "photos" / "spring" / f"{number}.png").read_bytes()
        )
    (root / "photos" / "again" / "increment.meta").write_bytes(file.content)
    app.instances.create(InstanceSpec("copy"))
    form = {"connection": "here", "bucket": "photos", "path": "/again"}
    again = finished(writer, writer.post("/api/v1/instances/copy/imports", json=form).json())
    assert (again["status"], again["added"], again["failed"]) == ("success", 3, 0)


def test_readers_see_no_exports(imported: dict[str, Any], client: Client) -> None:
    assert imported["status"] == "success"
    writer, reader = client(Role.WRITER), client(Role.READER)
    task = finished(writer, writer.post(EXPORTS).json())
    for path in ("", "/export"):
        assert reader.get(f"/api/v1/tasks/{task['id']}{path}").status_code == 403
    assert writer.get(EXPORTS).json()["tasks"][0]["id"] == task["id"]


def test_a_rebuild_takes_an_admin(imported: dict[str, Any], client: Client) -> None:
    form = {"connection": "here", "bucket": "photos", "path": "/spring", "rebuild": True}
    assert client(Role.WRITER).post(IMPORTS, json=form).status_code == 403
    admin = client(Role.ADMIN, "shop")
    task = finished(admin, admin.post(IMPORTS, json=form).json())
    assert task.items() >= {"kind": "rebuild", "status": "success", "added": 3, "code": None}.items()
    empty = client().post("/api/v1/instances/other/imports", json=form)
    assert (empty.status_code, empty.json()["code"]) == (409, "instance_empty")
    assert imported["id"] < task["id"]


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"bucket": "empty", "path": "/spring"}, "path_not_found"),
        ({"bucket": "none", "path": "/spring"}, "bucket_not_found"),
        ({"bucket": "photos", "path": "/"}, "meta_file_not_found"),
    ],
)
def test_a_failed_task_says_why(connected: str, client: Client, form: dict[str, str], code: str) -> None:
    writer = client(Role.WRITER)
    task = finished(writer, writer.post(IMPORTS, json={"connection": connected, **form}).json())
    assert (task["status"], task["code"]) == ("fail", code)
    assert task["message"]
    assert client(Role.WRITER).get(f"/api/v1/tasks/{task['id']}/export").json()["code"] == "task_not_found"
    assert client(Role.WRITER).post(f"/api/v1/tasks/{task['id']}/cancel").json()["status"] == "fail"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, "invalid_input"),
        ({"path": "spring"}, "invalid_input"),
        ({"path": "/spring/"}, "invalid_input"),
        ({"path": "/../spring"}, "invalid_input"),
        ({"path": "/spring", "bucket": "../photos"}, "invalid_input"),
        ({"path": "/spring", "callback": "ftp://a.example/"}, "invalid_url"),
        ({"path": "/spring", "callback": "http://a.example:22/"}, "invalid_url"),
        ({"path": "/spring", "callback": "http://user@a.example/"}, "invalid_url"),
        ({"path": "/spring", "rebuild": "yes"}, "invalid_input"),
        ({"path": "/spring", "connection": "none"}, "connection_not_found"),
    ],
)
def test_what_cannot_be_imported_is_refused(connected: str, client: Client, form: dict[str, Any], code: str) -> None:
    answer = client(Role.WRITER).post(IMPORTS, json={"connection": connected, "bucket": "photos", **form})
    assert answer.json()["code"] == code
    assert answer.status_code in {400, 404}


def test_numbers_of_tasks_are_checked(client: Client) -> None:
    api = client()
    for number in ("x", "0", "-1", str(2**63)):
        assert api.get(f"/api/v1/tasks/{number}").json()["code"] == "invalid_input"
    for query in ("num=0", "num=501", "start=-1", f"start={2**31}", "page=1"):
        assert api.get(f"{IMPORTS}?{query}").json()["code"] == "invalid_input"


def test_connections_are_made_checked_and_deleted_without_a_secret_in_sight(client: Client, root: Path) -> None:
    admin = client()
    form = {
        "name": "cloud", "provider": "s3", "endpoint": "http://127.0.0.1:9", "region": "eu", "bucket": "b-1",
        "instances": ["shop"], "access_key_id": "id", "access_key_secret": "s3cr3t", "security_token": "t0k3n",
    }  # fmt: skip
    made = admin.post(CONNECTIONS, json=form)
    assert made.status_code == 201, made.text
    assert made.json().items() >= {"name": "cloud", "credentials": "stored", "access_key_id": "id"}.items()
    assert admin.post(CONNECTIONS, json=form).json()["code"] == "connection_exists"
    shown = admin.get(f"{CONNECTIONS}/cloud")
    listed = admin.get(CONNECTIONS)
    assert shown.json() == made.json()
    assert made.json() in listed.json()["connections"]
    checked = admin.post(f"{CONNECTIONS}/cloud/check", json={"path": "/", "instance": "shop"})
    assert not checked.json()["good"]
    assert checked.json()["checks"][-1]["code"] == "source_unreachable"
    for answer in (made, shown, listed, checked):
        assert "s3cr3t" not in answer.text
        assert "t0k3n" not in answer.text
    assert admin.delete(f"{CONNECTIONS}/cloud").status_code == 204
    assert admin.get(f"{CONNECTIONS}/cloud").json()["code"] == "connection_not_found"
    good = admin.post(CONNECTIONS, json={"name": "spring", "provider": "file", "root": f"{root}/photos"})
    assert good.json()["credentials"] is None
    assert admin.post(f"{CONNECTIONS}/spring/check", json={"path": "/spring"}).json()["good"]


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"provider": "file", "root": "/etc"}, "permission_denied"),
        ({"provider": "file", "root": "relative"}, "invalid_input"),
        ({"provider": "file"}, "invalid_input"),
        ({"provider": "ftp"}, "invalid_input"),
        ({"provider": "s3", "access_key_id": "id"}, "invalid_input"),
        ({"provider": "s3", "access_key_secret": "s"}, "invalid_input"),
        ({"provider": "oss", "role_arn": "arn:aws:iam::1:role/r"}, "invalid_arn"),
        ({"provider": "s3", "instances": ["nowhere"]}, "instance_not_found"),
        ({"name": "a b", "provider": "s3"}, "invalid_name"),
    ],
)
def test_connections_that_cannot_be(client: Client, form: dict[str, Any], code: str) -> None:
    assert client().post(CONNECTIONS, json={"name": "wrong", **form}).json()["code"] == code


def test_a_limited_admin_makes_no_connections(client: Client) -> None:
    assert client(Role.ADMIN, "shop").get(CONNECTIONS).status_code == 403
