"""IncreaseInstance, IncreaseList, DumpMeta and DumpMetaList: their answers typed as the contract types them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.unit.gateway.alibaba.calling import Wire, base64_of

from similis.algorithm import Pipeline
from similis.domain import (
    Connection,
    Credentials,
    ImportSource,
    InstanceSpec,
    Provider,
    Role,
    Task,
    TaskKind,
)
from similis.service import App, Settings

GOOD = {"InstanceName": "shop", "BucketName": "photos", "Path": "/spring"}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, draw: Callable[..., bytes]) -> Path:
    root = tmp_path_factory.mktemp("storage")
    (root / "photos" / "spring").mkdir(parents=True)
    (root / "photos" / "spring" / "0.png").write_bytes(draw(0))
    (root / "photos" / "spring" / "bad.png").write_bytes(b"no picture")
    names = ("0.png", "bad.png", "gone.png")
    lines = [json.dumps({"OperationType": "ADD", "ProductId": "p", "PicName": name}) for name in names]
    (root / "photos" / "spring" / "increment.meta").write_text("\n".join([*lines, "{}"]))
    return root


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, pipeline: Pipeline, root: Path) -> Iterator[App]:
    with App.open(Settings(data=tmp_path_factory.mktemp("wire") / "data", threads=1), pipeline) as app:
        for name in ("shop", "busy", "others"):
            app.instances.create(InstanceSpec(name))
        app.connections.create(Connection("here", Provider.FILE, root=str(root)), operator=True)
        far = Connection("away", Provider.S3, "http://127.0.0.1:9", "eu", "far", instances=("busy",))
        app.connections.create(far, Credentials("id", "secret"))  # nobody answers there, so imports wait
        yield app


@pytest.fixture(scope="module")
def increased(wire: Wire) -> dict[str, Any]:
    """A finished import as IncreaseList shows it."""
    begun = wire("IncreaseInstance", **GOOD)
    assert begun["Success"] is True
    assert begun["Data"]["IncrementStatus"] == "PROCESSING"
    assert isinstance(begun["Data"]["Id"], str)
    return finished(wire, "IncreaseList", begun["Data"]["Id"])


def finished(wire: Wire, action: str, number: str, name: str = "shop") -> dict[str, Any]:
    """A task once it has ended."""
    until = time.monotonic() + 120
    while True:
        data = wire(action, InstanceName=name, Id=number)["Data"]
        [entry] = data["Increments"]["Instance"] if "Increments" in data else data["DumpMetaList"]
        if entry["Status"] != "PROCESSING":
            ended: dict[str, Any] = entry
            return ended
        assert entry["Code"] == "0"
        assert time.monotonic() < until
        time.sleep(0.1)


def test_an_import_is_listed_with_the_types_of_the_contract(increased: dict[str, Any]) -> None:
    created, modified, link = (increased.pop(name) for name in ("UtcCreate", "UtcModified", "ErrorUrl"))
    assert increased == {
        "Id": 1, "BucketName": "photos", "Path": "/spring", "Status": "SUCCESS", "Code": "0", "Msg": "success",
    }  # fmt: skip
    assert isinstance(created, str)
    assert isinstance(modified, int)
    assert int(created) <= modified <= 1000 * time.time()
    assert "/_tasks/1/errors?expires=" in link
    increased |= {"UtcCreate": created, "UtcModified": modified, "ErrorUrl": link}


def test_the_error_file_speaks_the_words_of_the_protocol(increased: dict[str, Any]) -> None:
    answer = httpx.get(increased["ErrorUrl"])
    assert answer.status_code == 200
    lines = [json.loads(line) for line in answer.content.splitlines()]
    assert [tuple(each) for each in lines] == [("line", "ProductId", "PicName", "Code", "Message")] * 3
    assert [(each["line"], each["PicName"], each["Code"]) for each in lines] == [
        (2, "bad.png", "UnsupportedPicFormat"), (3, "gone.png", "NoSuchKey"), (4, None, "BadRequest"),
    ]  # fmt: skip
    for wrong in ("", "?expires=1&signature=0", "?expires=99999999999&signature="):
        assert httpx.get(increased["ErrorUrl"].partition("?")[0] + wrong).status_code == 403
    assert httpx.get(
        increased["ErrorUrl"].replace("/_tasks/", "/api/v1/tasks/").replace("errors", "failures")
    ).is_error


def test_lists_are_paged_and_filtered(increased: dict[str, Any], wire: Wire) -> None:
    def listed(**parameters: str | int) -> list[int]:
        data = wire("IncreaseList", InstanceName="shop", **parameters)["Data"]
        assert data["PageNumber"] == parameters.get("PageNumber", 1)
        assert data["PageSize"] == parameters.get("PageSize", 10)
        assert data["TotalCount"] >= len(data["Increments"]["Instance"])
        return [each["Id"] for each in data["Increments"]["Instance"]]

    again = int(wire("IncreaseInstance", **GOOD)["Data"]["Id"])
    finished(wire, "IncreaseList", str(again))
    first = increased["Id"]
    assert listed() == [again, first]
    assert listed(PageNumber=2, PageSize=1) == [first]
    assert listed(PageNumber=3, PageSize=1) == []
    assert listed(PageSize=500, BucketName="photos", Path="/spring") == [again, first]
    assert listed(BucketName="photos", PageNumber=2, PageSize=1) == [first]
    assert listed(BucketName="others") == listed(Path="/") == listed(Id=999) == []
    others = wire("IncreaseList", InstanceName="others", Id=first)["Data"]
    assert (others["Increments"]["Instance"], others["TotalCount"]) == ([], 0)


def test_an_import_from_the_own_bucket_of_a_connection_is_listed_with_it(wire: Wire, app: App, root: Path) -> None:
    app.instances.create(InstanceSpec("own"))
    own = Connection("own", Provider.FILE, root=str(root), bucket="photos", instances=("own",))
    app.connections.create(own, operator=True)
    task = app.transfers.start_import("own", ImportSource("own", None, "/spring"))
    assert finished(wire, "IncreaseList", str(task.id), "own")["BucketName"] == "photos"
    for bucket, found in (("photos", [task.id]), ("other", []), ("", [task.id])):
        listed = wire("IncreaseList", InstanceName="own", BucketName=bucket)["Data"]["Increments"]["Instance"]
        assert [each["Id"] for each in listed] == found
    app.connections.delete("own")
    assert wire("IncreaseList", InstanceName="own")["Data"]["Increments"]["Instance"][0]["BucketName"] == ""


@pytest.mark.slow
def test_a_dump_imports_again(increased: dict[str, Any], wire: Wire, root: Path) -> None:
    assert increased["Status"] == "SUCCESS"
    begun = wire("DumpMeta", InstanceName="shop")
    assert begun["Success"] is True
    assert begun["Data"]["DumpMetaStatus"] == "PROCESSING"
    dump = finished(wire, "DumpMetaList", begun["Data"]["Id"])
    assert dump.keys() == {"Id", "Status", "Code", "Msg", "MetaUrl", "UtcCreate", "UtcModified"}
    assert (dump["Id"], dump["Code"]) == (int(begun["Data"]["Id"]), "0")
    content = httpx.get(dump["MetaUrl"]).content
    assert json.loads(content).items() >= {"OperationType": "ADD", "ProductId": "p", "PicName": "0.png"}.items()
    (root / "dumped").mkdir()
    (root / "dumped" / "increment.meta").write_bytes(content)
    (root / "dumped" / "0.png").write_bytes((root / "photos" / "spring" / "0.png").read_bytes())
    again = wire("IncreaseInstance", InstanceName="others", BucketName="dumped", Path="/")["Data"]["Id"]
    assert finished(wire, "IncreaseList", again, "others")["Status"] == "SUCCESS"
    assert wire("Detail", InstanceName="others")["Instance"]["TotalCount"] == 1


def test_one_import_at_a_time(wire: Wire, app: App) -> None:
    far = {"InstanceName": "busy", "BucketName": "far", "Path": "/a"}
    running = wire("IncreaseInstance", **far, CallbackAddress="https://hooks.example/a")["Data"]["Id"]
    status, code, message = wire.refusal("IncreaseInstance", **far)
    assert (status, code) == (409, "Console.IncrementStatusError")
    assert message.startswith("Current Increment status not supported this opreate. ")
    [entry] = wire("IncreaseList", InstanceName="busy")["Data"]["Increments"]["Instance"]
    assert entry["CallbackAddress"] == "https://hooks.example/a"
    assert (entry["Status"], entry["Code"]) == ("PROCESSING", "0")
    assert "ErrorUrl" not in entry
    app.transfers.cancel(int(running))
    ended = finished(wire, "IncreaseList", running, "busy")
    assert (ended["Status"], ended["Code"]) == ("FAIL", "TaskCancelled")
    assert ended["Msg"]


def test_one_dump_at_a_time(wire: Wire, app: App) -> None:
    running = _held_export(app)
    status, code, message = wire.refusal("DumpMeta", InstanceName="busy")
    assert (status, code) == (409, "Console.TaskAlreadyExist")
    assert message.startswith("A task that is in progress already exists. ")
    [entry] = wire("DumpMetaList", InstanceName="busy", Id=running.id)["Data"]["DumpMetaList"]
    assert (entry["Status"], entry["Msg"], "MetaUrl" in entry) == ("PROCESSING", "", False)


def _held_export(app: App) -> Task:
    """An export that somebody else seems to work on."""
    instance = app.instances.get("busy")
    while True:
        task = app._catalogue.tasks.create(instance, TaskKind.EXPORT)
        now = datetime.now(UTC)
        if app._catalogue.tasks.claim(task.id, "another", now + timedelta(minutes=5), now) is not None:
            return task
        app.transfers.run(task.id)  # the service's own threads were quicker


def test_an_instance_that_is_rebuilt_takes_no_pictures(
    increased: dict[str, Any], wire: Wire, app: App, draw: Callable[..., bytes]
) -> None:
    assert increased["Status"] == "SUCCESS"
    app.instances.create(InstanceSpec("anew"))
    form = {"InstanceName": "anew", "ProductId": "p", "PicName": "a", "PicContent": base64_of(draw(1))}
    wire("AddImage", **form)
    gone = Connection("gone", Provider.S3, "http://127.0.0.1:9", "eu", "gone")
    app.connections.create(gone, Credentials("id", "secret"))
    task = app.transfers.start_import("anew", ImportSource("gone", None, "/"), rebuild=True)
    assert wire.refusal("AddImage", **form)[:2] == (400, "InstanceStatusError")
    again = {"InstanceName": "anew", "BucketName": "gone", "Path": "/"}
    assert wire.refusal("IncreaseInstance", **again)[:2] == (409, "Console.IncrementStatusError")
    app.transfers.cancel(task.id)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"BucketName": ""}, "Give BucketName."),
        ({"Path": ""}, "Give Path."),
        ({"Path": "spring"}, "The path is 'spring'."),
        ({"Path": "/spring/"}, "The path is '/spring/'."),
        ({"Path": "/../x"}, "The path is '/../x'."),
        ({"BucketName": "../photos"}, "Nothing is known of a bucket '../photos'"),
        ({"BucketName": "nobodys"}, "Nothing is known of a bucket 'nobodys'"),
        ({"BucketName": "far"}, "Nothing is known of a bucket 'far'"),
        ({"CallbackAddress": "hooks.example"}, "Only http and https URLs"),
        ({"CallbackAddress": "file:///etc/passwd"}, "Only http and https URLs"),
    ],
)
def test_imports_that_cannot_be(wire: Wire, changes: dict[str, str], what: str) -> None:
    status, code, message = wire.refusal("IncreaseInstance", **{**GOOD, **changes})
    assert (status, code) == (400, "Console.BadRequest")
    assert message.startswith(f"The request has invalid parameters. {what}")


@pytest.mark.parametrize("action", ["IncreaseList", "DumpMetaList"])
@pytest.mark.parametrize(
    "page", [{"PageNumber": "0"}, {"PageNumber": "x"}, {"PageSize": "501"}, {"PageSize": "0"}, {"Id": "x"},
             {"Id": "-1"}, {"Id": "9" * 30}]
)  # fmt: skip
def test_pages_that_cannot_be(wire: Wire, action: str, page: dict[str, str]) -> None:
    answer = wire.call(action, {"InstanceName": "shop", **page})
    if page == {"Id": "-1"}:
        assert answer.json()["Data"]["TotalCount"] == 0
    else:
        assert (answer.status_code, answer.json()["Code"]) == (400, "Console.BadRequest")


@pytest.mark.parametrize("action", ["IncreaseInstance", "IncreaseList", "DumpMeta", "DumpMetaList"])
def test_instances_and_roles(connect: Callable[..., Wire], wire: Wire, action: str) -> None:
    assert wire.refusal(action, **{**GOOD, "InstanceName": "no"})[:2] == (400, "Console.InstanceNotFound")
    assert wire.refusal(action)[:2] == (400, "MissingInstanceName")
    assert connect(Role.WRITER, "others").refusal(action, **GOOD)[:2] == (403, "Console.NoPermission")
    reader = connect(Role.READER)
    if action == "IncreaseList":
        assert reader(action, InstanceName="shop")["Data"]
    else:
        assert reader.refusal(action, **GOOD)[:2] == (403, "Console.NoPermission")


def test_failed_imports_have_the_codes_of_the_contract(wire: Wire) -> None:
    for changes, code in (({"Path": "/autumn"}, "NoSuchPath"), ({"Path": "/"}, "MetaNotFound")):
        number = wire("IncreaseInstance", **{**GOOD, **changes})["Data"]["Id"]
        ended = finished(wire, "IncreaseList", number)
        assert (ended["Status"], ended["Code"]) == ("FAIL", code)
