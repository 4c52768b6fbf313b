"""Imports and exports, begun and followed with the official SDKs; the files and callbacks that they lead to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.contract.judging import Judge, Received, Served

Draw = Callable[..., bytes]
JUDGES = ["current", "node"]


@pytest.fixture
def judge(request: pytest.FixtureRequest) -> Judge:
    """The SDK that a test is parametrised with."""
    sdk: Judge = request.getfixturevalue(request.param)
    return sdk


@pytest.fixture
def bucket(storage: Path, draw: Draw, request: pytest.FixtureRequest) -> Path:
    """A new bucket whose directory `spring` has three pictures and some bad lines."""
    bucket = storage / f"b{abs(hash(request.node.name)):x}"
    folder = bucket / "spring"
    folder.mkdir(parents=True)
    for number in range(3):
        (folder / f"{number}.png").write_bytes(draw(number))
    (folder / "notes.png").write_bytes(b"no picture")
    names = ("0.png", "1.png", "2.png", "notes.png", "gone.png")
    lines = [{"OperationType": "ADD", "ProductId": "p", "PicName": name, "CategoryId": 3} for name in names]
    (folder / "increment.meta").write_text("".join(f"{json.dumps(line)}\n" for line in lines) + "nonsense\n")
    return bucket


@pytest.fixture
def shop(similis: Served, storage: Path) -> str:
    """A new instance that may import from the storage."""
    form = {"name": "folders", "provider": "file", "root": str(storage)}
    made = similis.operator.post("/api/v1/connections", json=form)
    assert made.status_code in {201, 409}, made.text
    return similis.instance()


def ended(judge: Judge, action: str, name: str, number: int) -> dict[str, Any]:
    """A task as its list shows it once it has ended."""
    until = time.monotonic() + 120
    while True:
        data = judge(action, InstanceName=name, Id=number).body["Data"]
        [entry] = data["Increments"]["Instance"] if "Increments" in data else data["DumpMetaList"]
        if entry["Status"] != "PROCESSING":
            task: dict[str, Any] = entry
            return task
        assert time.monotonic() < until, entry
        time.sleep(0.2)


@pytest.mark.parametrize("judge", JUDGES, indirect=True)
def test_increase_instance(judge: Judge, shop: str, bucket: Path, hooks: Received) -> None:
    begun = judge(
        "IncreaseInstance", InstanceName=shop, BucketName=bucket.name, Path="/spring",
        CallbackAddress=f"{hooks.address}/{bucket.name}",
    ).body  # fmt: skip
    assert begun["Success"] is True
    assert begun["Data"]["IncrementStatus"] == "PROCESSING"
    task = ended(judge, "IncreaseList", shop, int(begun["Data"]["Id"]))
    assert {**task, "UtcCreate": "", "UtcModified": 0, "ErrorUrl": ""} == {
        "Id": int(begun["Data"]["Id"]), "BucketName": bucket.name, "Path": "/spring",
        "CallbackAddress": f"{hooks.address}/{bucket.name}", "Status": "SUCCESS", "Code": "0", "Msg": "success",
        "ErrorUrl": "", "UtcCreate": "", "UtcModified": 0,
    }  # fmt: skip
    assert int(task["UtcCreate"]) <= task["UtcModified"]
    errors = [json.loads(line) for line in httpx.get(task["ErrorUrl"]).raise_for_status().content.splitlines()]
    assert [(each["line"], each["PicName"], each["Code"]) for each in errors] == [
        (4, "notes.png", "UnsupportedPicFormat"), (5, "gone.png", "NoSuchKey"), (6, None, "BadRequest"),
    ]  # fmt: skip
    assert judge("Detail", InstanceName=shop).body["Instance"]["TotalCount"] == 3
    told = hooks.wait_for(f"/{bucket.name}")
    assert {**json.loads(told.content), "ErrorUrl": ""} == {**task, "ErrorUrl": ""}
    check_signature(told.headers, told.content, judge)


def check_signature(headers: dict[str, str], content: bytes, judge: Judge) -> None:
    """Check a callback as docs/compatibility.md says."""
    client = judge.order["client"]
    secret = client.get("access_key_secret") or client["accessKeySecret"]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + content
    expected = base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


@pytest.mark.parametrize("judge", JUDGES, indirect=True)
def test_increase_list(judge: Judge, shop: str, bucket: Path) -> None:
    first = judge("IncreaseInstance", InstanceName=shop, BucketName=bucket.name, Path="/spring").body["Data"]["Id"]
    assert ended(judge, "IncreaseList", shop, int(first))["Status"] == "SUCCESS"
    second = judge("IncreaseInstance", InstanceName=shop, BucketName=bucket.name, Path="/autumn").body["Data"]["Id"]
    assert ended(judge, "IncreaseList", shop, int(second))["Status"] == "FAIL"
    body = judge(
        "IncreaseList", InstanceName=shop, Id=int(first), BucketName=bucket.name, Path="/spring", PageNumber=1,
        PageSize=500,
    ).body  # fmt: skip
    assert "Success" not in body
    assert (body["Data"]["PageNumber"], body["Data"]["PageSize"], body["Data"]["TotalCount"]) == (1, 500, 1)
    paged = judge("IncreaseList", InstanceName=shop, PageNumber=2, PageSize=1).body["Data"]
    assert ([each["Id"] for each in paged["Increments"]["Instance"]], paged["TotalCount"]) == ([int(first)], 2)


@pytest.mark.parametrize("judge", JUDGES, indirect=True)
def test_dump_meta(judge: Judge, shop: str, bucket: Path, similis: Served) -> None:
    number = judge("IncreaseInstance", InstanceName=shop, BucketName=bucket.name, Path="/spring").body["Data"]["Id"]
    ended(judge, "IncreaseList", shop, int(number))
    begun = judge("DumpMeta", InstanceName=shop).body
    assert (begun["Success"], begun["Data"]["DumpMetaStatus"]) == (True, "PROCESSING")
    dump = ended(judge, "DumpMetaList", shop, int(begun["Data"]["Id"]))
    assert (dump["Status"], dump["Code"], dump["Msg"]) == ("SUCCESS", "0", "success")
    assert int(dump["UtcCreate"]) <= dump["UtcModified"]
    paged = judge("DumpMetaList", InstanceName=shop, PageNumber=1, PageSize=30, Id=dump["Id"]).body["Data"]
    assert (len(paged["DumpMetaList"]), paged["TotalCount"]) == (1, 1)
    (bucket / "spring" / "increment.meta").write_bytes(httpx.get(dump["MetaUrl"]).raise_for_status().content)
    copy = similis.instance()
    again = judge("IncreaseInstance", InstanceName=copy, BucketName=bucket.name, Path="/spring").body["Data"]["Id"]
    task = ended(judge, "IncreaseList", copy, int(again))
    assert (task["Status"], task.get("ErrorUrl")) == ("SUCCESS", None)
    for name in (shop, copy):
        assert judge("Detail", InstanceName=name).body["Instance"]["TotalCount"] == 3


@pytest.mark.parametrize("judge", JUDGES, indirect=True)
def test_one_import_at_a_time(judge: Judge, shop: str, similis: Served) -> None:
    form = {
        "name": f"away-{shop}", "provider": "s3", "endpoint": "http://127.0.0.1:9", "bucket": f"away-{shop}",
        "region": "eu", "access_key_id": "id", "access_key_secret": "secret",
    }  # fmt: skip
    similis.operator.post("/api/v1/connections", json=form).raise_for_status()
    away: dict[str, Any] = {"InstanceName": shop, "BucketName": f"away-{shop}", "Path": "/"}
    begun = judge("IncreaseInstance", **away).body["Data"]["Id"]  # nobody answers there, so it waits
    error = judge("IncreaseInstance", **away).error
    assert (error["code"], error["status"]) == ("Console.IncrementStatusError", 409)
    similis.operator.post(f"/api/v1/tasks/{begun}/cancel").raise_for_status()
    assert ended(judge, "IncreaseList", shop, int(begun))["Code"] == "TaskCancelled"


@pytest.mark.parametrize(("path", "code"), [("/autumn", "NoSuchPath"), ("/", "MetaNotFound")])
def test_imports_that_fail(current: Judge, shop: str, bucket: Path, path: str, code: str) -> None:
    begun = current("IncreaseInstance", InstanceName=shop, BucketName=bucket.name, Path=path).body["Data"]["Id"]
    task = ended(current, "IncreaseList", shop, int(begun))
    assert (task["Status"], task["Code"]) == ("FAIL", code)
    assert task["Msg"]


@pytest.mark.parametrize(
    "wrong",
    [{"Path": "spring"}, {"Path": "/spring/"}, {"BucketName": "nobodys"}, {"CallbackAddress": "ftp://a.example/"}],
    ids=str,
)
def test_imports_that_cannot_be(current: Judge, shop: str, bucket: Path, wrong: dict[str, str]) -> None:
    form: dict[str, Any] = {"InstanceName": shop, "BucketName": bucket.name, "Path": "/spring", **wrong}
    error = current("IncreaseInstance", **form).error
    assert (error["code"], error["status"]) == ("Console.BadRequest", 400)
