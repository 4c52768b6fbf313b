"""The JSON form of connections and tasks, written and read back; `as_json` of `_json` knows them too."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from similis.domain._connection import Connection, ConnectionCheck, Provider
from similis.domain._json import JsonObject, as_json
from similis.domain._task import ImportSource, Task, TaskCounts, TaskFailure, TaskKind, TaskStatus


@as_json.register
def _(value: Connection) -> JsonObject:
    return {
        "name": value.name,
        "provider": str(value.provider),
        "endpoint": value.endpoint,
        "region": value.region,
        "bucket": value.bucket,
        "root": value.root,
        "role_arn": value.role_arn,
        "instances": list(value.instances),
        "access_key_id": value.access_key_id,
        "credentials": _credentials(value),
        "created_at": None if value.created_at is None else value.created_at.isoformat(),
    }


@as_json.register
def _(value: ConnectionCheck) -> JsonObject:
    return {"step": value.step, "good": value.good, "code": value.code, "message": value.message}


@as_json.register
def _(value: Task) -> JsonObject:
    source, counts = value.source, value.counts
    return {
        "id": value.id,
        "instance": value.instance,
        "kind": str(value.kind),
        "status": str(value.status),
        "connection": None if source is None else source.connection,
        "bucket": None if source is None else source.bucket,
        "path": None if source is None else source.path,
        "callback": value.callback,
        "lines": counts.lines,
        "added": counts.added,
        "replaced": counts.replaced,
        "deleted": counts.deleted,
        "failed": counts.failed,
        "read_bytes": value.read_bytes,
        "total_bytes": value.total_bytes,
        "code": value.code,
        "message": value.message,
        "cancelling": value.cancelling,
        "created_at": value.created_at.isoformat(),
        "updated_at": value.updated_at.isoformat(),
    }


@as_json.register
def _(value: TaskFailure) -> JsonObject:
    return {
        "line": value.line,
        "product_id": value.product_id,
        "pic_name": value.pic_name,
        "code": value.code,
        "message": value.message,
    }


def connection_from_json(form: Mapping[str, Any]) -> Connection:
    """Read a connection."""
    return Connection(
        name=form["name"],
        provider=Provider(form["provider"]),
        endpoint=form["endpoint"],
        region=form["region"],
        bucket=form["bucket"],
        root=form["root"],
        role_arn=form["role_arn"],
        instances=tuple(form["instances"]),
        access_key_id=form["access_key_id"],
        created_at=None if form["created_at"] is None else datetime.fromisoformat(form["created_at"]),
    )


def connection_check_from_json(form: Mapping[str, Any]) -> ConnectionCheck:
    """Read one step of checking a connection."""
    return ConnectionCheck(form["step"], form["good"], form["code"], form["message"])


def task_from_json(form: Mapping[str, Any]) -> Task:
    """Read a task; what else the form has, such as links, is passed over."""
    connection = form["connection"]
    return Task(
        id=form["id"],
        instance=form["instance"],
        kind=TaskKind(form["kind"]),
        status=TaskStatus(form["status"]),
        source=None if connection is None else ImportSource(connection, form["bucket"], form["path"]),
        callback=form["callback"],
        counts=TaskCounts(form["lines"], form["added"], form["replaced"], form["deleted"], form["failed"]),
        read_bytes=form["read_bytes"],
        total_bytes=form["total_bytes"],
        code=form["code"],
        message=form["message"],
        cancelling=form["cancelling"],
        created_at=datetime.fromisoformat(form["created_at"]),
        updated_at=datetime.fromisoformat(form["updated_at"]),
    )


def task_failure_from_json(form: Mapping[str, Any]) -> TaskFailure:
    """Read a line that was not applied."""
    return TaskFailure(form["line"], form["product_id"], form["pic_name"], form["code"], form["message"])


def _credentials(connection: Connection) -> str | None:
    """Where those of a connection come from; None of one that needs none."""
    if connection.provider is Provider.FILE:
        return None
    return "environment" if connection.access_key_id is None else "stored"
