"""Tasks: imports, rebuilds from storage, exports and changes of key, which go on after the call that began them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TaskKind(StrEnum):
    """What a task does to an instance."""

    IMPORT = "import"
    REBUILD = "rebuild"
    EXPORT = "export"
    REKEY = "rekey"


class TaskStatus(StrEnum):
    """How far a task is; a cancelled one has failed with the code `task_cancelled`."""

    PROCESSING = "processing"
    SUCCESS = "success"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class ImportSource:
    """What is imported.

    Attributes:
        connection: its name.
        bucket: None takes that of the connection.
        path: directory of increment.meta in the bucket, `/` or `/a/b`.
    """

    connection: str
    bucket: str | None
    path: str


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """What a task has done: lines that were read and, of their pictures, how many were what.

    An export counts the pictures that it gives as `added`, a change of key those that have the new one.
    """

    lines: int = 0
    added: int = 0
    replaced: int = 0
    deleted: int = 0
    failed: int = 0

    def __add__(self, more: TaskCounts) -> TaskCounts:
        return TaskCounts(
            self.lines + more.lines,
            self.added + more.added,
            self.replaced + more.replaced,
            self.deleted + more.deleted,
            self.failed + more.failed,
        )


@dataclass(frozen=True, slots=True)
class Task:
    """A task as it stands.

    Attributes:
        id: its number, never used again.
        instance: name of the instance.
        kind: what it does.
        status: how far it is.
        source: what is imported; None of an export and of a change of key.
        callback: URL that is told of the end, if any.
        counts: what was done; `added` counts replaced pictures, too.
        read_bytes: how much of increment.meta is done.
        total_bytes: how large increment.meta is; None until that is known.
        code: of the error that ended it, None of any other task.
        message: what was wrong and what to do; empty without an error.
        cancelling: whether it was asked to stop and has not yet.
        created_at: when it was asked for.
        updated_at: when anything of it changed last.
    """

    id: int
    instance: str
    kind: TaskKind
    status: TaskStatus
    source: ImportSource | None
    callback: str | None
    counts: TaskCounts
    read_bytes: int
    total_bytes: int | None
    code: str | None
    message: str
    cancelling: bool
    created_at: datetime
    updated_at: datetime

    @property
    def done(self) -> bool:
        """Whether it has ended, well or not."""
        return self.status is not TaskStatus.PROCESSING


@dataclass(frozen=True, slots=True)
class TaskFailure:
    """A line of increment.meta, or one picture of it, that was not applied.

    Attributes:
        line: its number in the file, from 1.
        product_id: as far as it is known.
        pic_name: as far as it is known.
        code: of the error.
        message: what was wrong and what was expected.
    """

    line: int
    product_id: str | None
    pic_name: str | None
    code: str
    message: str
