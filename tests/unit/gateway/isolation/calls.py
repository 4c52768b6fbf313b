"""Every call that there is, as somebody makes it who names an instance and what belongs to it.

REST by method and path of the OpenAPI description, the wire by version and action of the dispatcher: a test sees that
none is missing.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import quote

import httpx
from tests.unit.gateway.isolation.world import Actor, Target

from similis.gateway.alibaba import _dispatch


@dataclass(frozen=True, slots=True)
class Request:
    """A request without its credentials; `wire` ones are signed."""

    method: str
    path: str
    options: Mapping[str, Any] = field(default_factory=dict)
    wire: bool = False

    def send(self, http: httpx.Client, actor: Actor) -> httpx.Response:
        if not self.wire:
            headers = {**actor.credentials, **self.options.get("headers", {})}
            return http.request(self.method, self.path, **{**self.options, "headers": headers})
        headers = {**actor.signed_headers, **self.options.get("headers", {})}
        return http.request(self.method, self.path, **{**self.options, "headers": headers}, auth=actor.signer)


Build: TypeAlias = Callable[[Target, bytes], Mapping[str, Any]]


def _key(target: Target) -> dict[str, str]:
    return {"product_id": f"{target.product}-0", "pic_name": target.picture}


def _import(target: Target) -> dict[str, str]:
    return {"connection": target.connection, "bucket": target.bucket, "path": "/in"}


def _nothing(_target: Target, _picture: bytes) -> Mapping[str, Any]:
    return {}


def _connection(target: Target) -> dict[str, object]:
    return {"name": f"{target.connection}-2", "provider": "s3", "bucket": "other", "instances": [target.name]}


_INSTANCE = "/api/v1/instances/{name}"
REST: Mapping[tuple[str, str], tuple[Build, ...]] = {
    ("get", "/api/v1/instances"): (_nothing,),
    ("post", "/api/v1/instances"): (lambda at, _: {"json": {"name": at.name, "type": "generic"}},),
    ("get", _INSTANCE): (_nothing,),
    ("patch", _INSTANCE): (
        lambda _at, _: {"json": {"retention_days": 1}},
        lambda _at, _: {"json": {"qps": 1.5}},
        lambda _at, _: {"json": {"max_body": 100_000}},
        lambda _at, _: {"json": {"capacity": 200_000}},
        lambda at, _: {"json": {"picture_url": f"https://{at.bucket}.example/{{pic_name}}"}},
    ),
    ("delete", _INSTANCE): (_nothing,),
    ("post", _INSTANCE + "/rebuild"): (_nothing,),
    ("post", _INSTANCE + "/move"): (lambda _at, _: {"json": {"index": "faiss"}},),
    ("post", _INSTANCE + "/pictures"): (
        lambda at, picture: {"data": _key(at), "files": {"file": picture}},
        lambda at, picture: {"data": {**_key(at), "on_duplicate": "report"}, "files": {"file": picture}},
    ),
    ("get", _INSTANCE + "/pictures"): (lambda at, _: {"params": _key(at)},),
    ("patch", _INSTANCE + "/pictures"): (lambda at, _: {"params": _key(at), "json": {"str_attr": "changed"}},),
    ("delete", _INSTANCE + "/pictures"): (
        lambda at, _: {"params": {"product_id": f"{at.product}-0"}},
        lambda _at, _: {"params": {"filter": "int_attr>=0"}},
    ),
    ("post", _INSTANCE + "/search"): (
        lambda at, _: {"files": {name: (None, value) for name, value in _key(at).items()}},
        lambda _at, picture: {"files": {"file": picture}},
    ),
    ("post", "/api/v1/filters/check"): (lambda _at, _: {"json": {"expression": "int_attr>=0"}},),
    ("post", "/api/v1/compare"): (lambda _at, picture: {"files": {"first": picture, "second": picture}},),
    ("post", _INSTANCE + "/tuning"): (lambda _at, _: {"json": {"dry_run": True}},),
    ("get", _INSTANCE + "/tuning"): (_nothing,),
    ("delete", _INSTANCE + "/tuning"): (_nothing,),
    ("get", _INSTANCE + "/duplicates"): (_nothing,),
    ("get", "/api/v1/connections"): (_nothing,),
    ("post", "/api/v1/connections"): (lambda at, _: {"json": _connection(at)},),
    ("get", "/api/v1/connections/{connection}"): (_nothing,),
    ("delete", "/api/v1/connections/{connection}"): (_nothing,),
    ("post", "/api/v1/connections/{connection}/check"): (lambda at, _: {"json": {"instance": at.name}},),
    ("post", _INSTANCE + "/imports"): (
        lambda at, _: {"json": _import(at)},
        lambda at, _: {"json": {**_import(at), "rebuild": True}},
    ),
    ("get", _INSTANCE + "/imports"): (_nothing,),
    ("post", _INSTANCE + "/exports"): (_nothing,),
    ("get", _INSTANCE + "/exports"): (_nothing,),
    ("post", _INSTANCE + "/rekey"): (_nothing,),
    ("get", _INSTANCE + "/rekey"): (_nothing,),
    ("get", "/api/v1/tasks/{task_id}"): (_nothing,),
    ("post", "/api/v1/tasks/{task_id}/cancel"): (_nothing,),
    ("get", "/api/v1/tasks/{task_id}/failures"): (
        _nothing,
        lambda _at, _: {"params": {"expires": "99999999999", "signature": "00"}},
    ),
    ("get", "/api/v1/tasks/{task_id}/export"): (
        _nothing,
        lambda _at, _: {"params": {"expires": "99999999999", "signature": "00"}},
    ),
    ("get", "/api/v1/keys"): (_nothing,),
    ("post", "/api/v1/keys"): (
        lambda at, _: {"json": {"role": "reader", "instances": [at.name]}},
        lambda _at, _: {"json": {"role": "reader"}},
    ),
    ("patch", "/api/v1/keys/{identity}"): (
        lambda _at, _: {"json": {"qps": None}},
        lambda _at, _: {"json": {"qps": 5}},
    ),
    ("post", "/api/v1/keys/{identity}/disable"): (_nothing,),
    ("get", "/api/v1/customers/{identity}/export"): (_nothing,),
    ("get", "/api/v1/customers/{identity}"): (_nothing,),
    ("delete", "/api/v1/customers/{identity}"): (_nothing,),
    ("get", "/api/v1/audit"): (lambda at, _: {"params": {"instance": at.name}}, _nothing),
}


def rest(method: str, path: str, target: Target, picture: bytes) -> Iterator[Request]:
    """The requests of one route that name a target, in path and body."""
    kind = "export" if path.endswith("/export") else "import"
    values = {
        "name": target.name,
        "connection": target.connection,
        "identity": target.key_id,
        "task_id": str(target.task(kind)),
    }
    filled = re.sub(r"\{(\w+)\}", lambda found: quote(values[found[1]], safe=""), path)
    for build in REST[method, path]:
        yield Request(method.upper(), filled, build(target, picture))


def _names(target: Target) -> dict[str, str]:
    return {"ProductId": f"{target.product}-0", "PicName": target.picture}


def _content(picture: bytes) -> str:
    return base64.b64encode(picture).decode()


ACTIONS: Mapping[str, tuple[Build, ...]] = {
    "AddImage": (lambda at, picture: {**_names(at), "PicContent": _content(picture)},),
    "CheckImageExists": (lambda at, _: _names(at),),
    "CompareSimilarByImage": (
        lambda _at, picture: {"PrimaryPicContent": _content(picture), "SecondaryPicContent": _content(picture)},
    ),
    "DeleteImage": (
        lambda at, _: {"ProductId": f"{at.product}-0"},
        lambda _at, _: {"IsDeleteByFilter": "true", "Filter": "int_attr>=0"},
    ),
    "Detail": (_nothing,),
    "DumpMeta": (_nothing,),
    "DumpMetaList": (_nothing, lambda at, _: {"Id": str(at.task("export"))}),
    "IncreaseInstance": (lambda at, _: {"BucketName": at.bucket, "Path": "/in"},),
    "IncreaseList": (_nothing, lambda at, _: {"BucketName": at.bucket}, lambda at, _: {"Id": str(at.task("import"))}),
    "SearchImageByFilter": (lambda _at, _: {"Filter": "int_attr>=0"},),
    "SearchImageByName": (lambda at, _: _names(at),),
    "SearchImageByPic": (lambda _at, picture: {"PicContent": _content(picture)},),
    "SearchImageByText": (lambda at, _: {"Text": at.text},),
    "UpdateImage": (lambda at, _: {**_names(at), "StrAttr": "changed"},),
    "AuthorizeFileUpload": (_nothing,),
    "SearchImage": (
        lambda _at, picture: {"Type": "SearchByPic", "PicContent": _content(picture)},
        lambda at, _: {"Type": "SearchByName", **_names(at)},
    ),
    "AddItem": (lambda at, picture: {"item_id": f"{at.product}-0", "cat_id": "0", **_listed(at, picture)},),
    "SearchItem": (lambda at, picture: {**_listed(at, picture)},),
    "DeleteItem": (lambda at, _: {"item_id": f"{at.product}-0"},),
}
"""By action: its parameters, but for the name of the instance."""


def _listed(target: Target, picture: bytes) -> dict[str, str]:
    place = base64.b64encode(target.picture.encode()).decode()
    return {"pic_list": place, place: _content(picture)}


WIRE: tuple[tuple[str, str, str], ...] = (
    *((version, name, "/") for version, (_, actions) in _dispatch._RPC.items() for name in actions),
    *((each.versions[0], name, path) for each in _dispatch._ROA for path, name in each.paths.items()),
)
"""Version, action and path of every call of the wire."""


def wire(version: str, action: str, path: str, target: Target, picture: bytes) -> Iterator[Request]:
    """The requests of one action that name a target, its name once in the query and once in the body."""
    headers = {
        "user-agent": "Python/3",
        "x-acs-version": version,
        **({"x-acs-action": action} if path == "/" else {}),
    }
    for build in ACTIONS[action]:
        parameters = build(target, picture)
        if path.startswith("/item/"):
            query = {"instanceName": target.name}
            yield Request("POST", path, {"content": item_body(parameters), "params": query, "headers": headers}, True)
            continue
        named = {"InstanceName": target.name}
        yield Request("POST", path, {"data": {**parameters, **named}, "headers": headers}, True)
        yield Request("POST", path, {"data": {**parameters}, "params": named, "headers": headers}, True)


def item_body(entries: Mapping[str, str]) -> bytes:
    """The `^` body of 2018: where each value begins and ends, then the values."""
    meta, content = [], ""
    for name, value in entries.items():
        meta.append(f"{name},{len(content)},{len(content) + len(value)}")
        content += value
    return f"{'#'.join(meta)}^{content}".encode()
