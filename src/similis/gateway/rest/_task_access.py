"""Who may see a task: keys that reach its instance, and for its files also who has a signed link."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Path, Query, Request

from similis.domain import AccessKey, Role, Task, TaskKind, TaskNotFound
from similis.gateway._audit import audit_entry, linked
from similis.gateway.rest._caller import Bearer, Service, authenticated, quotas_of, require
from similis.service import App

FAILURES, EXPORT = "failures", "export"
"""The files of a task, and the purposes of links to them."""

_LINK = "Of a signed link, instead of an access key."
TaskId = Annotated[int, Path(ge=1, lt=2**63)]
Signed = Annotated[str | None, Query(description=_LINK)]


def may_see(task: Task) -> Role:
    """The role that it takes to see a task: an export has all that is known of pictures, so it takes a writer."""
    return Role.WRITER if task.kind is TaskKind.EXPORT else Role.READER


def _key(request: Request, service: Service, credentials: Bearer) -> AccessKey:
    return authenticated(request, service, credentials)


def _key_unless_link(
    request: Request, service: Service, credentials: Bearer, expires: Signed = None, signature: Signed = None
) -> AccessKey | None:
    if expires is None and signature is None:
        return authenticated(request, service, credentials)
    return None


class NeedsTask:
    """Dependency that finds a task by its number for a caller whose key covers a role on its instance.

    Args:
        role: the least; `may_see` may ask for more.
    """

    def __init__(self, role: Role) -> None:
        self._role = role

    def __call__(
        self, request: Request, task_id: TaskId, service: Service, key: Annotated[AccessKey, Depends(_key)]
    ) -> Task:
        """Return the task.

        Raises:
            NotAuthenticated: no key, an unknown one, or a wrong secret.
            PermissionDenied: the key's role does not cover the request.
            TaskNotFound: there is none of that number on an instance that the key reaches.
        """
        require(key, self._role)
        task: Task = service.transfers.get(task_id)
        if not key.allows(key.role, task.instance):
            # In the words for a number that there is not: who may not see a task learns nothing of it.
            raise TaskNotFound(f"There is no task {task_id}.", "List the tasks of the instance.")
        audit_entry(request.scope).instance = task.instance
        require(key, may_see(task), task.instance)
        quotas_of(request).charge_instance(key, task.instance)
        return task


class NeedsTaskOrLink:
    """Dependency that finds a task for whoever may see it or has a link to one of its files.

    Args:
        purpose: of the link.
        role: the least of a key.
    """

    def __init__(self, purpose: str, role: Role) -> None:
        self._purpose = purpose
        self._needs_task = NeedsTask(role)

    def __call__(
        self,
        request: Request,
        task_id: TaskId,
        service: Service,
        key: Annotated[AccessKey | None, Depends(_key_unless_link)],
        expires: Signed = None,
        signature: Signed = None,
    ) -> Task:
        """Return the task.

        Raises:
            PermissionDenied: the link is wrong or its time is over.
            SimilisError: what `NeedsTask` raises, without a link.
        """
        if key is not None:
            return self._needs_task(request, task_id, service, key)
        service.transfers.check_link(task_id, self._purpose, expires or "", signature or "", datetime.now(UTC))
        task = service.transfers.get(task_id)
        linked(request.scope, task)
        quotas_of(request).charge_instance(None, task.instance)
        return task


VisibleTask = Annotated[Task, Depends(NeedsTask(Role.READER))]
WritableTask = Annotated[Task, Depends(NeedsTask(Role.WRITER))]
FailuresTask = Annotated[Task, Depends(NeedsTaskOrLink(FAILURES, Role.READER))]
ExportTask = Annotated[Task, Depends(NeedsTaskOrLink(EXPORT, Role.WRITER))]


def signed_path(service: App, task: Task, purpose: str) -> str:
    """Path and query of a link to a file of a task."""
    return f"/api/v1/tasks/{task.id}/{purpose}?{service.transfers.link(task.id, purpose, datetime.now(UTC))}"
