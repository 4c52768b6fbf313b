"""Routes of imports, rebuilds, exports and changes of key: they begin a task, which then goes on by itself."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from similis.domain import JsonObject, Role, Task, TaskKind, TaskStatus, as_json
from similis.gateway._download import JSON_LINES, download, json_line
from similis.gateway._quotas import check_import
from similis.gateway.rest._caller import Admin, Audited, Origin, Reader, Service, Writer, require
from similis.gateway.rest._input import Json, body_schema
from similis.gateway.rest._task_access import (
    EXPORT,
    FAILURES,
    ExportTask,
    FailuresTask,
    VisibleTask,
    WritableTask,
    signed_path,
)
from similis.gateway.rest._transfer_answers import TaskAnswer, TasksAnswer
from similis.gateway.rest._transfer_forms import ImportForm, TasksQuery
from similis.service import App

router = APIRouter(prefix="/api/v1", tags=["imports and exports"])
_FILE: dict[int | str, dict[str, Any]] = {200: {"description": "One JSON object a line", "content": {JSON_LINES: {}}}}


@router.post(
    "/instances/{name}/imports",
    status_code=202,
    response_model=TaskAnswer,
    openapi_extra=body_schema("application/json", ImportForm),
)
def start_import(
    name: str,
    caller: Writer,
    service: Service,
    origin: Origin,
    audited: Audited,
    form: Annotated[ImportForm, Depends(Json(ImportForm))],
) -> JsonObject:
    """Begin to import what increment.meta of a directory names. Role: writer; to rebuild the instance, admin."""
    check_import(caller)
    if form.rebuild:
        require(caller, Role.ADMIN, name)
    task = service.transfers.start_import(
        name, form.source(), rebuild=form.rebuild, callback=form.callback, caller=caller.id, origin=origin
    )
    audited.subject = str(task.id)
    return _answer(service, task, origin)


@router.get("/instances/{name}/imports", response_model=TasksAnswer)
def list_imports(
    name: str, _caller: Reader, service: Service, origin: Origin, query: Annotated[TasksQuery, Query()]
) -> JsonObject:
    """The imports and rebuilds of an instance, the newest first. Role: reader."""
    return _page(service, name, (TaskKind.IMPORT, TaskKind.REBUILD), query, origin)


@router.post("/instances/{name}/exports", status_code=202, response_model=TaskAnswer)
def start_export(name: str, caller: Writer, service: Service, origin: Origin, audited: Audited) -> JsonObject:
    """Begin to write all that is known of pictures, but for features, as increment.meta. Role: writer."""
    task = service.transfers.start_export(name, caller=caller.id, origin=origin)
    audited.subject = str(task.id)
    return _answer(service, task, origin)


@router.get("/instances/{name}/exports", response_model=TasksAnswer)
def list_exports(
    name: str, _caller: Writer, service: Service, origin: Origin, query: Annotated[TasksQuery, Query()]
) -> JsonObject:
    """The exports of an instance, the newest first. Role: writer."""
    return _page(service, name, (TaskKind.EXPORT,), query, origin)


@router.post("/instances/{name}/rekey", status_code=202, response_model=TaskAnswer)
def start_rekey(name: str, caller: Admin, service: Service, origin: Origin, audited: Audited) -> JsonObject:
    """Begin to give an instance a new key, without its pictures; it takes no changes meanwhile. Role: admin."""
    task = service.transfers.start_rekey(name, caller=caller.id)
    audited.subject = str(task.id)
    return _answer(service, task, origin)


@router.get("/instances/{name}/rekey", response_model=TasksAnswer)
def list_rekeys(
    name: str, _caller: Reader, service: Service, origin: Origin, query: Annotated[TasksQuery, Query()]
) -> JsonObject:
    """The changes of an instance's key, the newest first. Role: reader."""
    return _page(service, name, (TaskKind.REKEY,), query, origin)


@router.get("/tasks/{task_id}", response_model=TaskAnswer)
def show_task(task: VisibleTask, service: Service, origin: Origin) -> JsonObject:
    """One task as it stands. Role: reader, for an export writer."""
    return _answer(service, task, origin)


@router.post("/tasks/{task_id}/cancel", response_model=TaskAnswer)
def cancel_task(task: WritableTask, service: Service, origin: Origin) -> JsonObject:
    """Stop a task behind what it has applied; a rebuild then leaves the instance as it was. Role: writer."""
    return _answer(service, service.transfers.cancel(task.id), origin)


@router.get("/tasks/{task_id}/failures", response_class=Response, responses=_FILE)
def download_failures(task: FailuresTask, service: Service) -> Response:
    """Every line that was not applied, with the reason, as JSON lines. Role: reader; or a signed link."""
    lines = (json_line(as_json(each)) for each in service.transfers.failures(task.id))
    return download(lines, f"task-{task.id}-failures.jsonl")


@router.get("/tasks/{task_id}/export", response_class=Response, responses=_FILE)
def download_export(task: ExportTask, service: Service) -> Response:
    """The file of a finished export, which imports again. Role: writer; or a signed link."""
    return download(service.transfers.export_lines(task.id), "increment.meta")


def _page(service: App, name: str, kinds: Collection[TaskKind], query: TasksQuery, origin: str) -> JsonObject:
    tasks, total = service.transfers.list(name, kinds, start=query.start, num=query.num)
    return {"tasks": [_answer(service, task, origin) for task in tasks], "total": total}


def _answer(service: App, task: Task, origin: str) -> JsonObject:
    finished = task.kind is TaskKind.EXPORT and task.status is TaskStatus.SUCCESS
    return {
        **as_json(task),
        "failures_url": origin + signed_path(service, task, FAILURES) if task.counts.failed else None,
        "export_url": origin + signed_path(service, task, EXPORT) if finished else None,
    }
