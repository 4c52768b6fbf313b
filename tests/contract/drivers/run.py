"""Runs in a judge's environment: reads orders from stdin, one a line, and carries them out with an official SDK."""

from __future__ import annotations

import importlib
import json
import logging
import sys
from typing import Any

FIELDS = {
    "code": ("code", "error_code"),
    "message": ("message",),
    "status": ("status_code", "statusCode", "http_status"),
    "request_id": ("request_id",),
    "data": ("data",),
    "denied": ("access_denied_detail", "accessDeniedDetail"),
}
"""What the SDKs call the parts of an error."""


def _described(error: Exception) -> dict[str, Any]:
    described: dict[str, Any] = {"type": type(error).__name__, "text": str(error)}
    for name, spellings in FIELDS.items():
        values = [getattr(error, spelling, None) for spelling in spellings]
        described[name] = next((value for value in values if isinstance(value, (str, int, dict))), None)
    return described


def _answer(order: dict[str, Any]) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = carry_out(order)
    except Exception as error:  # whatever a user of the SDK would see is what the test wants to see
        return {"error": _described(error)}
    return answer


carry_out = importlib.import_module(sys.argv[1]).carry_out
logging.disable()
for line in sys.stdin:
    sys.stdout.write(json.dumps(_answer(json.loads(line))) + "\n")
    sys.stdout.flush()
