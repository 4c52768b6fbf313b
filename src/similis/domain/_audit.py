"""What the audit log tells: who did what, when, to what, with what outcome; never picture data or secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from similis.domain._errors import InvalidInput, InvalidKey
from similis.domain._json import JsonObject, as_json
from similis.domain._picture import check_key_part

ACTOR_UNKNOWN = "unknown"
"""Of calls whose access key was not accepted."""
ACTOR_LINK = "link"
"""Of calls by a signed link or upload permission, which names nobody."""
ACTOR_SERVICE = "service"
"""Of what Similis does by itself, such as retention."""
OUTCOME_OK = "ok"


class AuditAction(StrEnum):
    """What was done: the same words for REST, the cloud service's protocol and the command line."""

    PICTURE_ADD = "picture.add"
    PICTURE_UPLOAD = "picture.upload"
    PICTURE_SHOW = "picture.show"
    PICTURE_UPDATE = "picture.update"
    PICTURE_DELETE = "picture.delete"
    PICTURE_SEARCH = "picture.search"
    PICTURE_COMPARE = "picture.compare"
    PICTURE_DUPLICATES = "picture.duplicates"
    FILTER_CHECK = "filter.check"
    INSTANCE_CREATE = "instance.create"
    INSTANCE_LIST = "instance.list"
    INSTANCE_SHOW = "instance.show"
    INSTANCE_SET = "instance.set"
    INSTANCE_DELETE = "instance.delete"
    INSTANCE_REBUILD = "instance.rebuild"
    INSTANCE_MOVE = "instance.move"
    TUNING_START = "tuning.start"
    TUNING_SHOW = "tuning.show"
    TUNING_UNDO = "tuning.undo"
    KEY_CREATE = "key.create"
    KEY_LIST = "key.list"
    KEY_REVEAL = "key.reveal"
    KEY_SET = "key.set"
    KEY_DISABLE = "key.disable"
    SESSION_START = "session.start"
    SESSION_END = "session.end"
    CONNECTION_CREATE = "connection.create"
    CONNECTION_LIST = "connection.list"
    CONNECTION_SHOW = "connection.show"
    CONNECTION_CHECK = "connection.check"
    CONNECTION_DELETE = "connection.delete"
    TASK_START = "task.start"
    TASK_LIST = "task.list"
    TASK_SHOW = "task.show"
    TASK_FAILURES = "task.failures"
    EXPORT_READ = "export.read"
    TASK_RESUME = "task.resume"
    TASK_CANCEL = "task.cancel"
    TASK_END = "task.end"
    KEYRING_ROTATE = "keyring.rotate"
    KEYRING_PRUNE = "keyring.prune"
    CUSTOMER_SHOW = "customer.show"
    CUSTOMER_EXPORT = "customer.export"
    CUSTOMER_ERASE = "customer.erase"
    RETENTION_REMOVE = "retention.remove"
    AUDIT_READ = "audit.read"
    AUDIT_LOST = "audit.lost"
    SERVICE_START = "service.start"

    @property
    def reads(self) -> bool:
        """Whether it only looks at what its caller may see; taking out whole exports, keys or the log is more."""
        return self in _READING

    @property
    def about_pictures(self) -> bool:
        """Whether its subject names a picture or product, which is kept encrypted with the instance's key."""
        return self.value.startswith("picture.")


