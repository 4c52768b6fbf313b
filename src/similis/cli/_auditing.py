"""One audit event for each command that works on a data directory; a running service notes its own."""

from __future__ import annotations

import os
import pwd
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import typer

from similis.domain import (
    OUTCOME_OK,
    AuditAction,
    AuditEvent,
    InstanceSpec,
    InvalidInput,
    SimilisError,
    picture_subject,
)
from similis.service import App

ACTIONS: Mapping[str, AuditAction] = {
    "_access.change_limits": AuditAction.KEY_SET,
    "_access.create": AuditAction.KEY_CREATE,
    "_access.disable": AuditAction.KEY_DISABLE,
    "_access.list_all": AuditAction.KEY_LIST,
    "_add.add": AuditAction.PICTURE_ADD,
    "_audit_log.show": AuditAction.AUDIT_READ,
    "_connections.check": AuditAction.CONNECTION_CHECK,
    "_connections.create": AuditAction.CONNECTION_CREATE,
    "_connections.delete": AuditAction.CONNECTION_DELETE,
    "_connections.list_all": AuditAction.CONNECTION_LIST,
    "_connections.show": AuditAction.CONNECTION_SHOW,
    "_customers.erase": AuditAction.CUSTOMER_ERASE,
    "_customers.export": AuditAction.CUSTOMER_EXPORT,
    "_duplicates.duplicates": AuditAction.PICTURE_DUPLICATES,
    "_export.export": AuditAction.EXPORT_READ,
    "_imports.import_": AuditAction.TASK_START,
    "_instances.change_settings": AuditAction.INSTANCE_SET,
    "_instances.create": AuditAction.INSTANCE_CREATE,
    "_instances.delete": AuditAction.INSTANCE_DELETE,
    "_instances.list_all": AuditAction.INSTANCE_LIST,
    "_instances.move": AuditAction.INSTANCE_MOVE,
    "_instances.rebuild": AuditAction.INSTANCE_REBUILD,
    "_instances.show": AuditAction.INSTANCE_SHOW,
    "_instances.tune": AuditAction.TUNING_START,
    "_keyring.prune": AuditAction.KEYRING_PRUNE,
    "_keyring.rotate": AuditAction.KEYRING_ROTATE,
    "_pictures.compare": AuditAction.PICTURE_COMPARE,
    "_pictures.delete": AuditAction.PICTURE_DELETE,
    "_pictures.search": AuditAction.PICTURE_SEARCH,
    "_tasks.cancel": AuditAction.TASK_CANCEL,
    "_tasks.list_all": AuditAction.TASK_LIST,
    "_tasks.resume": AuditAction.TASK_RESUME,
    "_tasks.show": AuditAction.TASK_SHOW,
}
"""By module and function of the command; a test sees that all are here which work on a data directory."""

_SUBJECTS = {"_access": "identity", "_connections": "name", "_customers": "identity", "_tasks": "task_id"}
_SOME_FAILED = "some_failed"
_STOPPED = "stopped"


@dataclass
class CommandEntry:
    """What is known of a command that runs.

    Attributes:
        action: what it does; None is no event.
        instance: name that was given.
        subject: as in `AuditEvent`.
        count: of pictures.
        request_id: of this run.
    """

    action: AuditAction | None = None
    instance: str | None = None
    subject: str | None = None
    count: int | None = None
    request_id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @classmethod
    def of(cls, command: Callable[..., None], given: Mapping[str, Any]) -> CommandEntry:
        """The entry of a command that was called with these options."""
        module = command.__module__.rpartition(".")[2]
        subject = given.get(_SUBJECTS.get(module, ""))
        return cls(
            ACTIONS.get(f"{module}.{command.__name__}"),
            _instance(given.get("name") if module == "_instances" else given.get("instance")),
            picture_subject(given.get("product_id"), given.get("pic_name")) if subject is None else str(subject),
        )


def operator() -> str:
    """Who runs this command, by the operating system: variables of the environment could say anything."""
    number = os.getuid()
    try:
        return f"operator:{pwd.getpwuid(number).pw_name}"
    except KeyError:
        return f"operator:{number}"


def note(app: App, entry: CommandEntry, action: AuditAction, outcome: str = OUTCOME_OK) -> None:
    """Note the event of a command."""
    told = outcome == OUTCOME_OK or action.about_pictures
    app.audit.note(
        AuditEvent(
            datetime.now(UTC),
            operator(),
            action,
            entry.instance,
            entry.subject if told else None,
            outcome,
            entry.request_id,
            count=entry.count,
        )
    )


@contextmanager
def audited(app: App, entry: CommandEntry) -> Iterator[None]:
    """A block that does what a command is for.

    Raises:
        StorageFailed: it changes something, and nobody could be told afterwards.
    """
    if entry.action is None:
        yield
        return
    app.audit.check(entry.action)
    outcome = _STOPPED
    try:
        yield
        outcome = OUTCOME_OK
    except SimilisError as error:
        outcome = error.code
        raise
    except typer.Exit as ended:
        outcome = _SOME_FAILED if ended.exit_code else OUTCOME_OK
        raise
    finally:
        note(app, entry, entry.action, outcome)


def _instance(given: str | None) -> str | None:
    try:
        return None if given is None else InstanceSpec(given).name
    except InvalidInput:
        return None
