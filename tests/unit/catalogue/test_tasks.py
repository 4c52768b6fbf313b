from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from similis.catalogue import Batch, CallbackState, Catalogue, Claim, NewPicture
from similis.domain import (
    ImportSource,
    Instance,
    InstanceEmpty,
    InstanceNotFound,
    TaskCounts,
    TaskFailure,
    TaskKind,
    TaskNotFound,
    TaskRunning,
    TaskStatus,
    TaskTaken,
)

Open = Callable[[], Catalogue]
MakeInstance = Callable[..., Instance]
MakePicture = Callable[..., NewPicture]
BeginTask = Callable[..., Claim]

_MINUTE = timedelta(minutes=1)
_ALL = tuple(TaskKind)


def test_a_task_begins_with_what_was_asked_for(
    open_catalogue: Open, catalogue: Catalogue, instance: Instance, source: ImportSource
) -> None:
    before = datetime.now(UTC)
    task = catalogue.tasks.create(
        instance, TaskKind.IMPORT, source, callback="https://example.com/done", caller="key-1", origin="http://me"
    )
    assert (task.instance, task.kind, task.status, task.source) == (
        "shop",
        TaskKind.IMPORT,
        TaskStatus.PROCESSING,
        source,
    )
    assert (task.callback, task.counts, task.read_bytes, task.total_bytes) == (
        "https://example.com/done",
        TaskCounts(),
        0,
        None,
    )
    assert (task.code, task.message, task.cancelling, task.done) == (None, "", False, False)
    assert before <= task.created_at == task.updated_at <= datetime.now(UTC)
    catalogue.close()
    again = open_catalogue()
    assert again.tasks.get(task.id) == task
    assert again.tasks.unfinished() == [task]
    again.verify()


def test_what_is_not_there_is_told(catalogue: Catalogue, now: datetime) -> None:
    for look_up in (
        catalogue.tasks.get,
        catalogue.tasks.until_seq,
        catalogue.importing.checkpoint,
        catalogue.tasks.failures,
        lambda task_id: catalogue.tasks.cancel(task_id, now),
        lambda task_id: catalogue.tasks.claim(task_id, "me", now, now),
        lambda task_id: catalogue.tasks.release(Claim(task_id, "me")),
        lambda task_id: catalogue.callbacks.note(task_id, CallbackState.FAILED, now),
    ):
        with pytest.raises(TaskNotFound, match="no task 7"):
            look_up(7)
    assert catalogue.shadows.of(7) is None


def test_one_task_of_a_kind_runs_in_an_instance(
    catalogue: Catalogue,
    make_instance: MakeInstance,
    new_picture: MakePicture,
    begin_task: BeginTask,
    source: ImportSource,
) -> None:
    shop, other = make_instance("shop"), make_instance("other")
    for each in (shop, other):
        catalogue.add(each, [new_picture()])
    for kind in (TaskKind.IMPORT, TaskKind.REBUILD):
        changing, exporting = begin_task(shop, kind), begin_task(shop, TaskKind.EXPORT)
        for second, running in (
            (TaskKind.IMPORT, changing),
            (TaskKind.REBUILD, changing),
            (TaskKind.EXPORT, exporting),
        ):
            with pytest.raises(TaskRunning, match=f"Task {running.task_id} .*'shop'"):
                catalogue.tasks.create(shop, second, source)
        elsewhere = begin_task(other, kind)
        for claim in (changing, exporting, elsewhere):
            catalogue.tasks.finish(claim, TaskStatus.SUCCESS)


def test_a_rebuild_needs_a_picture(
    catalogue: Catalogue, instance: Instance, source: ImportSource, new_picture: MakePicture
) -> None:
    with pytest.raises(InstanceEmpty):
        catalogue.tasks.create(instance, TaskKind.REBUILD, source)
    catalogue.add(instance, [new_picture()])
    assert catalogue.tasks.create(instance, TaskKind.REBUILD, source).kind is TaskKind.REBUILD


