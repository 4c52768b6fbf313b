"""The classic SDK of 2019-03-25, `aliyun-python-sdk-imagesearch` 2.0.0.

An order: `action`, `parameters` (by their names on the wire), `client` (`endpoint`, `id`, `secret`, `token`).
"""

from __future__ import annotations

import importlib
import json
from typing import Any

from aliyunsdkcore.auth.credentials import StsTokenCredential
from aliyunsdkcore.client import AcsClient

PATIENCE = 60
"""Seconds: the machine may be busy."""


def carry_out(order: dict[str, Any]) -> dict[str, Any]:
    """Make the call; the answer has the `body`."""
    action = order["action"]
    request = getattr(
        importlib.import_module(f"aliyunsdkimagesearch.request.v20190325.{action}Request"), f"{action}Request"
    )()
    for name, value in order["parameters"].items():
        getattr(request, f"set_{name}")(value)
    return send(request, order["client"])


def send(request: Any, client: dict[str, str]) -> dict[str, Any]:
    """Send a request that is ready, and take its answer apart."""
    request.set_endpoint(client["endpoint"])
    request.set_protocol_type("http")
    return {"body": json.loads(_acs_client(client).do_action_with_exception(request))}


def _acs_client(client: dict[str, str]) -> Any:
    if "token" not in client:
        return AcsClient(client["id"], client["secret"], "cn-shanghai", timeout=PATIENCE)
    credential = StsTokenCredential(client["id"], client["secret"], client["token"])
    return AcsClient(region_id="cn-shanghai", credential=credential, timeout=PATIENCE)
