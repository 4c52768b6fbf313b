"""The route of the audit log, for admins whose key is not limited to some instances."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from similis.domain import AuditAction, AuditQuery, JsonObject, as_json
from similis.gateway.rest._answers import Answer
from similis.gateway.rest._caller import Admin, Service

MAX_EVENTS = 1000
router = APIRouter(prefix="/api/v1/audit", tags=["audit"])


class AuditEventsQuery(BaseModel):
    """Which events are wanted."""

    model_config = ConfigDict(extra="forbid")

    instance: str | None = None
    actor: Annotated[str | None, Field(description="Id of an access key, or `operator:USER`.")] = None
    action: Annotated[AuditAction | None, Field(description="Such as `picture.add`.")] = None
    since: Annotated[datetime | None, Field(description="ISO 8601; without a zone it is UTC.")] = None
    until: Annotated[datetime | None, Field(description="Before this moment.")] = None
    changes: Annotated[bool, Field(description="Leave out what only reads, such as searches and lists.")] = False
    start: Annotated[int, Field(ge=0, lt=2**31, description="Events to pass over.")] = 0
    num: Annotated[int, Field(ge=1, le=MAX_EVENTS, description=f"Events wanted, 1 to {MAX_EVENTS:,}.")] = 100

    def query(self) -> AuditQuery:
        """The domain's query."""
        instances = None if self.instance is None else frozenset({self.instance})
        return AuditQuery(instances, self.actor, self.action, _aware(self.since), _aware(self.until))


class AuditEventAnswer(Answer):
    """Who did what."""

    at: datetime
    actor: Annotated[str, Field(description="Id of an access key, `operator:USER`, `link`, `service` or `unknown`.")]
    action: AuditAction
    instance: str | None
    subject: Annotated[
        str | None, Field(description="Picture as ProductId/PicName, product, key, connection or task.")
    ]
    erased: Annotated[bool, Field(description="Whether the subject's instance, and its key with it, is gone.")]
    outcome: Annotated[str, Field(description="`ok`, or the code of the error.")]
    request_id: str | None
    origin: Annotated[str | None, Field(description="Address of the client, where that is switched on.")]
    count: Annotated[int | None, Field(description="Of pictures.")]


class AuditEventsAnswer(Answer):
    """Events, the newest first."""

    events: list[AuditEventAnswer]
    more: Annotated[bool, Field(description="Whether there are older ones.")]


@router.get("", response_model=AuditEventsAnswer)
def list_audit_events(_caller: Admin, service: Service, query: Annotated[AuditEventsQuery, Query()]) -> JsonObject:
    """Who did what, the newest first, as this gateway noted it. Role: admin."""
    events = service.audit.events(query.query())
    wanted = (event for event in events if not (query.changes and event.action.reads))
    page = list(islice(wanted, query.start, query.start + query.num + 1))
    return {"events": [as_json(event) for event in page[: query.num]], "more": len(page) > query.num}


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
