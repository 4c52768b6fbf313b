"""The verbs of connections, imports and exports of a running service."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator
from typing import TypeAlias

from similis.cli._transport import Transport
from similis.domain import (
    Connection,
    ConnectionCheck,
    Credentials,
    ImportSource,
    JsonObject,
    PermissionDenied,
    SimilisError,
    Task,
    TaskFailure,
    TaskKind,
    TaskStatus,
    connection_check_from_json,
    connection_from_json,
    error_from_json,
    task_failure_from_json,
    task_from_json,
)

Checks: TypeAlias = list[ConnectionCheck]
Page: TypeAlias = tuple[list[Task], int]
_POLL_SECONDS = 0.5
_PAGE = 500


class RemoteConnections:
    """The verbs of connections."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        connection: Connection,
        credentials: Credentials | None = None,
        *,
        operator: bool = False,  # noqa: ARG002 - over the network nobody is; so that one call does for both
    ) -> Connection:
        """Keep a connection; a directory must be one that the service allows."""
        form = {**_connection_form(connection), **_credentials_form(credentials)}
        return self._transport.call("POST", ("connections",), connection_from_json, json=form)

    def list(self) -> list[Connection]:
        """All connections, by name."""
        return self._transport.call(
            "GET",
            ("connections",),
            lambda answer: [connection_from_json(form) for form in answer["connections"]],
        )

    def get(self, name: str) -> Connection:
        """One connection."""
        return self._transport.call("GET", ("connections", name), connection_from_json)

    def delete(self, name: str) -> Connection:
        """Delete a connection with its credentials, and return what it was."""
        connection = self.get(name)
        self._transport.call("DELETE", ("connections", name), lambda _: None)
        return connection

    def check(
        self, name: str, *, bucket: str | None = None, path: str | None = None, instance: str | None = None
    ) -> Checks:
        """Go through all that an import needs, step by step, up to the first that is not good."""
        return self._transport.call(
            "POST",
            ("connections", name, "check"),
            lambda answer: [connection_check_from_json(form) for form in answer["checks"]],
            json={"bucket": bucket, "path": path, "instance": instance},
            patient=True,
        )


class RemoteTransfers:
    """The verbs of imports, rebuilds from storage and exports; the service works on them."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def start_import(
        self, instance_name: str, source: ImportSource, *, rebuild: bool = False, callback: str | None = None
    ) -> Task:
        """Ask for an import of what increment.meta names, or for a rebuild of the whole instance from it."""
        form = {
            "connection": source.connection,
            "bucket": source.bucket,
            "path": source.path,
            "rebuild": rebuild,
            "callback": callback,
        }
        return self._transport.call("POST", ("instances", instance_name, "imports"), task_from_json, json=form)

    def start_export(self, instance_name: str) -> Task:
        """Ask for an export of the pictures that are there now."""
        return self._transport.call("POST", ("instances", instance_name, "exports"), task_from_json)

    def start_rekey(self, instance_name: str) -> Task:
        """Ask for a new key of an instance."""
        return self._transport.call("POST", ("instances", instance_name, "rekey"), task_from_json)

    def get(self, task_id: int) -> Task:
        """One task."""
        return self._transport.call("GET", ("tasks", str(task_id)), task_from_json)

    def list(
        self, instance_name: str, kinds: Collection[TaskKind] = tuple(TaskKind), *, start: int = 0, num: int = 10
    ) -> Page:
        """The newest tasks of an instance that the key may see, newest first, and how many there are in all.

        Imports and rebuilds are counted together.
        """
        pages = [self._newest(instance_name, folder, start + num) for folder in _folders(kinds)]
        found = [task for tasks, _ in pages for task in tasks if task.kind in kinds]
        newest = sorted(found, key=lambda task: task.id, reverse=True)
        return newest[start : start + num], sum(total for _, total in pages)

    def unfinished(self, instance_name: str, source: ImportSource, *, rebuild: bool) -> Task | None:
        """The import of this very source that has not ended, None where there is none."""
        kind = TaskKind.REBUILD if rebuild else TaskKind.IMPORT
        tasks, _ = self.list(instance_name, [kind], num=1)
        return next((each for each in tasks if not each.done and each.source == source), None)

    def cancel(self, task_id: int) -> Task:
        """Ask a task to stop."""
        return self._transport.call("POST", ("tasks", str(task_id), "cancel"), task_from_json)

    def failures(self, task_id: int) -> Iterator[TaskFailure]:
        """What of a task's lines was not applied, in their order."""
        held = b""
        for chunk in self._transport.stream(("tasks", str(task_id), "failures")):
            *lines, held = (held + chunk).split(b"\n")
            yield from (task_failure_from_json(json.loads(line)) for line in lines)

    def export_lines(self, task_id: int) -> Iterator[bytes]:
        """The file of a finished export, some of it at a time."""
        return self._transport.stream(("tasks", str(task_id), "export"))

    def exported(self, instance_name: str) -> Iterator[bytes]:
        """Lines that add all pictures of an instance again; begins an export and waits for it.

        Raises:
            SimilisError: what the export failed with.
        """
        task = self.start_export(instance_name)
        while not task.done:
            time.sleep(_POLL_SECONDS)
            task = self.get(task.id)
        if task.status is TaskStatus.FAIL:
            raise error_from_json({"code": task.code or SimilisError.code, "message": task.message, "hint": ""})
        yield from self.export_lines(task.id)

    def _newest(self, instance_name: str, folder: str, count: int) -> Page:
        found, total = list[Task](), 0
        while len(found) < count:
            tasks, total = self._page(instance_name, folder, len(found), min(_PAGE, count - len(found)))
            if not tasks:
                break
            found += tasks
        return found, total

    def _page(self, instance_name: str, folder: str, start: int, num: int) -> Page:
        path, query = ("instances", instance_name, folder), {"start": start, "num": num}
        try:
            return self._transport.call("GET", path, _read_page, query=query)
        except PermissionDenied:
            if folder == "imports":
                raise
            return [], 0  # readers see no exports


def _read_page(answer: JsonObject) -> Page:
    return [task_from_json(form) for form in answer["tasks"]], answer["total"]


def _folders(kinds: Collection[TaskKind]) -> list[str]:
    """Where the interface lists tasks of these kinds."""
    folders = ["imports"] if {TaskKind.IMPORT, TaskKind.REBUILD} & set(kinds) else []
    return [
        *folders,
        *(["exports"] if TaskKind.EXPORT in kinds else []),
        *(["rekey"] if TaskKind.REKEY in kinds else []),
    ]


def _connection_form(connection: Connection) -> JsonObject:
    return {
        "name": connection.name,
        "provider": str(connection.provider),
        "endpoint": connection.endpoint,
        "region": connection.region,
        "bucket": connection.bucket,
        "root": connection.root,
        "role_arn": connection.role_arn,
        "instances": list(connection.instances),
    }


def _credentials_form(credentials: Credentials | None) -> JsonObject:
    if credentials is None:
        return {}
    return {
        "access_key_id": credentials.access_key_id,
        "access_key_secret": credentials.access_key_secret,
        "security_token": credentials.security_token,
    }