def test_tasks_are_listed_newest_first_by_pages(
    catalogue: Catalogue, make_instance: MakeInstance, begin_task: BeginTask
) -> None:
    shop, other = make_instance("shop"), make_instance("other")
    made = []
    for number in range(7):
        claim = begin_task(shop, TaskKind.EXPORT if number % 3 == 0 else TaskKind.IMPORT)
        made.append(catalogue.tasks.finish(claim, TaskStatus.SUCCESS))
    unrelated = begin_task(other)
    newest = made[::-1]
    assert catalogue.tasks.page(shop, _ALL, start=0, num=10) == (newest, 7)
    assert catalogue.tasks.page(shop, _ALL, start=2, num=3) == (newest[2:5], 7)
    assert catalogue.tasks.page(shop, _ALL, start=7, num=3) == ([], 7)
    exports = [task for task in newest if task.kind is TaskKind.EXPORT]
    assert catalogue.tasks.page(shop, [TaskKind.EXPORT], start=0, num=2) == (exports[:2], 3)
    assert catalogue.tasks.page(shop, _ALL, start=0, num=2, task_id=made[1].id) == ([made[1]], 1)
    for kinds, task_id in ((_ALL, unrelated.task_id), ([TaskKind.IMPORT], made[0].id), ([], made[0].id)):
        assert catalogue.tasks.page(shop, kinds, start=0, num=2, task_id=task_id) == ([], 0)


def test_a_task_is_held_by_one_until_its_time_is_over(
    catalogue: Catalogue, instance: Instance, source: ImportSource, now: datetime
) -> None:
    task = catalogue.tasks.create(instance, TaskKind.IMPORT, source)
    first = catalogue.tasks.claim(task.id, "first", now + _MINUTE, now)
    assert first == Claim(task.id, "first")
    assert catalogue.tasks.claim(task.id, "second", now + 2 * _MINUTE, now) is None
    assert catalogue.tasks.claim(task.id, "first", now + _MINUTE, now) == first
    catalogue.tasks.keep(first, now + 3 * _MINUTE)
    assert catalogue.tasks.claim(task.id, "second", now + 5 * _MINUTE, now + 2 * _MINUTE) is None
    second = catalogue.tasks.claim(task.id, "second", now + 5 * _MINUTE, now + 3 * _MINUTE)
    assert second is not None
    _check_lost(catalogue, first, instance, now)
    catalogue.tasks.release(second)
    _check_lost(catalogue, second, instance, now)
    third = catalogue.tasks.claim(task.id, "third", now, now)
    assert third is not None
    catalogue.tasks.keep(third, now)  # its time is over, but nobody took the task
    catalogue.tasks.finish(third, TaskStatus.SUCCESS)
    _check_lost(catalogue, third, instance, now)
    assert catalogue.tasks.claim(task.id, "fourth", now + _MINUTE, now) is None


def test_a_claim_of_a_clock_that_was_ahead_holds_nobody_up(
    catalogue: Catalogue, instance: Instance, source: ImportSource, now: datetime
) -> None:
    task = catalogue.tasks.create(instance, TaskKind.IMPORT, source)
    ahead = now + timedelta(days=365)
    first = catalogue.tasks.claim(task.id, "first", ahead + _MINUTE, ahead)
    assert first is not None
    assert catalogue.tasks.claim(task.id, "second", ahead + _MINUTE, ahead) is None
    assert catalogue.tasks.claim(task.id, "second", now + _MINUTE, now) == Claim(task.id, "second")
    _check_lost(catalogue, first, instance, now)


