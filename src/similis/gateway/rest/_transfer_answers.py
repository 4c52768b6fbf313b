"""What the routes of connections and tasks answer, as models; see `_answers`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from similis.gateway.rest._answers import Answer


class ConnectionAnswer(Answer):
    """A connection without its secrets."""

    name: str
    provider: Literal["oss", "s3", "file"]
    endpoint: str | None
    region: str | None
    bucket: str | None
    root: str | None
    role_arn: str | None
    instances: Annotated[list[str], Field(description="Empty means all.")]
    access_key_id: str | None
    credentials: Annotated[
        Literal["stored", "environment"] | None, Field(description="Where its credentials come from; null with file.")
    ]
    created_at: datetime


class ConnectionsAnswer(Answer):
    """All connections."""

    connections: list[ConnectionAnswer]


class CheckAnswer(Answer):
    """One step of a check."""

    step: str
    good: bool
    code: Annotated[str | None, Field(description="Of the error; null when it is good.")]
    message: Annotated[str, Field(description="What was found and, when it is not good, what to do.")]


class ChecksAnswer(Answer):
    """All steps of a check, up to the first that is not good."""

    good: bool
    checks: list[CheckAnswer]


class TaskAnswer(Answer):
    """An import, a rebuild, an export or a change of key as it stands."""

    id: int
    instance: str
    kind: Literal["import", "rebuild", "export", "rekey"]
    status: Literal["processing", "success", "fail"]
    connection: str | None
    bucket: str | None
    path: str | None
    callback: str | None
    lines: Annotated[int, Field(description="Lines of increment.meta that are done.")]
    added: Annotated[int, Field(description="Pictures added, replaced ones included.")]
    replaced: int
    deleted: int
    failed: Annotated[int, Field(description="Lines, or pictures of them, that were not applied.")]
    read_bytes: int
    total_bytes: Annotated[int | None, Field(description="Of increment.meta, once that is known.")]
    code: Annotated[str | None, Field(description="Of the error that ended it.")]
    message: str
    cancelling: bool
    created_at: datetime
    updated_at: datetime
    failures_url: Annotated[str | None, Field(description="What failed, valid for two hours; null if nothing did.")]
    export_url: Annotated[str | None, Field(description="The file, valid for two hours, of a finished export.")]


class TasksAnswer(Answer):
    """A page of tasks, the newest first."""

    tasks: list[TaskAnswer]
    total: Annotated[int, Field(description="Tasks on all pages.")]
