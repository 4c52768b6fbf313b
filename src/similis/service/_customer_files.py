"""All that is stored of a customer, as files in the making: nothing of them lies on a disk of the service."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeAlias

from similis.catalogue import Catalogue
from similis.domain import (
    ACTOR_LINK,
    ACTOR_SERVICE,
    ACTOR_UNKNOWN,
    OUTCOME_OK,
    AccessKey,
    AuditEvent,
    AuditQuery,
    Instance,
    JsonObject,
    Task,
    TaskKind,
    as_json,
)
from similis.service._audit_log import AuditLog

Files: TypeAlias = Iterator[tuple[str, Iterator[bytes]]]
"""Names with `/` between their parts, and what is in each file, which must be read before the next is asked for."""

_TASKS = 100
_NO_KEYS = {ACTOR_LINK, ACTOR_SERVICE, ACTOR_UNKNOWN}
_README = """\
# What Similis stores for access key {key}

Exported at {moment}. Everything that is stored is here, but for these: feature vectors and what is derived from
them for searching, which never leave; secrets; checksums and internal numbers. Pictures themselves are not stored.

| file | holds |
|---|---|
| `keys.json` | access keys that reach these instances: id, role, limits, times; never a secret |
| `connections.json` | connections to storage that are for these instances, without their secrets |
| `audit.jsonl` | who did what with these instances, the newest first, one event a line |
| `instances/NAME/instance.json` | the instance: type, region, capacity, settings, times, figures of its tuning, and \
the curve by which its scores are read |
| `instances/NAME/pictures.jsonl` | its pictures, one a line: key, category, region (x1,x2,y1,y2 in pixels), \
attributes, custom content, time of adding |
| `instances/NAME/tasks.jsonl` | its imports, rebuilds and exports of the last 90 days, the newest first |
| `instances/NAME/task-NUMBER-failures.jsonl` | what of a task's lines was not applied, and why |

Keys and connections that are also for instances of others are marked `shared`, without the names of those.
Texts are UTF-8; times are ISO 8601 with their zone. To get the pictures' lines as an import takes them, use
`similis export INSTANCE FILE`.
"""


class CustomerFiles:
    """The files of one customer.

    Args:
        catalogue: has all of it.
        instances: all that there are.
        audit: what was done with them.
        key: says who the customer is.
    """

    def __init__(self, catalogue: Catalogue, instances: Sequence[Instance], audit: AuditLog, key: AccessKey) -> None:
        self._catalogue = catalogue
        self._audit = audit
        self._key = key
        self._all = instances
        self._names = names_of(key, instances) if key.instances else frozenset(each.name for each in instances)
        self._instances = [each for each in instances if each.name in self._names]

    def files(self) -> Files:
        """Yield one file after the other."""
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        yield "README.md", iter([_README.format(key=self._key.id, moment=moment).encode()])
        yield "keys.json", _document({"keys": [*self._keys()]})
        yield "connections.json", _document({"connections": [*self._connections()]})
        yield "audit.jsonl", _lines(as_json(event) for event in self._events())
        for instance in self._instances:
            yield from self._of(instance)

    def _of(self, instance: Instance) -> Files:
        folder = f"instances/{instance.name}"
        curve = self._catalogue.score_curves.get(instance)
        figures = None if curve is None else curve._asdict()
        yield f"{folder}/instance.json", _document({**as_json(instance), "score_curve": figures})
        yield f"{folder}/pictures.jsonl", _lines(self._pictures(instance))
        yield f"{folder}/tasks.jsonl", _lines(as_json(task) for task in self._tasks(instance))
        for task in self._tasks(instance):
            if task.counts.failed:
                failures = (as_json(each) for each in self._catalogue.tasks.failures(task.id))
                yield f"{folder}/task-{task.id}-failures.jsonl", _lines(failures)

    def _events(self) -> Iterator[AuditEvent]:
        """All events, or those of its instances: not of what had their names before."""
        if not self._key.instances:
            yield from self._audit.events()
            return
        made = {each.name: each.created_at for each in self._instances}
        keys = {each.id: each for each in self._catalogue.access_keys.all()}
        for event in self._audit.events(AuditQuery(frozenset(made))):
            if event.at >= made[event.instance or ""]:
                yield event if _may_be_named(event, keys) else replace(event, actor=ACTOR_UNKNOWN)

    def _pictures(self, instance: Instance) -> Iterator[JsonObject]:
        for picture, added_at in self._catalogue.customers.pictures(instance):
            yield {**as_json(picture), "added_at": added_at.isoformat()}

    def _tasks(self, instance: Instance) -> Iterator[Task]:
        start, more = 0, True
        while more:
            page, total = self._catalogue.tasks.page(instance, tuple(TaskKind), start=start, num=_TASKS)
            yield from page
            start += _TASKS
            more = start < total

    def _keys(self) -> Iterator[JsonObject]:
        for key in self._catalogue.access_keys.all():
            names = names_of(key, self._all)
            if key.id == self._key.id or not self._key.instances or self._names & names:
                yield self._own_part(as_json(key), names)

    def _connections(self) -> Iterator[JsonObject]:
        for connection in self._catalogue.connections.all():
            if not self._key.instances or self._names.intersection(connection.instances):
                yield self._own_part(as_json(connection), frozenset(connection.instances))

    def _own_part(self, form: JsonObject, names: frozenset[str]) -> JsonObject:
        """What is said of a key or connection: of the instances it is for, only this customer's are named."""
        return {**form, "instances": sorted(names & self._names), "shared": not names <= self._names}


def _may_be_named(event: AuditEvent, keys: Mapping[str, AccessKey]) -> bool:
    """Whether a customer may read who it was: a key of others that was refused is none of its business."""
    if event.outcome == OUTCOME_OK or event.actor in _NO_KEYS or event.actor.startswith("operator:"):
        return True
    key = keys.get(event.actor)
    return key is not None and (not key.instances or event.instance in key.instances)


def names_of(key: AccessKey, instances: Iterable[Instance]) -> frozenset[str]:
    """The instances that a key limited to some is about.

    One that was disabled when its last instance was deleted keeps that name: another made under it later is not its.
    """
    made = {each.name: each.created_at for each in instances}
    there = (name for name in key.instances if name in made)
    return frozenset(name for name in there if not key.disabled or made[name] <= key.created_at)


def _document(value: Mapping[str, object]) -> Iterator[bytes]:
    yield json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"


def _lines(values: Iterable[JsonObject]) -> Iterator[bytes]:
    for value in values:
        yield json.dumps(value, ensure_ascii=False).encode() + b"\n"
