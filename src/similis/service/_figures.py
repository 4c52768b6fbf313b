"""What there is and what is going on, in numbers: for whoever watches the service."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from similis.domain import TaskKind, TaskStatus


@dataclass(frozen=True, slots=True)
class InstanceFigures:
    """One instance.

    Attributes:
        pictures: how many it has.
        capacity: how many it may have.
        index_rows: how many its index in this process has; None where no search has opened it yet.
        index_bytes: what the files of its index take in the data directory.
    """

    pictures: int
    capacity: int
    index_rows: int | None
    index_bytes: int


class Holdings(NamedTuple):
    """What there is, by the catalogue and the files.

    Attributes:
        instances: by name; None while the catalogue cannot be read.
        tasks: how many there are of each kind and state; None likewise.
    """

    instances: Mapping[str, InstanceFigures] | None = None
    tasks: Mapping[tuple[TaskKind, TaskStatus], int] | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers of this moment; those of instances and tasks can be some seconds old.

    Attributes:
        running: pictures that are analysed.
        waiting: pictures that wait for that.
        room: how many may wait.
        models: names of the models that are loaded.
        instances: by name; None while the catalogue cannot be read.
        tasks: how many there are of each kind and state; None likewise.
    """

    running: int
    waiting: int
    room: int
    models: tuple[str, ...] = ()
    instances: Mapping[str, InstanceFigures] | None = None
    tasks: Mapping[tuple[TaskKind, TaskStatus], int] | None = None