def _check_lost(catalogue: Catalogue, claim: Claim, instance: Instance, now: datetime) -> None:
    before = catalogue.tasks.get(claim.task_id)
    for write in (
        lambda: catalogue.tasks.keep(claim, now),
        lambda: catalogue.tasks.release(claim),
        lambda: catalogue.tasks.finish(claim, TaskStatus.FAIL, "some_code", "Words."),
        lambda: catalogue.importing.begin(claim, "etag", 7),
        lambda: catalogue.importing.apply(claim, instance, Batch([], [], 1, 1, 9), now),
        lambda: catalogue.shadows.create(claim, instance, "0" * 32),
    ):
        with pytest.raises(TaskTaken, match=f"Task {claim.task_id} "):
            write()
    assert catalogue.tasks.get(claim.task_id) == before
    assert catalogue.shadows.of(claim.task_id) is None


def test_a_database_of_one_process_forgets_who_held_its_tasks(
    open_catalogue: Open, catalogue: Catalogue, instance: Instance, begin_task: BeginTask, now: datetime
) -> None:
    claim = begin_task(instance)
    catalogue.close()
    again = open_catalogue()
    taken = again.tasks.claim(claim.task_id, "second", now + _MINUTE, now)
    assert (taken is None) == again.shared  # there the first may still be at work


def test_a_task_that_ended_says_why(catalogue: Catalogue, instance: Instance, begin_task: BeginTask) -> None:
    claim = begin_task(instance)
    ended = catalogue.tasks.finish(claim, TaskStatus.FAIL, "bucket_not_found", "There is none.")
    assert (ended.status, ended.code, ended.message, ended.done) == (
        TaskStatus.FAIL,
        "bucket_not_found",
        "There is none.",
        True,
    )
    assert ended.updated_at > ended.created_at
    assert catalogue.tasks.get(claim.task_id) == ended
    assert catalogue.tasks.unfinished() == []


def test_a_held_task_is_asked_to_stop_and_another_ends_at_once(
    catalogue: Catalogue, instance: Instance, begin_task: BeginTask, now: datetime
) -> None:
    claim = begin_task(instance)
    asked = catalogue.tasks.cancel(claim.task_id, now)
    assert (asked.cancelling, asked.done) == (True, False)
    assert catalogue.tasks.keep(claim, now + _MINUTE).cancelling
    assert catalogue.importing.apply(claim, instance, Batch([], [], 1, 1, 9), now + _MINUTE).cancelling
    ended = catalogue.tasks.cancel(claim.task_id, now + _MINUTE)
    assert (ended.status, ended.code, ended.cancelling) == (TaskStatus.FAIL, "task_cancelled", False)
    _check_lost(catalogue, claim, instance, now)
    assert catalogue.tasks.cancel(claim.task_id, now) == ended
    unheld = begin_task(instance)
    catalogue.tasks.release(unheld)
    assert catalogue.tasks.cancel(unheld.task_id, now).code == "task_cancelled"


def test_a_deleted_instance_takes_its_tasks_along(
    catalogue: Catalogue, make_instance: MakeInstance, begin_task: BeginTask, now: datetime
) -> None:
    shop, other = make_instance("shop"), make_instance("other")
    claims = [begin_task(shop), begin_task(shop, TaskKind.EXPORT), begin_task(other)]
    failure = TaskFailure(1, "p", None, "invalid_key", "PicName is missing.")
    for claim, instance in ((claims[0], shop), (claims[2], other)):
        catalogue.importing.apply(claim, instance, Batch([], [failure], 1, 1, 9), now + _MINUTE)
    catalogue.delete_instance("shop")
    assert [task.id for task in catalogue.tasks.unfinished()] == [claims[2].task_id]
    for claim in claims[:2]:
        with pytest.raises(TaskNotFound):
            catalogue.tasks.keep(claim, now)
        with pytest.raises(InstanceNotFound):
            catalogue.importing.apply(claim, shop, Batch([], [], 1, 1, 9), now)
    assert list(catalogue.tasks.failures(claims[2].task_id)) == [failure]
    assert begin_task(make_instance("shop")).task_id > claims[2].task_id
    catalogue.verify()


