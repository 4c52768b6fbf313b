from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from similis.catalogue import Callback, CallbackState, Catalogue
from similis.domain import ImportSource, Instance, Task, TaskKind, TaskNotFound

MakeInstance = Callable[..., Instance]

_MINUTE = timedelta(minutes=1)


@pytest.fixture
def ended(catalogue: Catalogue, instance: Instance, source: ImportSource, now: datetime) -> Task:
    """A task whose end somebody wants to be told."""
    asked = {"callback": "https://example.com", "caller": "key-1", "origin": "http://me"}
    task = catalogue.tasks.create(instance, TaskKind.IMPORT, source, **asked)
    assert catalogue.callbacks.due(datetime.now(UTC)) == []
    return catalogue.tasks.cancel(task.id, now)


def test_the_end_of_a_task_is_due_until_it_was_told(catalogue: Catalogue, ended: Task) -> None:
    moment = datetime.now(UTC)
    (due,) = catalogue.callbacks.due(moment)
    assert due == Callback(ended, "key-1", "http://me", 0)
    assert catalogue.callbacks.due(ended.updated_at - _MINUTE) == []
    assert catalogue.callbacks.take(due, moment + _MINUTE)
    assert catalogue.callbacks.due(moment) == []
    assert catalogue.callbacks.due(moment + _MINUTE) == [due._replace(attempts=1)]  # the attempt came to nothing
    catalogue.callbacks.note(ended.id, CallbackState.PENDING, moment + 5 * _MINUTE)
    assert catalogue.callbacks.due(moment + 4 * _MINUTE) == []
    (again,) = catalogue.callbacks.due(moment + 5 * _MINUTE)
    assert catalogue.callbacks.take(again, moment + 6 * _MINUTE)
    catalogue.callbacks.note(ended.id, CallbackState.DELIVERED, moment)
    assert catalogue.callbacks.due(moment + 9 * _MINUTE) == []
    assert not catalogue.callbacks.take(again._replace(attempts=2), moment)
    assert catalogue.tasks.get(ended.id) == ended  # the task itself has not changed
    catalogue.verify()


def test_of_several_one_makes_an_attempt(catalogue: Catalogue, ended: Task) -> None:
    moment = datetime.now(UTC)
    (due,) = catalogue.callbacks.due(moment)
    assert due.task == ended
    assert [catalogue.callbacks.take(due, moment + _MINUTE) for _ in range(3)] == [True, False, False]


def test_a_clock_that_was_ahead_puts_none_off(catalogue: Catalogue, ended: Task) -> None:
    moment = datetime.now(UTC)
    (due,) = catalogue.callbacks.due(moment)
    assert catalogue.callbacks.take(due, moment + timedelta(days=365))
    catalogue.callbacks.note(ended.id, CallbackState.PENDING, moment + timedelta(days=365))
    assert catalogue.callbacks.due(moment) == [due._replace(attempts=1)]


def test_tasks_without_a_callback_are_never_due(
    catalogue: Catalogue, instance: Instance, source: ImportSource, now: datetime
) -> None:
    task = catalogue.tasks.create(instance, TaskKind.IMPORT, source)
    catalogue.tasks.cancel(task.id, now)
    assert catalogue.callbacks.due(datetime.now(UTC) + _MINUTE) == []


def test_those_that_wait_longest_come_first(
    catalogue: Catalogue, make_instance: MakeInstance, source: ImportSource, now: datetime
) -> None:
    ids = []
    for number in range(5):
        task = catalogue.tasks.create(make_instance(f"s{number}"), TaskKind.IMPORT, source, callback="https://x.org")
        catalogue.tasks.cancel(task.id, now)
        ids.append(task.id)
    later = datetime.now(UTC) + _MINUTE
    catalogue.callbacks.note(ids[1], CallbackState.PENDING, later)
    catalogue.callbacks.note(ids[2], CallbackState.FAILED, later)
    order = [ids[0], ids[3], ids[4], ids[1]]
    assert [due.task.id for due in catalogue.callbacks.due(later)] == order
    assert [due.task.id for due in catalogue.callbacks.due(later, limit=2)] == order[:2]


def test_a_callback_goes_with_its_instance(catalogue: Catalogue, ended: Task) -> None:
    (due,) = catalogue.callbacks.due(datetime.now(UTC))
    catalogue.delete_instance(ended.instance)
    assert catalogue.callbacks.due(datetime.now(UTC)) == []
    with pytest.raises(TaskNotFound):
        catalogue.callbacks.take(due, datetime.now(UTC))
