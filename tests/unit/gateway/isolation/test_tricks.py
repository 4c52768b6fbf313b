"""Ways to name another's things that are not the plain one: none leads there."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from http import client
from urllib.parse import unquote

import httpx
import pytest
from tests.unit.gateway.isolation import calls
from tests.unit.gateway.isolation.calls import Request
from tests.unit.gateway.isolation.conftest import Watch, comparable
from tests.unit.gateway.isolation.world import NOWHERE, Actor, Target, World

from similis.domain import Role

OTHER = "bx7q9zk"
_INSIDE = "/api/v1/instances/{name}/"
_NAMING = [each for each in calls.WIRE if each[1] != "AuthorizeFileUpload"]
ROLES = [f"a {role}" for role in Role]


@pytest.mark.parametrize("name", ROLES)
@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/instances/alpha/../{other}/pictures?product_id={product}&pic_name={picture}",
        "/api/v1/instances/alpha%2F..%2F{other}/pictures?product_id={product}&pic_name={picture}",
        "/api/v1/instances/alpha/%2e%2e/{other}/imports",
        "/api/v1/instances/.%2e/instances/{other}",
        "/api/v1/instances/%62x7q9zk",
        "/api/v1/instances/BX7Q9ZK",
        "/api/v1/instances/{other}%00",
        "/api/v1/instances/{other}%20",
        "/api/v1/instances/{other}/",
        "/api/v1/instances//{other}",
        "/api/v1//instances/{other}",
        "/api/v1/instances/{other};alpha/imports",
        "/api/v1/instances/{other}?name=alpha",
        "/api/v1/instances/alpha?name={other}",
        "/api/v1/instances/alpha%2C{other}/imports",
        "/api/v1/instances/%EF%BD%82x7q9zk",
        "/api/v1/instances/alpha%23/../{other}",
        "http://localhost/api/v1/instances/{other}",
        "/api/v1/tasks/{task}",
        "/api/v1/tasks/%2B{task}",
        "/api/v1/tasks/0{task}",
        "/api/v1/tasks/{task}.0",
        "/api/v1/tasks/{task}/failures?expires=9999999999&signature=",
        "/api/v1/tasks/{task}/export?expires=9999999999&signature=00",
        "/_tasks/{task}/errors?expires=9999999999&signature=00",
        "/_tasks/{task}/errors",
        "/api/v1/instances/alpha/imports?task_id={task}",
    ],
)
def test_paths(world: World, watch: Watch, name: str, path: str) -> None:
    actor, other = world.actors[name], world.targets[OTHER]
    words = {"other": OTHER, "product": f"{other.product}-0", "picture": other.picture}
    words["task"] = str(other.task("import"))
    own = path.startswith("/api/v1/instances/alpha?")  # which may be deleted, but is needed
    for method in ("GET", "PATCH", "POST") if own else ("GET", "PATCH", "POST", "DELETE"):
        with (
            watch.unchanged(actor),
            closing(client.HTTPConnection(world.address.removeprefix("http://"))) as raw,
        ):
            raw.request(method, path.format(**words), body=b"{}", headers=actor.credentials)
            answer = raw.getresponse()
            told = answer.read().decode("utf-8", "replace")
        watch.check(actor, told, unquote(path.format(**words)))
        if answer.status < 400:  # then it was about the own instance
            assert method == "GET"
            assert '"alpha"' in told or "tasks" in json.loads(told)


@pytest.mark.parametrize(("version", "action", "path"), _NAMING)
def test_two_instances_in_one_signed_call(world: World, watch: Watch, version: str, action: str, path: str) -> None:
    """One name in the query and another in the body, or twice in one of them, in both spellings."""
    actor, other = world.actors["a writer"], world.targets[OTHER]
    picture = world.picture if action.startswith("Add") else b"no picture"
    request = next(calls.wire(version, action, path, _inside_alpha(other), picture))
    own, foreign = ("InstanceName", "alpha"), ("InstanceName", OTHER)
    spelt, spelt_own = ("instanceName", OTHER), ("instanceName", "alpha")
    body = request.options.get("data", {})
    for query, form in (
        ([own], [foreign]), ([foreign], [own]), ([spelt], [own]), ([own], [spelt]), ([own, foreign], []),
        ([foreign, own], []), ([], [own, foreign]), ([], [foreign, own]), ([], [spelt, own]),
        ([spelt_own], [foreign]), ([foreign], [spelt_own]), ([], [spelt_own, foreign]), ([spelt_own, foreign], []),
        ([("InstanceName[]", OTHER)], [own]),
    ):  # fmt: skip
        pairs = [*(pair for pair in body.items() if pair[0] != "InstanceName"), *form]
        options = {"headers": request.options["headers"], "params": query}
        if path.startswith("/item/"):
            options["content"] = request.options["content"]
        else:
            options["data"] = _as_form(pairs)
        with watch.unchanged(actor):
            watch.send(actor, Request("POST", path, options, wire=True), known=other.picture)  # added above


def test_headers_name_no_instance(world: World, watch: Watch) -> None:
    actor = world.actors["a writer"]
    headers = {
        "host": f"{OTHER}.example.com",
        "x-instance": OTHER,
        "x-forwarded-host": OTHER,
        "x-original-url": OTHER,
    }
    for path in ("/api/v1/instances", "/api/v1/instances/alpha", "/api/v1/instances/alpha/imports"):
        answer = watch.send(actor, Request("GET", path, {"headers": headers}))
        assert answer.status_code == 200


_KNOWING = [
    (method, _INSIDE + end)
    for method, end in (("get", "pictures"), ("patch", "pictures"), ("post", "imports"), ("post", "search"))
]


@pytest.mark.parametrize(("method", "path"), _KNOWING)
def test_others_words_in_calls_on_an_own_instance(world: World, watch: Watch, method: str, path: str) -> None:
    """What belongs to others is as unknown there as what does not exist."""
    actor, told = world.actors["a admin"], set()
    for target in [*world.foreign(actor), NOWHERE]:
        with watch.unchanged(actor):
            request = next(calls.rest(method, path, _inside_alpha(target), world.picture))
            answer = watch.send(actor, request)
        assert answer.status_code == 404, answer.text
        told.add(comparable(answer, *(target.secrets() - {"alpha"}))[1])
    assert len(told) == 1


def test_lists_show_what_is_reached_and_nothing_else(world: World, http: httpx.Client) -> None:
    for actor in world.actors.values():
        answer = Request("GET", "/api/v1/instances").send(http, actor)
        if answer.status_code == 200:
            assert [each["name"] for each in answer.json()["instances"]] == sorted(actor.reach)


def test_links_lead_to_their_own_file_only(world: World, http: httpx.Client) -> None:
    actor = world.actors["a writer"]
    task, foreign = world.targets["alpha"].task("export"), world.targets[OTHER].task("export")
    link = Request("GET", f"/api/v1/tasks/{task}").send(http, actor).json()["export_url"]
    query = link.partition("?")[2]
    assert http.get(f"/api/v1/tasks/{task}/export?{query}").status_code == 200
    for number, file in ((foreign, "export"), (foreign, "failures"), (task, "failures")):
        assert http.get(f"/api/v1/tasks/{number}/{file}?{query}").status_code == 403
        assert http.get(f"/api/v1/tasks/{number}/{file}?{query}", headers=actor.credentials).status_code == 403
    assert http.get(f"/_tasks/{foreign}/errors?{query}").status_code == 403


def test_figures_and_open_pages_name_nobody(world: World, http: httpx.Client) -> None:
    hidden = {secret for target in world.targets.values() for secret in target.secrets()}
    for path in ("/metrics", "/healthz", "/readyz", "/docs", "/openapi.json", "/console", "/"):
        text = http.get(path).text
        assert not {secret for secret in hidden if secret in text}, path


def test_one_picture_is_never_anothers_upload(world: World, watch: Watch, http: httpx.Client) -> None:
    """Even who has learned the address of an upload cannot use it."""
    owner = Actor("b", world.app.access.create(Role.WRITER, [OTHER], timedelta(hours=1)), (OTHER,))
    authorize = {"user-agent": "Python/3", "x-acs-version": "2019-12-19", "x-acs-action": "AuthorizeFileUpload"}
    form = Request("POST", "/", {"headers": authorize}, wire=True).send(http, owner).json()
    fields = {
        "OSSAccessKeyId": form["AccessKeyId"],
        "policy": form["EncodedPolicy"],
        "Signature": form["Signature"],
        "key": form["ObjectKey"],
    }
    assert http.post("/_oss/b.e/", data=fields, files={"file": world.picture}).status_code == 201
    url = f"http://b.e/{form['ObjectKey']}"
    thief = world.actors["a writer"]
    headers = {"x-acs-version": "2020-12-14", "x-acs-action": "SearchImageByPic"}
    stolen = {"data": {"InstanceName": "alpha", "PicContent": url}, "headers": headers}
    assert watch.send(thief, Request("POST", "/", stolen, wire=True)).json()["Code"] == "InvalidPicUrl"


def _inside_alpha(target: Target) -> Target:
    """A target's things, looked for in the instance `alpha`."""
    return Target(
        "alpha", target.product, target.picture, target.content, target.text, target.region, target.connection,
        target.bucket, target.key_id, target.tasks,
    )  # fmt: skip


def _as_form(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    form: dict[str, list[str]] = {}
    for name, value in pairs:
        form.setdefault(name, []).append(value)
    return form
