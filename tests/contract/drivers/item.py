"""The SDK of 2018-01-20, `aliyun-python-sdk-imagesearch` 1.0.1, as Python 2 ran it.

Its source runs unchanged but for strings: in Python 2 a string was bytes, and Base64 took and gave it. Here a string
holds one byte a character (latin-1), and the modules' `base64` is one that works on such strings.

An order: `action`, `setters` (method → argument), `pictures` (list of [name, Base64 or null]), `client`.
"""

from __future__ import annotations

import base64
import importlib
from types import SimpleNamespace
from typing import Any

PYTHON2_BASE64 = SimpleNamespace(b64encode=lambda text: base64.b64encode(text.encode("latin-1")).decode("ascii"))


def carry_out(order: dict[str, Any]) -> dict[str, Any]:
    """Build the `^` body with the SDK and send it; `built` is false where the SDK refused to build it."""
    action = order["action"]
    module: Any = importlib.import_module(f"aliyunsdkimagesearch.request.v20180120.{action}Request")
    module.base64 = PYTHON2_BASE64
    request = getattr(module, f"{action}Request")()
    for name, value in order["setters"].items():
        getattr(request, name)(_python2(value) if isinstance(value, str) else value)
    for name, content in order.get("pictures", ()):
        _add(request, name, content)
    built = request.build_post_content()
    if not built:
        return {"built": False}
    body = request.get_content().encode("latin-1")
    request.set_content(body)
    sent = importlib.import_module("classic").send(request, order["client"])
    return {"built": True, "content": base64.b64encode(body).decode("ascii"), **sent}


def _add(request: Any, name: str, content: str | None) -> None:
    if content is None:
        request.add_picture(_python2(name))
    elif hasattr(request, "set_search_picture"):
        request.set_search_picture(base64.b64decode(content).decode("latin-1"))
    else:
        request.add_picture(_python2(name), base64.b64decode(content).decode("latin-1"))


def _python2(text: str) -> str:
    return text.encode("utf-8").decode("latin-1")
