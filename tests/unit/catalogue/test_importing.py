"""Batches of an import: applied as single calls would be, once, whoever holds the task meanwhile."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from similis.catalogue import Batch, Catalogue, Checkpoint, Claim, NewPicture, Removal
from similis.domain import (
    CapacityReached,
    Instance,
    InstanceNotFound,
    PictureKey,
    Task,
    TaskCounts,
    TaskFailure,
    TaskKind,
    TaskStatus,
    TaskTaken,
)

Open = Callable[[], Catalogue]
MakeInstance = Callable[..., Instance]
MakePicture = Callable[..., NewPicture]
BeginTask = Callable[..., Claim]

_MINUTE = timedelta(minutes=1)

products = st.sampled_from("ab")
names = st.sampled_from("123")
operations = st.one_of(
    st.tuples(st.just("add"), products, names),
    st.tuples(st.just("add"), products, names),
    st.tuples(st.just("remove"), products, names | st.none()),
)
batches = st.tuples(st.lists(operations, max_size=8), st.integers(0, 2))
steps = st.lists(st.one_of(batches, batches, st.sampled_from(["lost", "released", "another"])), max_size=12)
numbers = itertools.count()


class Model:
    """What single calls, one after the other, would have left."""

    def __init__(self) -> None:
        self.pictures: dict[tuple[str, str], int] = {}
        self.counts = TaskCounts()
        self.failures: list[TaskFailure] = []

    def add(self, key: tuple[str, str], value: int) -> None:
        self.counts += TaskCounts(added=1, replaced=int(key in self.pictures))
        self.pictures[key] = value

    def remove(self, product_id: str, pic_name: str | None) -> None:
        gone = [key for key in self.pictures if key[0] == product_id and pic_name in (None, key[1])]
        self.counts += TaskCounts(deleted=len(gone))
        for key in gone:
            del self.pictures[key]

    def fail(self, failures: list[TaskFailure]) -> None:
        self.counts += TaskCounts(lines=1, failed=len(failures))
        self.failures += failures


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_batches_leave_what_single_calls_would(
    catalogue: Catalogue,
    make_instance: MakeInstance,
    new_picture: MakePicture,
    begin_task: BeginTask,
    now: datetime,
    steps: list[tuple[list[tuple[str, str, str]], int] | str],
) -> None:
    instance = make_instance(f"shop{next(numbers)}")
    model, claim, line = Model(), begin_task(instance), 0
    for step in steps:
        if isinstance(step, str):
            claim = _taken_on(catalogue, claim, instance, step, now)
            continue
        line += 1
        batch = Batch(*_filled(model, step, line, new_picture), 1, line, 100 * line)
        task = catalogue.importing.apply(claim, instance, batch, now + _MINUTE)
        assert task == catalogue.tasks.get(claim.task_id)
        _check(catalogue, instance, task, model, line)
    catalogue.tasks.finish(claim, TaskStatus.SUCCESS)
    catalogue.verify()


def _filled(
    model: Model, step: tuple[list[tuple[str, str, str]], int], line: int, new_picture: MakePicture
) -> tuple[list[NewPicture | Removal], list[TaskFailure]]:
    made: list[NewPicture | Removal] = []
    for number, (operation, product_id, pic_name) in enumerate(step[0]):
        if operation == "add":
            value = 100 * line + number
            made.append(new_picture(product_id, pic_name, float(value), int_attr=value))
            model.add((product_id, pic_name), value)
        else:
            made.append(Removal(product_id, pic_name))
            model.remove(product_id, pic_name)
    failures = [TaskFailure(line, f"p{each}", None, "invalid_key", "Words.") for each in range(step[1])]
    model.fail(failures)
    return made, failures


def _taken_on(catalogue: Catalogue, claim: Claim, instance: Instance, step: str, now: datetime) -> Claim:
    """Whoever has the task afterwards; a claim that was lost does nothing more."""
    if step == "released":
        catalogue.tasks.release(claim)
    later = now if step == "another" else now + 2 * _MINUTE
    second = catalogue.tasks.claim(claim.task_id, f"{claim.holder}x", now + _MINUTE, later)
    if step == "another":
        assert second is None
        return claim
    assert second is not None
    with pytest.raises(TaskTaken):
        catalogue.importing.apply(claim, instance, Batch([Removal("a")], [], 1, 9999, 9999), now)
    return second


def _check(catalogue: Catalogue, instance: Instance, task: Task, model: Model, line: int) -> None:
    assert task.counts == model.counts
    assert catalogue.importing.checkpoint(task.id) == Checkpoint(None, line, 100 * line)
    assert list(catalogue.tasks.failures(task.id)) == model.failures
    stored = [each for page in catalogue.exporting.pages(instance, 10**9) for each in page]
    kept = {(each.picture.key.product_id, each.picture.key.pic_name): each for each in stored}
    assert {key: each.picture.attributes.int_attr for key, each in kept.items()} == model.pictures
    vectors = catalogue.vectors(instance, [each.id for each in stored])
    assert {key: float(vectors[each.id][0]) for key, each in kept.items()} == {
        key: float(np.float16(value)) for key, value in model.pictures.items()
    }
    assert catalogue.instance(instance.name).picture_count == len(model.pictures) == len(stored)


def test_a_checkpoint_survives_and_names_its_file(
    open_catalogue: Open, catalogue: Catalogue, instance: Instance, begin_task: BeginTask, now: datetime
) -> None:
    claim = begin_task(instance)
    assert catalogue.importing.checkpoint(claim.task_id) == Checkpoint(None, 0, 0)
    assert catalogue.importing.begin(claim, '"etag"', 5000).total_bytes == 5000
    task = catalogue.importing.apply(claim, instance, Batch([], [], 4, 9, 321), now + _MINUTE)
    assert (task.read_bytes, task.counts) == (321, TaskCounts(lines=4))
    catalogue.close()
    again = open_catalogue()
    assert again.importing.checkpoint(claim.task_id) == Checkpoint('"etag"', 9, 321)
    assert again.tasks.get(claim.task_id) == task


def test_nothing_of_a_batch_stays_when_the_instance_becomes_full(
    catalogue: Catalogue, make_instance: MakeInstance, new_picture: MakePicture, begin_task: BeginTask, now: datetime
) -> None:
    small = make_instance("small", 2)
    catalogue.add(small, [new_picture("old", "a"), new_picture("old", "b")])
    claim = begin_task(small)
    before = catalogue.tasks.get(claim.task_id)
    failure = TaskFailure(1, "p", None, "invalid_key", "Words.")
    too_many: list[NewPicture | Removal] = [Removal("old", "a"), new_picture("new", "1"), new_picture("new", "2")]
    with pytest.raises(CapacityReached):
        catalogue.importing.apply(claim, small, Batch(too_many, [failure], 3, 3, 90), now + _MINUTE)
    assert catalogue.tasks.get(claim.task_id) == before
    assert catalogue.importing.checkpoint(claim.task_id) == Checkpoint(None, 0, 0)
    assert list(catalogue.tasks.failures(claim.task_id)) == []
    assert catalogue.picture(small, PictureKey("old", "a")).picture.key.pic_name == "a"
    task = catalogue.importing.apply(claim, small, Batch(too_many[:2], [], 2, 2, 60), now + _MINUTE)
    assert task.counts == TaskCounts(lines=2, added=1, deleted=1)
    catalogue.verify()


def test_a_vector_of_another_length_is_refused(
    catalogue: Catalogue, instance: Instance, new_picture: MakePicture, begin_task: BeginTask, now: datetime
) -> None:
    claim = begin_task(instance)
    wrong = NewPicture(new_picture().picture, np.ones(3, dtype=np.float32))
    with pytest.raises(ValueError, match="8 numbers"):
        catalogue.importing.apply(claim, instance, Batch([wrong], [], 1, 1, 9), now)
    catalogue.delete_instance(instance.name)
    with pytest.raises(InstanceNotFound):
        catalogue.importing.apply(claim, instance, Batch([new_picture()], [], 1, 1, 9), now)


def test_other_changes_go_on_beside_an_import(
    catalogue: Catalogue, instance: Instance, new_picture: MakePicture, begin_task: BeginTask, now: datetime
) -> None:
    claim = begin_task(instance, TaskKind.IMPORT)
    catalogue.add(instance, [new_picture("p", "a")])
    task = catalogue.importing.apply(claim, instance, Batch([new_picture("p", "a")], [], 1, 1, 9), now)
    assert task.counts == TaskCounts(lines=1, added=1, replaced=1)
    catalogue.update(instance, PictureKey("p", "a"), {"int_attr": 3})
    assert catalogue.delete(instance, "p") == [PictureKey("p", "a")]


def test_many_failures_are_read_in_their_order(
    catalogue: Catalogue, instance: Instance, begin_task: BeginTask, now: datetime
) -> None:
    claim = begin_task(instance)
    failures = [
        TaskFailure(
            number // 3 + 1, f"p{number}", "a.jpg" if number % 2 else None, "object_not_found", "ü 漢 \U0001f600"
        )
        for number in range(2500)
    ]
    for start in range(0, 2500, 600):
        part = failures[start : start + 600]
        catalogue.importing.apply(claim, instance, Batch([], part, 200, start, start), now + _MINUTE)
    assert list(catalogue.tasks.failures(claim.task_id)) == failures
    catalogue.tasks.finish(claim, TaskStatus.SUCCESS)
    assert list(catalogue.tasks.failures(begin_task(instance).task_id)) == []


def test_many_pictures_and_products_are_removed_at_once(
    catalogue: Catalogue,
    make_instance: MakeInstance,
    instance: Instance,
    new_picture: MakePicture,
    begin_task: BeginTask,
    now: datetime,
) -> None:
    keys = [(f"p{number}", name) for number in range(700) for name in "ab"]
    other = make_instance("other")
    for each in (instance, other):
        catalogue.add(each, [new_picture(*key) for key in keys])
    removals = [
        *(Removal(f"p{number}", "a") for number in (*range(600), *range(600), 9999)),  # some twice, one not there
        *(Removal(f"p{number}") for number in (*range(50), *range(550, 700), 9999)),
    ]
    claim = begin_task(instance)
    task = catalogue.importing.apply(claim, instance, Batch(removals, [], 1, 1, 9), now + _MINUTE)
    ids = catalogue.select_ids(instance, None, None).tolist()
    assert sorted(catalogue.names(instance, ids).values()) == sorted((f"p{n}", "b") for n in range(50, 550))
    assert task.counts.deleted == len(keys) - 500
    assert [catalogue.instance(name).picture_count for name in ("shop", "other")] == [500, len(keys)]
    catalogue.verify()