def test_old_tasks_are_forgotten_once_nothing_is_left_to_do(
    catalogue: Catalogue,
    make_instance: MakeInstance,
    new_picture: MakePicture,
    begin_task: BeginTask,
    source: ImportSource,
    now: datetime,
) -> None:
    instances = [make_instance(f"shop{number}") for number in range(5)]
    for instance in instances:
        catalogue.add(instance, [new_picture()])
    failed, running, rebuilt, new = (
        begin_task(instances[0]),
        begin_task(instances[1]),
        begin_task(instances[2], TaskKind.REBUILD),
        begin_task(instances[3]),
    )
    failures = [TaskFailure(line, None, None, "invalid_input", "Words.") for line in range(1, 4)]
    catalogue.importing.apply(failed, instances[0], Batch([], failures, 3, 3, 9), now + _MINUTE)
    catalogue.shadows.create(rebuilt, instances[2], "1" * 32)
    untold = catalogue.tasks.create(instances[4], TaskKind.IMPORT, source, callback="https://example.com")
    catalogue.tasks.cancel(untold.id, now)
    for claim in (failed, rebuilt):
        catalogue.tasks.finish(claim, TaskStatus.SUCCESS)
    moment = datetime.now(UTC)
    catalogue.tasks.finish(new, TaskStatus.SUCCESS)
    catalogue.tasks.forget(moment)
    with pytest.raises(TaskNotFound):
        catalogue.tasks.get(failed.task_id)
    for task_id in (running.task_id, rebuilt.task_id, untold.id, new.task_id):
        catalogue.tasks.get(task_id)
    for shadow in catalogue.shadows.retired(datetime.now(UTC)):
        catalogue.delete_instance(shadow.name)
    catalogue.callbacks.note(untold.id, CallbackState.DELIVERED, moment)
    catalogue.tasks.forget(datetime.now(UTC))
    assert [task.id for task in catalogue.tasks.unfinished()] == [running.task_id]
    for task_id in (rebuilt.task_id, untold.id, new.task_id):
        with pytest.raises(TaskNotFound):
            catalogue.tasks.get(task_id)
    catalogue.verify()


def test_an_export_is_about_what_was_there_and_still_is(
    catalogue: Catalogue, make_instance: MakeInstance, new_picture: MakePicture, begin_task: BeginTask
) -> None:
    instance, other = make_instance("shop"), make_instance("other")
    for number in range(2500):
        if number % 500 == 0:  # of two instances in turn
            catalogue.add(other, [new_picture(str(number))])
            catalogue.add(instance, [new_picture(f"p{number + each}", int_attr=each) for each in range(500)])
    claim = begin_task(instance, TaskKind.EXPORT)
    assert catalogue.tasks.get(claim.task_id).counts == TaskCounts(added=2500)
    catalogue.add(instance, [new_picture("later"), new_picture("p7", content="anew")])
    catalogue.delete(instance, "p9")
    pages = list(catalogue.exporting.pages(instance, catalogue.tasks.until_seq(claim.task_id)))
    expected = [f"p{number}" for number in range(2500) if number not in {7, 9}]
    assert [stored.picture.key.product_id for page in pages for stored in page] == expected
    assert max(map(len, pages)) == 1000
    now = [stored for page in catalogue.exporting.pages(instance, catalogue.last_seq(instance)) for stored in page]
    assert [stored.picture.key.product_id for stored in now] == [*expected, "later", "p7"]
    assert now[-1] == catalogue.picture(instance, now[-1].picture.key)
    assert now[-1].picture.custom_content == "anew"


def test_an_export_of_nothing_is_empty(catalogue: Catalogue, instance: Instance, begin_task: BeginTask) -> None:
    claim = begin_task(instance, TaskKind.EXPORT)
    assert list(catalogue.exporting.pages(instance, catalogue.tasks.until_seq(claim.task_id))) == []