_READING = frozenset({
    AuditAction.PICTURE_SHOW, AuditAction.PICTURE_SEARCH, AuditAction.PICTURE_COMPARE,
    AuditAction.PICTURE_DUPLICATES, AuditAction.PICTURE_UPLOAD, AuditAction.FILTER_CHECK, AuditAction.INSTANCE_LIST,
    AuditAction.INSTANCE_SHOW, AuditAction.TUNING_SHOW, AuditAction.KEY_LIST, AuditAction.CONNECTION_LIST,
    AuditAction.CONNECTION_SHOW, AuditAction.CONNECTION_CHECK, AuditAction.TASK_LIST, AuditAction.TASK_SHOW,
    AuditAction.TASK_FAILURES, AuditAction.CUSTOMER_SHOW,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One call, on whichever interface, or one thing that Similis did by itself.

    Attributes:
        at: when it was answered.
        actor: id of the access key, `operator:USER` on the command line, or one of the `ACTOR_…`.
        action: what was done.
        instance: name of the instance, None where it is about none, or the name given can be none.
        subject: which picture (`ProductId/PicName`, see `picture_subject`), product, access key, connection or task.
        outcome: `ok`, or the code of the error that was answered.
        request_id: the one of the answer.
        origin: address of the client, where the settings want it.
        count: how many pictures it was about, where that is told.
        erased: whether there is a subject that cannot be read any more, its instance's key being destroyed.
    """

    at: datetime
    actor: str
    action: AuditAction
    instance: str | None = None
    subject: str | None = None
    outcome: str = OUTCOME_OK
    request_id: str | None = None
    origin: str | None = None
    count: int | None = None
    erased: bool = False


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which events are wanted; None takes all.

    Attributes:
        instances: names; an event about none of them is left out.
        actor: as in the event.
        action: as in the event.
        since: the earliest moment.
        until: the moment before which they must be.
    """

    instances: frozenset[str] | None = None
    actor: str | None = None
    action: AuditAction | None = None
    since: datetime | None = None
    until: datetime | None = None

    def wants(self, event: AuditEvent) -> bool:
        """Whether an event is one of these."""
        return (
            (self.instances is None or event.instance in self.instances)
            and (self.actor is None or event.actor == self.actor)
            and (self.action is None or event.action is self.action)
            and (self.since is None or event.at >= self.since)
            and (self.until is None or event.at < self.until)
        )


@dataclass(frozen=True, slots=True)
class AuditVerification:
    """Whether the log is as it was written.

    Attributes:
        events: how many were found.
        unverifiable: of them, those signed with an earlier master key.
        problems: what was altered or is missing, in words.
    """

    events: int
    unverifiable: int
    problems: tuple[str, ...]


def picture_subject(product_id: str | None, pic_name: str | None = None) -> str | None:
    """Name a picture, or a product: `%` and `/` of the ProductId are escaped, so that the first `/` divides.

    Returns:
        None where there is no ProductId, or the texts can be no key: they may then be anything.
    """
    try:
        product = check_key_part("product_id", product_id or "").replace("%", "%25").replace("/", "%2F")
        return f"{product}/{check_key_part('pic_name', pic_name)}" if pic_name else product
    except InvalidKey:
        return None


def as_audit_action(name: str) -> AuditAction:
    """Read the name of an action.

    Raises:
        InvalidInput: there is none of that name.
    """
    try:
        return AuditAction(name)
    except ValueError:
        raise InvalidInput(f"There is no action {name[:40]!r}.", f"Use one of: {', '.join(AuditAction)}.") from None


@as_json.register
def _(value: AuditEvent) -> JsonObject:
    return {
        "at": value.at.isoformat(),
        "actor": value.actor,
        "action": str(value.action),
        "instance": value.instance,
        "subject": value.subject,
        "erased": value.erased,
        "outcome": value.outcome,
        "request_id": value.request_id,
        "origin": value.origin,
        "count": value.count,
    }


@as_json.register
def _(value: AuditVerification) -> JsonObject:
    return {"events": value.events, "unverifiable": value.unverifiable, "problems": list(value.problems)}


def audit_event_from_json(form: Mapping[str, Any]) -> AuditEvent:
    """Read an event; raises as all of `_from_json` do."""
    texts = ("instance", "subject", "request_id", "origin", "count", "erased", "outcome")
    return AuditEvent(
        datetime.fromisoformat(form["at"]),
        form["actor"],
        AuditAction(form["action"]),
        **{name: form[name] for name in texts},
    )
