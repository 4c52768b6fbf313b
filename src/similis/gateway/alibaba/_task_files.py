"""The file behind `ErrorUrl`: every line that was not applied, in the protocol's own words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from similis.domain import JsonObject, TaskFailure
from similis.gateway._audit import linked
from similis.gateway._download import download, json_line
from similis.gateway.alibaba._task_codes import code_named
from similis.gateway.alibaba._tasks import ERRORS
from similis.service import App

router = APIRouter(include_in_schema=False)


@router.get("/_tasks/{task_id}/errors")
def download_errors(
    request: Request, task_id: Annotated[int, Path(ge=1, lt=2**63)], expires: str = "", signature: str = ""
) -> Response:
    """The file, for whoever has a signed link to it."""
    app: App = request.app.state.service
    app.transfers.check_link(task_id, ERRORS, expires, signature, datetime.now(UTC))
    task = app.transfers.get(task_id)
    linked(request.scope, task)
    request.app.state.quotas.charge_instance(None, task.instance)
    lines = (json_line(_form(each)) for each in app.transfers.failures(task_id))
    return download(lines, f"task-{task_id}-errors.jsonl")


def _form(failure: TaskFailure) -> JsonObject:
    return {
        "line": failure.line,
        "ProductId": failure.product_id,
        "PicName": failure.pic_name,
        "Code": code_named(failure.code),
        "Message": failure.message,
    }
