"""The generated Python SDKs (Tea, darabonba): alibabacloud_imagesearch20201214, …20200212, …20190325.

An order: `version`, `action`, `parameters` (by their names on the wire), `pictures` (name → Base64; sent by the
upload flow), `client` (fields of the SDK's `Config`), `runtime` (fields of its `RuntimeOptions`), `upload` (host and
port that the client asks for uploads instead of openplatform.aliyuncs.com), `asynchronous`.
"""

from __future__ import annotations

import asyncio
import base64
import importlib
import inspect
import io
import re
from typing import Any

from alibabacloud_tea_util.models import RuntimeOptions

PATIENCE = {"read_timeout": 60_000, "connect_timeout": 60_000}
"""Milliseconds: the machine may be busy."""


def carry_out(order: dict[str, Any]) -> dict[str, Any]:
    """Make the call; the answer has the `body` as the SDK's own models understood it."""
    package = f"alibabacloud_imagesearch{order['version']}"
    response = _call(_client(package, order), package, order)
    body = getattr(response, "body", response)  # the SDK of 2020-02-12 has no response around the body
    return {"body": body.to_map()}


def _client(package: str, order: dict[str, Any]) -> Any:
    fields = {"protocol": "HTTP", "region_id": "cn-shanghai", **PATIENCE, **order["client"]}
    config = importlib.import_module(
        "alibabacloud_tea_rpc.models" if order["version"] == "20200212" else "alibabacloud_tea_openapi.models"
    ).Config(**fields)
    client = importlib.import_module(f"{package}.client").Client(config)
    if order.get("upload"):
        client._open_platform_endpoint = order["upload"]
    return client


def _call(client: Any, package: str, order: dict[str, Any]) -> Any:
    pictures = {_snake(name): base64.b64decode(content) for name, content in order.get("pictures", {}).items()}
    models = importlib.import_module(f"{package}.models")
    request = getattr(models, order["action"] + ("AdvanceRequest" if pictures else "Request"))()
    request.from_map(order["parameters"])
    for name, content in pictures.items():
        setattr(request, f"{name}_object", io.BytesIO(content))
    runtime = RuntimeOptions(**order.get("runtime", {}))
    awaited = "_async" if order.get("asynchronous") else ""
    form = "_advance" if pictures else "" if order["version"] == "20200212" else "_with_options"
    verb = getattr(client, f"{_snake(order['action'])}{form}{awaited}")
    arguments = {"request": request, "runtime": runtime, "headers": {}}
    wanted = [arguments[name] for name in inspect.signature(verb).parameters if name in arguments]
    return asyncio.run(verb(*wanted)) if awaited else verb(*wanted)


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
