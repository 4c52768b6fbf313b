"""One audit event for each call: filled in on the way of a request, noted right before its answer goes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from similis.domain import (
    ACTOR_LINK,
    ACTOR_UNKNOWN,
    OUTCOME_OK,
    AuditAction,
    AuditEvent,
    InstanceSpec,
    InvalidInput,
    Task,
    picture_subject,
)
from similis.service import App

_BROKEN_OFF = "client_went_away"
_INTERNAL = "internal_error"
_NO_CALL = "method_not_allowed"


@dataclass(slots=True)
class AuditEntry:
    """What is known of a call so far; a call whose action stays None is no event.

    Attributes:
        action: what it asks for.
        actor: who asks.
        instance: the name that was given, whatever it is.
        subject: as in `AuditEvent`.
        outcome: code of the error that is answered.
        request_id: of the answer, where it is not that of the request.
        count: of pictures.
    """

    action: AuditAction | None = None
    actor: str = ACTOR_UNKNOWN
    instance: str | None = None
    subject: str | None = None
    outcome: str = OUTCOME_OK
    request_id: str | None = None
    count: int | None = None

    @property
    def instance_name(self) -> str | None:
        """The name, unless no instance can have it: then it may be any text."""
        try:
            return None if self.instance is None else InstanceSpec(self.instance).name
        except InvalidInput:
            return None

    def picture(self, product_id: str | None, pic_name: str | None) -> None:
        """Note which picture or product it is about, if any."""
        self.subject = picture_subject(product_id, pic_name) or self.subject

    def event(self, action: AuditAction, request_id: str, origin: str | None) -> AuditEvent:
        """The event of this call. Of one that failed, what it named may be any text, and only pictures are sealed."""
        told = self.outcome == OUTCOME_OK or action.about_pictures
        return AuditEvent(
            datetime.now(UTC),
            self.actor,
            action,
            self.instance_name,
            self.subject if told else None,
            self.outcome,
            self.request_id or request_id,
            origin,
            self.count,
        )


def audit_entry(scope: Scope) -> AuditEntry:
    """The entry of a request."""
    entry: AuditEntry = scope.setdefault("state", {}).setdefault("audit", AuditEntry())
    return entry


def linked(scope: Scope, task: Task) -> None:
    """Note that a request came by a signed link to a file of a task."""
    entry = audit_entry(scope)
    entry.actor, entry.instance = ACTOR_LINK, task.instance


class Audit:
    """Middleware that notes one event a call.

    Args:
        app: the application.
        service: has the log.
        actions: of the routes, by the name of their function; what is not there is no event.
    """

    def __init__(self, app: ASGIApp, service: App, actions: Mapping[str, AuditAction]) -> None:
        self._app = app
        self._service = service
        self._actions = actions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application and note the event: before the answer's head goes out, or when there is none."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        entry, noted = audit_entry(scope), False

        async def send_after_noting(message: Message) -> None:
            nonlocal noted
            if message["type"] == "http.response.start" and not noted:
                noted = True
                await self._note(scope, entry)
            await send(message)

        try:
            await self._app(scope, receive, send_after_noting)
        except Exception:
            entry.outcome = _INTERNAL
            raise
        else:
            if not noted:
                entry.outcome = _BROKEN_OFF
        finally:
            if not noted:
                await self._note(scope, entry)

    async def _note(self, scope: Scope, entry: AuditEntry) -> None:
        action = entry.action = entry.action or self._actions.get(getattr(scope.get("route"), "name", ""))
        _complete(entry, scope.get("path_params", {}))
        if action is None or entry.outcome == _NO_CALL or not self._service.audit.wants(action):
            return
        event = entry.event(action, scope["state"]["request_id"], self._origin(scope))
        if action.reads:
            self._service.audit.note(event)
        else:  # is written at once
            await run_in_threadpool(self._service.audit.note, event)

    def _origin(self, scope: Scope) -> str | None:
        client = scope.get("client")
        return client[0] if client and self._service.settings.audit_origin else None


def _complete(entry: AuditEntry, path: Mapping[str, Any]) -> None:
    """Fill in what a path tells."""
    entry.instance = entry.instance or path.get("name")
    named = next((path[each] for each in ("identity", "connection", "task_id") if each in path), None)
    entry.subject = entry.subject or (None if named is None else str(named))
