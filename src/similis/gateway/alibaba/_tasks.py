"""The actions of 2020-12-14 that begin imports and exports, and list them."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime

from similis.domain import ConnectionNotFound, ImportSource, JsonObject, Task, TaskKind, TaskStatus
from similis.gateway._audit import audit_entry
from similis.gateway._origin import origin_of
from similis.gateway.alibaba._call import Call
from similis.gateway.alibaba._errors import Refused
from similis.gateway.alibaba._task_codes import code_of_task
from similis.service import App

IMPORTS = (TaskKind.IMPORT, TaskKind.REBUILD)
ERRORS = "errors"
"""The purpose of links to what failed, in the protocol's own words."""

_MAX_PAGE = 500
_PROCESSING = "PROCESSING"


def increase_instance(call: Call) -> JsonObject:
    """IncreaseInstance: begin to import; the connection is found by the bucket."""
    parameters = call.parameters
    name, bucket = parameters.instance_name(), parameters.required("BucketName", "BadRequest")
    path, callback = parameters.required("Path", "BadRequest"), parameters.text("CallbackAddress")
    connection = call.app.transfers.connection_for(name, bucket)
    if connection is None:
        raise Refused(
            "BadRequest",
            f"Nothing is known of a bucket {bucket[:80]!r} for this instance. "
            "Have a connection to it made with `similis connection create`.",
        )
    source = ImportSource(connection, bucket, path)
    task = call.app.transfers.start_import(name, source, callback=callback, caller=call.caller, origin=_origin(call))
    audit_entry(call.scope).subject = str(task.id)
    return {"Success": True, "Data": {"Id": str(task.id), "IncrementStatus": _PROCESSING}}


def increase_list(call: Call) -> JsonObject:
    """IncreaseList: imports and rebuilds from storage, the newest first."""
    bucket, path = call.parameters.text("BucketName"), call.parameters.text("Path")
    number, size = _page(call)
    if bucket is None and path is None:
        tasks, total = _listed(call, IMPORTS, number, size)
    else:
        matching = [each for each in _all(call, IMPORTS) if _is_of(call.app, each, bucket, path)]
        tasks, total = matching[(number - 1) * size : number * size], len(matching)
    increments = [increment(call.app, task, _origin(call)) for task in tasks]
    return {"Data": {"Increments": {"Instance": increments}, **_paging(number, size, total)}}


def dump_meta(call: Call) -> JsonObject:
    """DumpMeta: begin an export."""
    task = call.app.transfers.start_export(call.parameters.instance_name(), caller=call.caller, origin=_origin(call))
    audit_entry(call.scope).subject = str(task.id)
    return {"Success": True, "Data": {"Id": str(task.id), "DumpMetaStatus": _PROCESSING}}


def dump_meta_list(call: Call) -> JsonObject:
    """DumpMetaList: exports, the newest first."""
    number, size = _page(call)
    tasks, total = _listed(call, (TaskKind.EXPORT,), number, size)
    dumps = [_dump(call.app, task, _origin(call)) for task in tasks]
    return {"Data": {"DumpMetaList": dumps, **_paging(number, size, total)}}


def increment(app: App, task: Task, origin: str) -> JsonObject:
    """An import as IncreaseList shows it, and as callbacks tell of it; absent fields are left out.

    Args:
        app: the service.
        task: the import.
        origin: address of this service, for the link to what failed.
    """
    source = task.source or ImportSource("", "", "")
    failed = f"{origin}/_tasks/{task.id}/errors?{_link(app, task, ERRORS)}" if task.counts.failed else None
    return _present(
        {
            **_told(task),
            "BucketName": _bucket(app, source),
            "Path": source.path,
            "CallbackAddress": task.callback,
            "ErrorUrl": failed,
        }
    )


def _dump(app: App, task: Task, origin: str) -> JsonObject:
    finished = task.status is TaskStatus.SUCCESS
    url = f"{origin}/api/v1/tasks/{task.id}/export?{_link(app, task, 'export')}" if finished else None
    return _present({**_told(task), "MetaUrl": url})


def _told(task: Task) -> JsonObject:
    return {
        "Id": task.id,
        "Status": str(task.status).upper(),
        "Code": code_of_task(task),
        "Msg": task.message or ("success" if task.done else ""),
        "UtcCreate": str(_milliseconds(task.created_at)),
        "UtcModified": _milliseconds(task.updated_at),
    }


def _page(call: Call) -> tuple[int, int]:
    """PageNumber, from 1, and PageSize.

    Raises:
        Refused: `BadRequest`.
    """
    number, size = (call.parameters.integer(name, "BadRequest") for name in ("PageNumber", "PageSize"))
    number, size = 1 if number is None else number, 10 if size is None else size
    if not 1 <= number < 2**31:
        raise Refused("BadRequest", f"PageNumber is {number}. Give 1 or more.")
    if not 1 <= size <= _MAX_PAGE:
        raise Refused("BadRequest", f"PageSize is {size}. Give 1 to {_MAX_PAGE}.")
    return number, size


def _listed(call: Call, kinds: Collection[TaskKind], number: int, size: int) -> tuple[list[Task], int]:
    name, task_id = call.parameters.instance_name(), call.parameters.integer("Id", "BadRequest")
    return call.app.transfers.list(name, kinds, start=(number - 1) * size, num=size, task_id=task_id)


def _all(call: Call, kinds: Collection[TaskKind]) -> list[Task]:
    number, found = 1, list[Task]()
    while True:
        tasks, total = _listed(call, kinds, number, _MAX_PAGE)
        found += tasks
        if not tasks or len(found) >= total:
            return found
        number += 1


def _is_of(app: App, task: Task, bucket: str | None, path: str | None) -> bool:
    source = task.source
    return source is not None and path in {None, source.path} and bucket in {None, _bucket(app, source)}


def _bucket(app: App, source: ImportSource) -> str:
    """The bucket of an import; empty where it was the connection's own and that is gone, or a root itself."""
    if source.bucket is None:
        with suppress(ConnectionNotFound):
            return app.connections.get(source.connection).bucket or ""
    return source.bucket or ""


def _paging(number: int, size: int, total: int) -> JsonObject:
    return {"PageNumber": number, "PageSize": size, "TotalCount": total}


def _origin(call: Call) -> str:
    return origin_of(call.scope, call.request.headers)


def _link(app: App, task: Task, purpose: str) -> str:
    return app.transfers.link(task.id, purpose, datetime.now(UTC))


def _milliseconds(moment: datetime) -> int:
    return int(1000 * moment.timestamp())


def _present(fields: JsonObject) -> JsonObject:
    return {name: value for name, value in fields.items() if value is not None}
